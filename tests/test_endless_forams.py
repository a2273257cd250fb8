"""The preset of Karaderi et al. 2024: that it is accepted, and reads what it says it reads."""

import copy
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.metrics import DIFFERENCE, of_role
from visgen.names import normalise_taxon
from visgen.specimens.paths import labels_from_paths
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED
from workflow_copy import REPOSITORY, copy_workflow, planned_jobs, run, run_jobs

CONFIG = yaml.safe_load((REPOSITORY / "config" / "endless_forams.yaml").read_text())
SCHEMA = load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml")
FASTA = REPOSITORY.parent / "shared" / "data" / "foram_rdna" / "sequences.fasta"
PATTERN = CONFIG["inputs"]["sequence_pattern"]


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(REPOSITORY / CONFIG["published"], sep="\t", keep_default_na=False)


@pytest.fixture(scope="module")
def headers():
    if not FASTA.is_file():
        pytest.skip(f"the sequences of planktic foraminifera are not in {FASTA}")
    lines = Path(FASTA).read_text().splitlines()
    return [line[1:] for line in lines if line.startswith(">")]


def test_preset_is_accepted_and_has_the_whole_grid():
    section = checked_config(CONFIG, SCHEMA)["visual_genetic"]
    variants = section["variants"]
    pairs = {(v["regime"], v["anchors"]) for v in variants.values()}
    regimes = ("control", "naive", "wd", "ltr")
    assert {(regime, anchors) for regime in regimes for anchors in (None, "raw")} <= pairs
    sets = ("centred", "random", "taxonomy", "kmers", "tree")
    assert {("ltr", name) for name in sets} <= pairs
    assert variants["ltr_raw"]["permutations"] >= 19
    assert {v["anchors"] for v in variants.values()} - {None} == set(CONFIG["genetics"]["anchors"])
    assert {v["loss"] for v in variants.values()} >= {"reciprocal"}
    assert {v["layer"] for v in variants.values()} >= {"extra"}
    assert set(section["unseen"]["variants"]) <= set(variants)


def test_species_and_genus_are_read_off_the_folder():
    paths = ["Globigerina_bulloides/one.jpg", "Orbulina universa/a/b.png", "notes/x.jpg"]
    found = labels_from_paths(paths, CONFIG["inputs"]["path_pattern"], ["genus", "species"])
    assert found[["genus", "species"]].to_numpy().tolist() == [
        ["Globigerina", "Globigerina bulloides"], ["Orbulina", "Orbulina universa"],
    ]  # fmt: skip


def test_every_header_of_the_sequences_is_read(headers):
    matches = [re.search(PATTERN, header) for header in headers]
    assert len(matches) == 878 and all(matches)
    species = {normalise_taxon(f"{m['genus']} {m['species']}") for m in matches}
    assert len(species) == 38  # 39 names, two of them forms of Globigerinoides ruber
    assert "Globigerinoides ruber" in species
    for match, header in zip(matches, headers, strict=True):
        name = header.split("|")[2]
        assert name.partition("-")[0] == f"{match['genus']}_{match['species']}"


def test_published_scores_have_a_variant_and_a_metric_of_the_preset(published):
    assert list(published) == ["source", "rank", "variant", "metric", "value", "note"]
    assert set(published["variant"]) <= set(CONFIG["visual_genetic"]["variants"])
    assert set(published["metric"]) == set(METRICS)
    assert set(published["rank"]) == {"species"}
    assert published["value"].between(0, 1).all() and (published["note"] != "").all()
    assert not published.duplicated(["rank", "variant", "metric"]).any()


def test_document_shows_the_published_scores(published):
    text = (REPOSITORY / "docs" / "foraminifera.md").read_text().replace("**", "")
    for _, rows in published.groupby("variant"):
        cells = rows.set_index("metric")["value"].loc[list(METRICS)] * 100
        assert " | ".join(f"{value:.1f}" for value in cells) in text


# The preset on folders a species


def draw_study(folder, headers):
    """Draw twelve images for each of some sequenced species where the preset looks for them."""
    found = {re.search(PATTERN, header).group("genus", "species") for header in headers}
    genera = ("Globigerinella", "Globorotalia", "Neogloboquadrina", "Globigerinoides")
    species = ["_".join(name) for g in genera for name in sorted(n for n in found if n[0] == g)[:3]]
    rng = np.random.default_rng(1)
    images = folder / CONFIG["inputs"]["images"]
    for number, name in enumerate(species):
        (images / name).mkdir(parents=True)
        for i in range(12):
            noise = rng.integers(0, 60, (36, 41, 3)) + 15 * number
            Image.fromarray(noise.astype(np.uint8)).save(images / name / f"{i}.png")
    shutil.copy(FASTA, folder / CONFIG["inputs"]["sequences"])
    return species


# Of variants that differ in nothing but the network or the anchors to start from, one is run:
# networks of all regimes and anchors of all sets are made.
LIKE_OTHERS = {"control_raw", "naive_raw", "wd_raw", "ltr_random", "ltr_taxonomy", "ltr_kmers"}
LIKE_OTHERS |= {"ltr_tree"}


def reduced():
    """Return the preset with everything of its grid, small enough for two minutes on two cores."""
    config = copy.deepcopy(CONFIG)
    config["splits"]["seeds"] = [1]
    config["features"]["shards"] = 1
    tiny = {"model": "test_resnet", "weights": "none", "preprocessing": {"image_size": 32}}
    config["backbones"] = {"resnet50": tiny}
    config["genetics"] |= {"tree": {"engine": "nj", "bootstraps": 2}}
    config["compute"] = {"threads": 1, "workers": 1}
    section = config["visual_genetic"]
    for name in LIKE_OTHERS:
        del section["variants"][name]
    section |= {"seeds": [1], "image_size": 32, "hidden": 20, "tail": 8, "head": 9}
    section |= {"bootstraps": 100, "pretraining": {"epochs": 1, "batch_size": 16, "per_taxon": 2}}
    for variant in section["variants"].values():
        if "permutations" in variant:
            variant["permutations"] = 2
    section["unseen"] |= {"share": 0.3, "variants": ["ltr_raw"]}
    return config


@pytest.mark.slow
def test_whole_grid_is_planned(tmp_path, headers):
    folder = copy_workflow(tmp_path)
    draw_study(folder, headers)
    planned = set(planned_jobs(run(folder, CONFIG, "--cores", "2", "--dry-run")))
    wanted = {"fetch_weights", "align_sequences", "infer_tree", "measure_anchors", "split_unseen"}
    wanted |= {"train_regime", "train_variant", "score_visual_genetic", "plot_visual_genetic"}
    assert wanted | {"write_report"} <= planned


@pytest.mark.slow
def test_whole_grid_runs_on_folders_of_species(tmp_path, headers):
    if not shutil.which("mafft"):
        pytest.skip("no mafft")
    folder = copy_workflow(tmp_path)
    species = draw_study(folder, headers)
    results = Path("results/endless_forams/visual_genetic")
    names = ("scores.tsv", "ablation.png", "graph.png")
    targets = [str(results / name) for name in names]
    anchors = [
        f"results/endless_forams/genetics/anchors/{k}.npz"
        for k in ("kmers", "random", "taxonomy", "tree")
    ]
    config = reduced()
    run_jobs(folder, config, *targets, *anchors)
    section = config["visual_genetic"]
    scores = pd.read_csv(folder / targets[0], sep="\t")
    known = scores[(scores["part"] == "test") & (scores["metric"] == "accuracy")]
    assert set(known["variant"]) == set(section["variants"])
    of_permuted = of_role(scores, DIFFERENCE, PERMUTED)
    permuted = {k for k, v in section["variants"].items() if "permutations" in v}
    assert set(of_permuted["variant"]) == permuted and of_permuted["p"].notna().all()
    unseen = scores[scores["part"].isin(["unseen_species", "unseen_genera"])]
    assert set(unseen["variant"]) == set(section["unseen"]["variants"])
    specimens = folder / "results/endless_forams/specimens/specimens.parquet"
    found = pd.read_parquet(specimens)["species"].value_counts()
    assert found.to_dict() == dict.fromkeys([name.replace("_", " ") for name in species], 12)
