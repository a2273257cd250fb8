"""A study of one's own images: no table, no tree, no sequences."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from workflow_copy import TINY, copy_workflow, planned_jobs, run, run_jobs

pytestmark = pytest.mark.slow

SPECIES = ("Nucula_nitida", "Nucula_sulcata", "Arca_noae", "Arca_tetragona")
CONFIG = {
    "dataset": "shells",
    "compute": TINY["compute"],
    "inputs": {
        "images": "shells",
        "ranks": ["genus", "species"],
        "path_pattern": r"^(?P<species>(?P<genus>[^_/]+)_[^/]+)/",
        "specimen_pattern": r"_(?P<specimen>[^_/]+)_\d+\.\w+$",
    },
    "splits": {"seeds": [1]},
    "backbones": {"tiny": TINY["backbones"]["tiny"] | {"weights": "none"}},
    "classification": {
        "bootstraps": 100,
        "classifiers": {"random_forest": {"method": "random_forest", "trees": 10}},
    },
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run the workflow on a folder per species, seven specimens in each, two images of one."""
    folder = copy_workflow(tmp_path_factory.mktemp("own"))
    rng = np.random.default_rng(5)
    for number, species in enumerate(SPECIES):
        (folder / "shells" / species).mkdir(parents=True)
        for specimen in range(7):
            for view in (1, 2):
                noise = rng.integers(0, 60, (41, 43, 3), dtype=np.uint8) + np.uint8(40 * number)
                path = folder / "shells" / species / f"{species}_m{number}{specimen}_{view}.png"
                Image.fromarray(noise).save(path)
    run_jobs(folder, CONFIG)
    return folder


def test_folders_name_species_and_file_names_specimens(study):
    specimens = pd.read_parquet(study / "results/shells/specimens/specimens.parquet")
    assert set(specimens["species"]) == {name.replace("_", " ") for name in SPECIES}
    assert len(specimens) == 56 and specimens["specimen"].nunique() == 28


def test_the_report_says_that_there_is_no_tree(study):
    page = (study / "results/shells/report/report.html").read_text()
    assert "No tree and no distances were given" in page


def test_a_new_image_is_noticed_and_nothing_else_is_run_again(study):
    dry_run = ("--cores", "2", "--dry-run")
    assert planned_jobs(run(study, CONFIG, *dry_run)) == {}
    new = study / "shells" / SPECIES[0] / "new_new_1.png"
    Image.new("RGB", (64, 64), "teal").save(new)
    try:
        assert "ingest_specimens" in planned_jobs(run(study, CONFIG, *dry_run))
    finally:
        new.unlink()
