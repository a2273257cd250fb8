"""The preset of Karaderi et al. 2024: that it is accepted, and reads what it says it reads."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from visgen.configuration import checked_config
from visgen.names import normalise_taxon
from visgen.recognition.hits import METRICS
from visgen.specimens.paths import labels_from_paths
from workflow_copy import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "endless_forams.yaml").read_text())
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
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
