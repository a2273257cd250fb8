"""The preset of Karaderi et al. 2024: that it is accepted, and reads what it says it reads."""

import copy
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from Bio.SeqIO.FastaIO import SimpleFastaParser
from PIL import Image
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.sequences.headers import compile_header_pattern, taxon_in_header
from visgen.genetics.trees.alignment import align
from visgen.genetics.trees.engines import infer_tree
from visgen.metrics import DIFFERENCE, SCORE, of_role
from visgen.name_tables import read_synonyms
from visgen.names import normalise_taxon
from visgen.published import read_published
from visgen.specimens.checks import read_splits
from visgen.specimens.paths import labels_from_paths
from visgen.specimens.spelling import unify_names
from visgen.specimens.splits import split_specimens
from visgen.spellings import accept
from visgen.visual_genetic.recognition.comparisons import base_variants, references
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED
from workflow_copy import REPOSITORY, copy_workflow, planned_jobs, run, run_jobs

PRESET = "config/endless_forams.yaml"
CONFIG = yaml.safe_load((REPOSITORY / PRESET).read_text())
SCHEMA = load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml")
SHARED = REPOSITORY.parent / "shared" / "data" / "foram_rdna"
FASTA = SHARED / "sequences.fasta"
FOLDERS = SHARED / "endless_forams_folders.csv"
PATTERN = CONFIG["inputs"]["sequence_pattern"]
OUTGROUP = CONFIG["genetics"]["tree"]["outgroup"]
#: Species of Endless Forams without a sequence; docs/foraminifera.md says so.
WITHOUT_SEQUENCE = {"Globigerinella adamsi", "Globorotalia crassaformis", "Turborotalita humilis"}


@pytest.fixture(scope="module")
def published():
    return read_published(REPOSITORY / CONFIG["published"])


@pytest.fixture(scope="module")
def headers():
    if not FASTA.is_file():
        pytest.skip(f"the sequences of planktic foraminifera are not in {FASTA}")
    lines = Path(FASTA).read_text().splitlines()
    return [line[1:] for line in lines if line.startswith(">")]


@pytest.fixture(scope="module")
def sequenced(headers):
    """The taxon of every sequence, after synonyms."""
    expression = compile_header_pattern(PATTERN)
    names = [taxon_in_header(header, expression) for header in headers]
    accepted = accept(names, read_synonyms(REPOSITORY / CONFIG["inputs"]["synonyms"]), "headers")
    return [accepted[name] for name in names]


@pytest.fixture(scope="module")
def folders():
    if not FOLDERS.is_file():
        pytest.skip(f"the folders of Endless Forams are not in {FOLDERS}")
    return pd.read_csv(FOLDERS)


def test_preset_is_accepted_and_has_the_whole_grid():
    section = checked_config(CONFIG, SCHEMA)["visual_genetic"]
    variants = section["variants"]
    assert {v["regime"] for v in variants.values()} == {"control", "frozen", "ltr"}
    sets = ("raw", "centred", "random", "taxonomy", "kmers", "tree")
    pairs = {(v["regime"], v["anchors"]) for v in variants.values()}
    assert {("ltr", name) for name in sets} | {("control", "raw"), ("frozen", "raw")} <= pairs
    main = ("control_raw", "frozen_raw", "frozen_centred", "ltr_raw", "ltr_centred")
    assert {variants[name]["permutations"] for name in main} == {99}
    assert {v["anchors"] for v in variants.values()} - {None} == set(CONFIG["genetics"]["anchors"])
    assert {v["loss"] for v in variants.values()} >= {"reciprocal"}
    assert {v["layer"] for v in variants.values()} >= {"extra", "genetic"}
    assert {v["sampling"] for v in variants.values()} >= {"balanced"}
    assert set(section["unseen"]["variants"]) <= set(variants)


def test_every_permuted_variant_has_as_much_learning_without_anchors_beside_it():
    plan = Plan(checked_config(CONFIG, SCHEMA)).visual_genetic
    beside = references(plan.compared)
    for name, variant in plan.compared.items():
        if variant["permutations"]:
            stages = [plan.compared[other]["stage2"] for other in beside[name]]
            assert "supervised" in stages, name


def test_species_and_genus_are_read_off_the_folder():
    paths = ["Globigerina_bulloides/one.jpg", "Orbulina universa/a/b.png", "notes/x.jpg"]
    found = labels_from_paths(paths, CONFIG["inputs"]["path_pattern"], ["genus", "species"])
    assert found[["genus", "species"]].to_numpy().tolist() == [
        ["Globigerina", "Globigerina bulloides"], ["Orbulina", "Orbulina universa"],
    ]  # fmt: skip
    assert found["split"].isna().all()


def test_parts_are_read_off_the_folder_above():
    paths = [f"{part}/Orbulina_universa/{i}.jpg" for part in ("train", "test") for i in range(5)]
    found = labels_from_paths(paths, CONFIG["inputs"]["path_pattern"], ["genus", "species"])
    assert set(found["species"]) == {"Orbulina universa"} and set(found["genus"]) == {"Orbulina"}
    assert found["split"].tolist() == ["train"] * 5 + ["test"] * 5
    images = found.assign(id=paths, specimen=paths, split=read_splits(found["split"]))
    parts = {
        seed: split_specimens(images, ["species"], "species", test=0.2, val=0.2, seed=seed)
        for seed in (1, 2, 3)
    }
    for dealt in parts.values():  # the published test part is kept, val is cut from training
        assert dealt.loc[paths[5:]].eq("test").all()
        assert sorted(dealt.loc[paths[:5]]) == ["train"] * 4 + ["val"]
    assert len({dealt.eq("val").idxmax() for dealt in parts.values()}) > 1


def test_every_folder_finds_its_sequences_or_is_known_to_have_none(folders, sequenced):
    paths = [f"train/{folder}/1.jpg" for folder in folders["folder"]]
    labels = labels_from_paths(paths, CONFIG["inputs"]["path_pattern"], CONFIG["inputs"]["ranks"])
    synonyms = read_synonyms(REPOSITORY / CONFIG["inputs"]["synonyms"])
    labels = unify_names(labels, CONFIG["inputs"]["ranks"], synonyms)
    assert len(labels) == labels["species"].nunique() == 35
    is_sequenced = labels["species"].isin(sequenced)
    assert set(labels.loc[~is_sequenced, "species"]) == WITHOUT_SEQUENCE
    assert labels["genus"].tolist() == [name.split()[0] for name in labels["species"]]
    # Without the table two of them would have none: no synonym is there in vain.
    found = {normalise_taxon(folder) for folder in folders["folder"]}
    assert set(synonyms) == found - set(labels["species"])
    text = (REPOSITORY / "docs" / "foraminifera.md").read_text().replace("*", "")
    assert all(name in text for name in {*WITHOUT_SEQUENCE, *synonyms, *synonyms.values()})
    counts = folders["training_images"]
    assert f"{counts.sum():,}" in text and f"{counts[is_sequenced.to_numpy()].sum():,}" in text


def test_outgroup_has_sequences_and_no_images(folders, sequenced):
    assert set(OUTGROUP) <= set(sequenced)
    assert not set(OUTGROUP) & {normalise_taxon(folder) for folder in folders["folder"]}


@pytest.mark.slow
def test_outgroup_without_images_roots_the_tree(headers):
    if not shutil.which("mafft"):
        pytest.skip("no mafft")
    expression = compile_header_pattern(PATTERN)
    with FASTA.open() as file:
        sequences = [
            Sequence(str(number), taxon_in_header(header, expression), bases)
            for number, (header, bases) in enumerate(SimpleFastaParser(file))
        ]
    alignment, _ = align(sequences, "mafft", "representative", threads=1)
    options = {"engine": "nj", "model": "auto", "search": "full", "bootstraps": 0, "seed": 1}
    found = infer_tree(alignment, **options, outgroup=OUTGROUP, threads=1)
    sides = [{tip.name for tip in child.tips(include_self=True)} for child in found.taxa.children]
    assert len(sides) == 2 and set(OUTGROUP) in sides


def test_raw_anchors_are_made_of_vectors_as_they_are():
    plan = Plan(checked_config(CONFIG, SCHEMA))
    encodings = {
        name: Path(plan.anchor_vectors(name)).stem for name in CONFIG["genetics"]["anchors"]
    }
    assert encodings.pop("raw") == "sgt_none"
    assert {encodings.pop(name) for name in ("kmers", "long_kmers")} == {"kmers"}
    assert set(encodings.values()) == {"sgt"}
    scalings = [plan.encoding_options(name)["scaling"] for name in ("sgt_none", "sgt")]
    assert scalings == ["none", "l2"]


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
    columns = ["source", "rank", "variant", "against", "metric", "value", "note"]
    assert list(published) == columns
    lines = (REPOSITORY / "config" / "endless_forams.yaml").read_text().splitlines()
    left_out = {
        name for name in ("naive", "naive_raw", "wd") if f"    # {name}: " in "\n".join(lines)
    }
    assert set(published["variant"]) <= set(CONFIG["visual_genetic"]["variants"]) | left_out
    assert set(published["metric"]) == set(METRICS)
    assert set(published["rank"]) == {"species"}
    assert published["value"].between(0, 1).all() and (published["note"] != "").all()
    assert not published.duplicated(["rank", "variant", "metric"]).any()
    gains = published[published["against"].notna()]
    assert gains[["variant", "against", "metric", "value"]].to_numpy().tolist() == [
        ["control_raw", "control", "accuracy", 0.169],
        ["control_raw", "control", "balanced_accuracy", 0.155],
    ]
    # The report has the difference that is set beside them.
    variants = Plan(checked_config(CONFIG, SCHEMA)).visual_genetic.compared
    assert base_variants(variants)["control_raw"] == "control"


def test_document_shows_the_published_scores(published):
    text = (REPOSITORY / "docs" / "foraminifera.md").read_text().replace("**", "")
    for _, rows in published[published["against"].isna()].groupby("variant"):
        cells = rows.set_index("metric")["value"].loc[list(METRICS)] * 100
        assert " | ".join(f"{value:.1f}" for value in cells) in text
    gains = published[published["against"].notna()].set_index("metric")["value"] * 100
    assert f"{gains['accuracy']:.1f} points of accuracy" in text
    assert f"{gains['balanced_accuracy']:.1f} over species" in text


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
LIKE_OTHERS = {"control_raw", "frozen_raw", "ltr_random", "ltr_taxonomy", "ltr_kmers", "ltr_tree"}
LIKE_OTHERS |= {"frozen_centred_balanced", "ltr_raw_constant"}


def reduced():
    """Return the preset with everything of its grid, small enough for two minutes on two cores."""
    config = copy.deepcopy(CONFIG)
    config["splits"]["seeds"] = [1]
    config["features"]["shards"] = 1
    tiny = {"model": "test_resnet", "weights": "none", "preprocessing": {"image_size": 32}}
    config["backbones"] = {"resnet50": tiny}
    config["genetics"] |= {"tree": {"engine": "nj", "bootstraps": 2, "outgroup": OUTGROUP}}
    config["genetics"]["anchors"]["long_kmers"]["size"] = 40  # so few sequences have no more
    del config["genetics"]["kmers"], config["genetics"]["anchors"]["kmers"]["size"]
    config["compute"] = {"threads": 1, "workers": 1}
    section = config["visual_genetic"]
    for name in LIKE_OTHERS:
        del section["variants"][name]
    section |= {"seeds": [1], "image_size": 32, "hidden": 20, "tail": 8, "head": 9}
    section |= {"bootstraps": 100, "pretraining": {"epochs": 1, "batch_size": 16, "per_taxon": 2}}
    for variant in section["variants"].values():
        if "permutations" in variant:
            variant["permutations"] = 2
    section["alignment"] = {"steps": 20}
    section["unseen"] |= {"share": 0.3, "variants": ["ltr_raw", "frozen_centred"]}
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
    tested = of_role(scores[scores["part"] == "test"], SCORE)
    known = tested[tested["metric"] == "accuracy"]
    assert set(known["variant"]) == set(section["variants"])
    of_permuted = of_role(scores, DIFFERENCE, PERMUTED)
    permuted = {k for k, v in section["variants"].items() if "permutations" in v}
    assert set(of_permuted["variant"]) == permuted and of_permuted["p"].notna().all()
    unseen = scores[scores["part"].isin(["unseen_species", "unseen_genera"])]
    assert set(unseen["variant"]) == set(section["unseen"]["variants"])
    specimens = folder / "results/endless_forams/specimens/specimens.parquet"
    found = pd.read_parquet(specimens)["species"].value_counts()
    assert found.to_dict() == dict.fromkeys([name.replace("_", " ") for name in species], 12)
