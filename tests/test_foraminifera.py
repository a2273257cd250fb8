"""Real rDNA of 39 planktic foraminifera, from FASTA to a tree with bootstraps; images are drawn."""

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.distances.trees import read_tree
from visgen.genetics.anchors.files import read_anchors
from workflow_copy import TINY, copy_workflow, run_jobs

SHARED = Path(__file__).parents[2] / "shared"
FASTA = SHARED / "data/foram_rdna/sequences.fasta"
HEADER = re.compile(r"^[^|]*\|[^|]*\|(?P<genus>[^_|]+)_(?P<species>[^|]+)\|(?P<clade>.+)$")
N_IMAGES = 4

SISTERS = [
    {"Globorotalia tumida", "Globorotalia ungulata"},
    {"Globigerinella siphonifera", "Globigerinella radians"},
    {"Globoquadrina conglomerata", "Globorotaloides hexagonus"},
    {"Candeina nitida", "Globigerinita glutinata"},
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FASTA.exists(), reason=f"{FASTA} is not beside the checkout"),
    pytest.mark.skipif(
        not (shutil.which("mafft") and shutil.which("iqtree2")), reason="no mafft or no iqtree2"
    ),
]


def clades():
    """Return the clade of each species, as the headers have it."""
    headers = [line.strip() for line in FASTA.read_text().splitlines() if line.startswith(">")]
    matches = [HEADER.search(header) for header in headers]
    return {f"{match['genus']} {match['species']}": match["clade"] for match in matches}


def draw_images(folder):
    """Draw noise for every species and return the table of them."""
    rng = np.random.default_rng(1)
    rows = []
    for species, clade in clades().items():
        for number in range(N_IMAGES):
            name = f"{species.replace(' ', '_')}_{number}.png"
            Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(folder / name)
            rows.append((name, clade, species.split()[0], species))
    return pd.DataFrame(rows, columns=["filename", "clade", "genus", "species"])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = copy_workflow(tmp_path_factory.mktemp("forams"))
    (folder / "images").mkdir()
    draw_images(folder / "images").to_csv(folder / "meta.csv", index=False)
    config = {
        "dataset": "forams",
        "inputs": {
            "images": "images",
            "meta": "meta.csv",
            "ranks": ["clade", "genus", "species"],
            "sequences": str(FASTA),
            "sequence_rank": "species",
            "sequence_pattern": r"^[^|]*\|[^|]*\|(?P<genus>[^_|]+)_(?P<species>[^|]+)\|",
            "tree": "inferred",
            "tree_rank": "species",
        },
        "genetics": {
            # ModelFinder and full searches take an hour, and choose this one.
            "tree": {
                "model": "GTR+F+I+G4",
                "search": "fast",
                "bootstraps": 10,
                "outgroup": ["Gallitellia vivans"],
            },
            "anchors": {
                "raw": {},
                "centred": {"space": "centred"},
                "whitened": {"space": "whitened"},
                "tree": {"source": "tree"},
            },
        },
        "backbones": TINY["backbones"],
    }
    targets = ["scores.tsv", "tree.png", "sequences.png", "anchors.png"]
    paths = [f"results/forams/genetics/{name}" for name in targets]
    run_jobs(folder, config, *paths, "results/forams/distances/species.tsv")
    return folder, config


def results(study, name):
    return study[0] / "results/forams/genetics" / name


def test_every_sequence_is_accounted_for(study):
    table = pd.read_csv(results(study, "sequences.tsv"), sep="\t")
    assert list(table["row"]) == list(range(1, 879))
    assert table.loc[table["status"] == "accepted", "taxon"].nunique() == 39


def test_the_tree_has_every_species_and_a_support_at_most_nodes(study):
    tree = read_tree(results(study, "tree.nwk"))
    assert {tip.name for tip in tree.tips()} == set(clades())
    supports = [float(node.name) for node in tree.non_tips() if node.name]
    assert len(supports) >= 35
    assert all(0 <= support <= 100 for support in supports)
    assert np.median(supports) > 50
    well_supported = [
        {tip.name for tip in node.tips()}
        for node in tree.non_tips()
        if node.name and float(node.name) >= 80
    ]
    assert all(pair in well_supported for pair in SISTERS)
    facts = pd.read_csv(results(study, "model.tsv"), sep="\t", index_col="key")["text"]
    assert facts["model"].startswith("GTR+F") and facts["bootstraps"] == "10"


def test_the_tree_brings_congeners_together_beyond_chance(study):
    scores = pd.read_csv(results(study, "scores.tsv"), sep="\t")
    genera = scores[(scores["metric"] == "monophyletic") & (scores["rank"] == "genus")]
    genera = genera.set_index("role")["value"]
    assert genera["score"] > genera["expected"] + 0.3


def test_sequences_find_their_species_among_the_others(study):
    scores = pd.read_csv(results(study, "scores.tsv"), sep="\t")
    of_all = scores[scores["evaluator"] == "loo_nearest_neighbour"]
    found = of_all[of_all["metric"] == "accuracy"].set_index(["variant", "role"])["value"]
    assert found["sgt", "score"] > 0.9 > 0.2 > found["sgt", "expected"]


def test_raw_anchors_point_one_way_and_centred_ones_do_not(study):
    medians = {}
    for name in ("raw", "centred", "whitened", "tree"):
        anchors = read_anchors(results(study, f"anchors/{name}.npz"))
        assert anchors.shape == (39, 256)
        unit = anchors / np.linalg.norm(anchors, axis=1, keepdims=True)
        medians[name] = np.median((unit @ unit.T).to_numpy()[np.triu_indices(39, 1)])
    assert medians["raw"] > 0.95
    assert abs(medians["centred"]) < 0.1 and abs(medians["whitened"]) < 0.1


def test_another_form_of_the_same_file_gives_the_same_bytes(study):
    folder, config = study
    lines = FASTA.read_text().splitlines()
    changed = [line if line.startswith(">") else line.lower().replace("t", "u") for line in lines]
    (folder / "other.fasta.gz").write_bytes(gzip.compress("\r\n".join(changed).encode()))
    inputs = config["inputs"] | {"sequences": "other.fasta.gz", "tree": None}
    other = config | {"dataset": "other", "inputs": inputs}
    other["genetics"] = {"anchors": {"raw": {}}}
    run_jobs(folder, other, "results/other/genetics/accepted.fasta")
    for name in ("accepted.fasta", "sequences.tsv"):  # all else is made from these two
        again = folder / "results/other/genetics" / name
        assert again.read_bytes() == results(study, name).read_bytes()


def test_programs_find_the_tree_that_sequences_were_simulated_on(tmp_path):
    folder = copy_workflow(tmp_path)
    config = TINY | {"simulation": {"n_species": 16, "n_images": 150, "image_size": 48}}
    config["inputs"] = TINY["inputs"] | {"tree": "inferred"}
    config |= {"genetics": {"tree": {"bootstraps": 0}, "permutations": 999}, "visual_genetic": None}
    run_jobs(folder, config, "results/tiny/genetics/scores.tsv")
    scores = pd.read_csv(folder / "results/tiny/genetics/scores.tsv", sep="\t")
    scores = scores[scores["evaluator"] == "tree_comparison"].set_index(["role", "metric"])["value"]
    assert scores["score", "robinson_foulds"] < 0.35
    assert scores["expected", "robinson_foulds"] > 0.8
    assert scores["score", "pearson"] > 0.8
