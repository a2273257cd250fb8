"""The smallest study of one's own, as it lies in config/, on images made here."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image, ImageDraw
from workflow_copy import REPOSITORY, copy_workflow, planned_jobs, run, run_jobs

QUICKSTART = yaml.safe_load((REPOSITORY / "config/quickstart.yaml").read_text())
SPECIES = {
    "Arca noae": ("Arcidae", "sienna"),
    "Arca tetragona": ("Arcidae", "tan"),
    "Solen marginatus": ("Solenidae", "olive"),
    "Ensis ensis": ("Solenidae", "slategrey"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the workflow, 11 photographs of each species and their table."""
    folder = copy_workflow(tmp_path_factory.mktemp("quickstart"))
    photos, draw, rows = folder / QUICKSTART["inputs"]["images"], np.random.default_rng(3), []
    photos.mkdir(parents=True)
    for species, (family, colour) in SPECIES.items():
        for number in range(11):
            name = f"{species.replace(' ', '_')}_{number}.png"
            size = (70, 61) if family == "Arcidae" else (190, 41)
            values = draw.integers(200, 256, (*size[::-1], 3), dtype=np.uint8)
            image = Image.fromarray(values)
            box = (3 + number % 3, 4, size[0] - 5, size[1] - 6 + number % 4)
            ImageDraw.Draw(image).ellipse(box, fill=colour)
            image.save(photos / name)
            rows.append((name, family, species.split()[0], species))
    table = pd.DataFrame(rows, columns=["filename", "family", "genus", "species"])
    table.to_csv(folder / QUICKSTART["inputs"]["meta"], index=False)
    return folder


def test_it_needs_no_network_no_tree_and_no_sequences(folder):
    jobs = planned_jobs(run(folder, QUICKSTART, "--cores", "1", "--dry-run"))
    assert jobs["unpack_weights"] == jobs["extract_features"] == 1
    assert jobs["train_classifier"] == 3
    assert not {"fetch_weights", "train_simclr", "infer_tree", "embed_taxa"} & jobs.keys()
    assert sum(jobs.values()) < 20


@pytest.mark.slow
def test_it_tells_the_species_of_a_few_photographs_apart_and_sees_them_whole(folder):
    run_jobs(folder, QUICKSTART | {"compute": {"threads": 1, "workers": 1}})
    results = folder / "results/quickstart"
    metrics = pd.read_csv(results / "report/metrics.tsv", sep="\t")
    rows = metrics[(metrics["part"] == "test") & (metrics["metric"] == "balanced_accuracy")]
    rows = rows[(rows["evaluator"] == "independent") & (rows["role"] == "score")]
    mean = rows[rows["rank"] == "species"].groupby("variant")["value"].mean()
    assert mean["logistic"] > 0.7 > mean["most_frequent"] == 1 / 4
    seen = pd.read_csv(results / "features/efficientnet_lite0/seen.tsv", sep="\t").iloc[0]
    assert (seen["n_images"], seen["n_cut"], seen["crop_mode"]) == (44, 0, "border")
    page = (results / "report/report.html").read_text()
    assert "Apache License" in page and "of the area is cut" not in page
