import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
import yaml
from PIL import Image, ImageDraw
from scipy.stats import rankdata
from skbio.stats.ordination import pcoa
from snakemake.utils import update_config
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.distances.matrices import match_taxa
from visgen.distances.reading import read_distances
from visgen.embedding.guidance.losses import make_loss, pairs_between
from visgen.metrics import SCORE, of_role
from visgen.report.embedding.as_published import AS_PUBLISHED
from visgen.specimens.ingest import ingest
from visgen.specimens.table import read_meta
from workflow_copy import REPOSITORY, copy_workflow, run_jobs

BIMAGES = REPOSITORY.parent / "shared" / "data" / "bivalve_distances"
META = BIMAGES / "meta_partial.csv"  # 3,701 rows of the published table, under its own columns
CONFIG = yaml.safe_load((REPOSITORY / "config" / "bivalvia.yaml").read_text())
SCHEMA = load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml")
INPUTS = checked_config(CONFIG, SCHEMA)["inputs"]

N_FAMILIES = 33  # of the drawings
N_IMAGES = 71888  # of the study; the largest taxa and numbers of taxa by Roy 2025
LARGEST = {"subclass": (33852, 6), "order": (15237, 26)}


@pytest.fixture(scope="module")
def shared():
    if not BIMAGES.is_dir():
        pytest.skip(f"the table and the distances of BIMAGES are not in {BIMAGES}")
    return BIMAGES


@pytest.fixture(scope="module")
def rows(shared):
    return pd.read_csv(META, dtype="str", keep_default_na=False)


@pytest.fixture(scope="module")
def published():
    path = REPOSITORY / CONFIG["published"]
    return pd.read_csv(path, sep="\t", keep_default_na=False).astype({"value": float})


def specimen_of(name):
    """Read the specimen off a file name without the pattern; None where the name does not tell."""
    name, hyphen, image = name.rpartition("/")[2].removesuffix(".jpg").rpartition("-")
    if not hyphen or not image.isdigit():
        return None
    return name[:-6] if name[:-1].endswith("-view") else name


# --- the file names ---


@pytest.mark.parametrize(
    ("name", "specimen"),
    [
        ("Nuculanidae_Saccella_tashiensis_dedonder_3-001.jpg", "_dedonder_3"),
        ("Nuculanidae_Saccella_tashiensis_dedonder_3-002.jpg", "_dedonder_3"),
        ("Psammobiidae_Psammotella_bertini_WoRMS_001.jpg", None),
        ("Arcidae_Lunarca_brevifrons_PRI_1568-view2-003.jpg", "_PRI_1568"),
        ("Arcidae_Tegillarca_rhombea_RMNH-MOL_313334-001.jpg", "_RMNH-MOL_313334"),
        ("Arcidae_Barbatia_virescens_ZMA_MOLL-410486-007.jpg", "_ZMA_MOLL-410486"),
        ("Semelidae_Scrobicularia_cottardii_conchmed_x5-003.jpg", "_conchmed_x5"),
        ("Veneridae_Gouldia_cerina_conchasbrasil_124B-001.jpg", "_conchasbrasil_124B"),
        ("Crassatellidae_Crassatella_uruguayensis_conchasbrasil_959B.jpg", None),
        ("Veneridae_Chione_tumens_UCMP_I205416.jpg", None),
    ],
)
def test_pattern_reads_the_specimen_with_its_species(name, specimen):
    match = re.search(INPUTS["specimen_pattern"], "IMAGES_final/" + name)
    if specimen is None:
        assert match is None
    else:
        species = "_".join(name.split("_")[:3])
        assert match["specimen"] == species + specimen


def test_pattern_finds_the_specimens_of_the_published_names(rows):
    matches = [re.search(INPUTS["specimen_pattern"], name) for name in rows["filename"]]
    found = [match["specimen"] if match else None for match in matches]
    assert found == [specimen_of(name) for name in rows["filename"]]
    images = pd.Series(found, dtype="str").value_counts()
    assert (len(images), images.sum()) == (2345, 3267)  # the other 434 names do not tell
    n_specimens = images.value_counts().to_dict()  # by their number of images
    assert n_specimens == {1: 1768, 2: 408, 3: 39, 4: 108, 5: 9, 6: 9, 8: 3, 11: 1}


def test_no_specimen_of_the_published_names_has_two_species(rows):
    specimen = rows["filename"].str.extract(INPUTS["specimen_pattern"])["specimen"]
    assert rows.groupby(specimen)["species"].nunique().max() == 1
    # The source and its number alone would not do: iDigBio calls 96 species' specimens 001.
    number = [name and "_".join(name.split("_")[3:]) for name in map(specimen_of, rows["filename"])]
    assert rows.groupby(pd.Series(number))["species"].nunique()["iDigBio_001"] == 96


# --- the table ---


@pytest.fixture(scope="module")
def ingested(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bimages")
    (folder / "IMAGES_final").mkdir()
    rng = np.random.default_rng(3)
    for name in rows["filename"][1:]:  # the first has no file
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)  # none like another
        Image.fromarray(pixels).save(folder / name)
    Image.new("RGB", (8, 8)).save(folder / "IMAGES_final" / "without_a_row.jpg")
    meta = read_meta(META, INPUTS["columns"], INPUTS["ranks"], INPUTS["missing_values"])
    return ingest(
        folder,
        ranks=INPUTS["ranks"],
        meta=meta,
        missing_values=INPUTS["missing_values"],
        specimen_pattern=INPUTS["specimen_pattern"],
    )


def test_published_rows_are_accepted(rows, ingested):
    specimens, rejected = ingested
    assert dict(zip(rejected["file"], rejected["reason"], strict=True)) == {
        rows["filename"][0]: "missing_file",
        "IMAGES_final/without_a_row.jpg": "not_in_meta",
    }
    assert set(specimens["id"]) == set(rows["filename"][1:])


def test_published_rows_keep_labels_and_views(rows, ingested):
    specimens = ingested[0].set_index("id")
    rows = rows.set_index("filename").loc[specimens.index]
    assert (specimens["species"] == rows["genus"] + " " + rows["species_name"]).all()
    assert (specimens["species"].str.replace(" ", "") == rows["species"]).all()
    assert (specimens["view"] == rows["ansicht"]).all()
    assert set(specimens["view"]) == {"aussen", "innen"}
    for rank in ("subclass", "order", "family", "genus"):
        assert (specimens[rank] == rows[rank]).all()
    assert specimens["family"].nunique() == 69


def test_published_rows_make_as_many_specimens_as_the_names_tell(rows, ingested):
    specimens = ingested[0]
    names = rows["filename"][1:]
    assert specimens["specimen"].nunique() == len({specimen_of(name) or name for name in names})
    assert specimens["specimen"].nunique() == 2778  # and one more with the file that is missing
    both = specimens.groupby("specimen")["view"].nunique()
    assert (both == 2).sum() == 312


# --- the distances ---


def test_published_distances_are_read_as_they_are(shared):
    matrix = read_distances(shared / "edge_lengths.csv")
    assert matrix.shape == (79, 79)
    assert matrix.data.max() == pytest.approx(1.7794, abs=5e-5)


def test_distances_know_all_families_of_the_study(shared):
    matrix = read_distances(shared / "edge_lengths.csv")
    families = (shared / "families74.csv").read_text().split()
    found, missing = match_taxa(matrix.ids, families)
    assert sorted(found) == sorted(families)
    assert len(found) == 74
    others = ["Hyriidae", "Iridinidae", "Margaritifera", "Sphaeriidae", "Unionidae"]
    assert missing["taxon"].tolist() == others
    assert set(missing["missing_from"]) == {"study"}


def test_constants_lose_what_the_documentation_says_of_roys_targets(shared):
    matrix = read_distances(shared / "edge_lengths.csv")
    families = (shared / "families74.csv").read_text().split()
    distances = torch.tensor(matrix.filter(families).data)
    everyone = torch.ones(74, dtype=torch.bool)
    pairs = pairs_between(everyone, everyone)
    assert len(pairs.index) == 2701
    constants = make_loss("mse", distances, pairs, 1.7).constants(distances, pairs)
    assert (round(constants.zero, 3), round(constants.best, 3)) == (0.231, 0.173)


# --- the published scores ---


METRICS = {"accuracy", "balanced_accuracy", "macro_f1", "weighted_f1"}


def test_published_table_has_the_columns_that_the_report_reads(published):
    assert list(published) == ["source", "rank", "variant", "metric", "value", "note"]
    assert set(published["metric"]) == METRICS | set(AS_PUBLISHED)
    is_score = published["metric"].isin(METRICS)
    assert set(published["source"][is_score]) == {"Roy 2025"}
    assert published["value"][is_score].between(0, 1).all()
    assert not published.duplicated(["rank", "variant", "metric"]).any()
    assert (published["note"] != "").all()
    lines = (REPOSITORY / CONFIG["published"]).read_text().splitlines()
    assert {len(line) for line in csv.reader(lines, delimiter="\t")} == {6}


def test_published_scores_have_a_classifier_and_a_rank_of_the_preset_beside_them(published):
    scores = published[published["metric"].isin(METRICS)]
    assert set(scores["variant"]) <= set(CONFIG["classification"]["classifiers"])
    assert set(scores["rank"]) <= set(CONFIG["classification"]["ranks"])


def test_published_numbers_of_guidance_have_a_variant_beside_them(published):
    numbers = published[published["metric"].isin(AS_PUBLISHED)]
    assert set(numbers["rank"]) == {CONFIG["inputs"]["tree_rank"]}
    variants = CONFIG["embedding"]["variants"]
    assert all("guidance" in variants[name] for name in numbers["variant"])
    value = numbers.set_index("metric")["value"]
    assert value.to_dict() == {
        "pearson_with_diagonal": 0.4032,
        "loss_before": 1.1946,
        "loss": 0.7451,
        "weighted_error_r": 0.78,
    }
    note = numbers.set_index("metric")["note"]["loss"]
    times, zero = map(float, re.search(r"([\d.]+) times .*\(([\d.]+)\)", note).groups())
    assert times == round(value["loss"] / zero, 1)


@pytest.mark.parametrize("rank", LARGEST)
def test_majority_rows_follow_from_the_class_sizes(published, rank):
    largest, n_taxa = LARGEST[rank]
    share = largest / N_IMAGES
    f1 = 2 * share / (1 + share)  # precision is the share, recall 1
    is_row = (published["rank"] == rank) & (published["variant"] == "most_frequent")
    assert set(published["note"][is_row]) == {"computed from the class sizes"}
    assert published[is_row].set_index("metric")["value"].to_dict() == pytest.approx(
        {
            "accuracy": share,
            "balanced_accuracy": 1 / n_taxa,
            "macro_f1": f1 / n_taxa,
            "weighted_f1": share * f1,
        },
        abs=5e-5,  # four digits are given
    )


# --- the configuration ---


def test_preset_has_the_stages_of_the_same_network_and_an_untrained_one():
    backbones = checked_config(CONFIG, SCHEMA)["backbones"]
    assert {backbone["model"] for backbone in backbones.values()} == {"convnext_tiny.fb_in1k"}
    assert backbones["fused"]["layers"] == [0, 1, 2, 3]
    assert backbones["untrained"]["weights"] == "none"


def test_preset_differs_from_roys_raising_in_what_gets_noise_alone():
    classifiers = checked_config(CONFIG, SCHEMA)["classification"]["classifiers"]
    roy, raised = classifiers["roy_raised"], classifiers["raised"]
    assert (roy["resample"]["augment"], raised["resample"]["augment"]) == ("raised", "all")
    roy["resample"]["augment"] = raised["resample"]["augment"]
    assert roy == raised


def test_preset_has_baselines_that_do_not_see_the_images():
    methods = [c["method"] for c in CONFIG["classification"]["classifiers"].values()]
    assert {"most_frequent", "stratified", "uniform"} <= set(methods)
    assert "random" in CONFIG["embedding"]["variants"]


# --- Roy's settings, as the plan has them ---


@pytest.fixture(scope="module")
def roys():
    """The plan of the preset with the network of the second experiment."""
    config = yaml.safe_load((REPOSITORY / "config" / "bivalvia.yaml").read_text())
    added = yaml.safe_load((REPOSITORY / "config" / "bivalvia_swav.yaml").read_text())
    update_config(config, added)  # as Snakemake merges two files
    return Plan(checked_config(config, SCHEMA))


def test_roys_classifiers_are_trees_on_raised_data(roys):
    roys_own = ("roy_raised", "roy_weighted", "roy_bagging")
    made = {name: roys.classification.options(name) for name in roys_own}
    assert [options["trees"] for options in made.values()] == [100, 100, 10]
    for options in made.values():
        assert options["transform"] is None
        raised = {"method": "raise", "to": 1000, "with": "noise", "augment": "raised"}
        assert options["resample"].items() >= raised.items()
        assert options["resample"]["reduce_first"] is None
    methods = [made[name]["method"] for name in made]
    assert methods == ["random_forest", "random_forest", "balanced_bagging"]
    assert made["roy_raised"]["class_weight"] == "none"
    assert made["roy_weighted"]["class_weight"] == "balanced"
    assert roys.classification.ranks_of("roy_raised") == ["subclass", "order", "family"]


def test_a_hierarchy_guided_network_learns_genus_and_species_beside_one_that_is_not_fused(roys):
    pair = ("hierarchy_guided", "unfused")
    towers = {name: roys.classification.options(name)["network"] for name in pair}
    assert [of["towers"] for of in towers.values()] == ["fused", "apart"]
    same = [{key: value for key, value in of.items() if key != "towers"} for of in towers.values()]
    assert same[0] == same[1]
    assert roys.classification.ranks_of("hierarchy_guided") == ["genus", "species"]
    assert roys.classification.ranks_of("unfused") == ["genus", "species"]
    assert {"hierarchy_guided", "unfused", "joint"} == set(roys.classification.networks)


def test_roys_pictures_are_squares_of_224_pixels_of_the_whole_shell(roys):
    backbone = roys.features.backbone("swav")
    assert backbone["model"] == "resnet50" and backbone["layers"] is None
    assert backbone["preprocessing"] == {"image_size": 224, "crop_mode": "squash", "crop_pct": 1.0}
    assert roys.features.weights_of("swav") == ["data/weights/swav_800ep_pretrain.pth.tar"]
    for name in ("convnext_tiny", "fused", "untrained"):
        of_study = roys.features.backbone(name)
        assert of_study["preprocessing"] == {"crop_mode": "squash", "crop_pct": 1.0}
        shape = timm.get_pretrained_cfg(of_study["model"]).input_size
        assert shape == (3, 224, 224)


def test_roys_guidance_has_his_numbers(roys):
    variant = roys.embedding.guidance_of("roy")
    assert (variant["per_taxon"], variant["pooling"], variant["centre"]) == (
        150,
        "attention",
        False,
    )
    guidance = {"projection": "none", "loss": "mse", "largest": 1.7, "optimiser": "adam"}
    guidance |= {"learning_rate": 1e-4, "epochs": 5000, "penalty": 0, "watched": 0}
    assert variant["guidance"].items() >= guidance.items()
    ends = torch.tensor([[0.0, 1.7], [1.7, 0.0]])
    everyone = torch.ones(2, dtype=torch.bool)
    loss = make_loss("mse", ends, pairs_between(everyone, everyone), guidance["largest"])
    assert loss(-torch.ones(2, 2), ends, pairs_between(everyone, everyone)) == 0  # 1.7 maps to -1


def test_small_families_of_roys_are_raised_and_large_ones_keep_every_species(roys):
    shards = roys.features.taxon_features("swav", "roy")
    assert {Path(path).name.split("-")[0] for path in shards} == {"clean", "repeats"}
    augmentation = roys.features.augmentation
    changes = ("flip", "rotation", "colour", "translation", "scale")
    assert all(augmentation[change] > 0 for change in changes)
    labels = [Path(path).stem for path in roys.embedding.labels_of("roy")]
    assert labels == ["family", "genus", "species"]
    assert [Path(path).stem for path in roys.embedding.labels_of("attention")] == ["family"]


def test_parts_differ_from_roys_as_the_documentation_says(roys):
    assert roys.config["splits"] | {"seeds": None} == {
        "seeds": None,
        "stratify_by": "family",
        "test": 0.2,
        "val": 0.1,
    }
    text = (REPOSITORY / "docs" / "bivalvia.md").read_text()
    assert "| 80/20, images dealt one by one | 70/10/20, whole specimens, three seeds |" in text


def test_tuned_forest_is_chosen_by_halving(roys):
    assert roys.classification.options("tuned_forest")["tune"]["halving"] == "trees"


# --- the whole workflow ---


def reduced(config):
    """Return the preset with every classifier and variant, small enough for a minute or two."""
    config = yaml.safe_load(yaml.safe_dump(config))
    config["splits"]["seeds"] = [1]
    config["features"]["shards"] = 1
    config["compute"] = {"threads": 1, "workers": 1}
    config["backbones"] = {
        "small": {
            "model": "test_resnet",
            "weights": "none",
            "preprocessing": {"image_size": 64, "crop_pct": 1.0},
        }
    }
    config["classification"]["bootstraps"] = 100
    for classifier in config["classification"]["classifiers"].values():
        if "forest" in classifier["method"] or classifier["method"] == "balanced_bagging":
            classifier["trees"] = 5
        if classifier["method"] == "network":
            classifier["network"] |= {"hidden": [11], "epochs": 2}
        if "resample" in classifier:
            classifier["resample"]["to"] = 7
            if "reduce_first" in classifier["resample"]:
                classifier["resample"]["reduce_first"]["to"] = 11
        if "tune" in classifier:
            classifier["tune"] |= {"folds": 2, "grid": {"min_samples_leaf": [1, 3]}}
        if "pca" in classifier:
            classifier["pca"] = 5
        if "best_features" in classifier:
            classifier["best_features"] = 11
    config["embedding"] |= {
        "permutations": 99,
        "specimen_permutations": 19,
        "refits": 1,
        "folds": 3,
    }
    variants = config["embedding"]["variants"]
    variants["attention"]["guidance"]["epochs"] = 20
    for name in ("projected", "gated", "hofmann"):
        variants[name]["guidance"] |= {"epochs": 20, "components": 8}
    variants["roy"]["guidance"]["epochs"] = 100
    variants["roy"]["per_taxon"] = 6
    # The one whose p-value is asked for.
    variants["projected"]["guidance"]["refits"] = 19
    return config


def draw(path, axes, rng):
    """Draw an oval whose hue, lightness and form are a family's place in the tree."""
    image = Image.new("RGB", (64, 64), "white")
    hue, light, form = axes
    width, height = 15 + 8 * form + rng.normal(0, 1), 23 - 8 * form + rng.normal(0, 1)
    box = [32 - width, 32 - height, 32 + width, 32 + height]
    colour = f"hsl({int(300 * hue)}, 80%, {int(30 + 40 * light)}%)"
    ImageDraw.Draw(image).ellipse([int(x) for x in box], fill=colour)
    pixels = np.asarray(image) + rng.normal(0, 5, (64, 64, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=95)


@pytest.fixture(scope="module")
def small_study(shared, rows, tmp_path_factory):
    """Run the preset on drawings of 33 families, two of an order: up to five specimens of each."""
    folder = copy_workflow(tmp_path_factory.mktemp("bivalvia"))
    specimen = rows["filename"].map(lambda name: specimen_of(name) or name)
    place = specimen.groupby(rows["family"]).transform(lambda names: pd.factorize(names)[0])
    n_specimens = specimen.groupby(rows["family"]).transform("nunique")
    every = (shared / "families74.csv").read_text().split()
    many = rows[(n_specimens >= 5) & rows["family"].isin(every)]
    families = many.drop_duplicates("family").sort_values("family").groupby("order").head(2)
    chosen = rows[rows["family"].isin(families["family"]) & (place < 5)]
    assert len(families) == N_FAMILIES and 150 < len(chosen) < 250
    images = folder / INPUTS["images"]
    (images / "IMAGES_final").mkdir(parents=True)
    rng = np.random.default_rng(5)
    distances = read_distances(shared / "edge_lengths.csv").filter(every)
    axes = pcoa(distances, dimensions=3, warn_neg_eigval=False).samples.to_numpy()
    axes = pd.DataFrame(rankdata(axes, axis=0) / len(axes), index=every)
    for name, family in zip(chosen["filename"], chosen["family"], strict=True):
        draw(images / name, axes.loc[family], rng)
    chosen.to_csv(folder / INPUTS["meta"], sep="\t", index=False)
    (folder / INPUTS["distances"]).symlink_to(shared / "edge_lengths.csv")
    run_jobs(folder, reduced(CONFIG))
    return folder / "results" / "bivalvia"


@pytest.mark.slow
def test_families_that_were_held_out_follow_descent_as_they_were_drawn(small_study: Path):
    scores = pd.read_csv(small_study / "report" / "metrics.tsv", sep="\t")
    pooled = of_role(scores, SCORE)
    pooled = pooled[pooled["fold"].isna() & (pooled["part"] == "held_out_known")]
    within = pooled["metric"].str.contains("pearson_within")
    assert set(pooled["n"][~within]) == {N_FAMILIES}
    tips = pooled[pooled["evaluator"] == "held_out_tips"]
    tips = tips[tips["metric"] == "pearson_double_centred"].set_index("variant")
    assert tips.loc["projected", "p"] <= 0.05
    assert tips.loc["ridge", "ci_low"] < tips.loc["ridge", "value"] < tips.loc["ridge", "ci_high"]
    assert tips.loc["projected", "value"] > tips.loc["random", "value"] + 0.1
    assert np.isnan(tips.loc["roy", "p"])  # no refits
    clades = pooled[pooled["evaluator"] == "held_out_clades"]
    assert set(clades["variant"]) == set(CONFIG["embedding"]["variants"])
    fits = pd.read_csv(small_study / "embedding/small/roy/fits.tsv", sep="\t")
    assert (fits["loss"] < fits["loss_before"]).all() and set(fits["epoch"]) == {100}


@pytest.mark.slow
def test_families_are_cut_and_raised_to_one_size(small_study: Path):
    images = pd.read_parquet(small_study / "embedding/small/roy/weights.parquet")
    there = pd.read_parquet(small_study / "specimens" / "specimens.parquet").groupby("family")
    sizes = images.groupby("taxon").size()
    assert (sizes == 6).all() and (there.size() > 6).any() and (there.size() < 6).any()
    raised = images[images["repeat"] > 0].groupby("taxon").size()
    assert set(raised.index) == set(there.size().index[there.size() < 6])


@pytest.mark.slow
def test_preset_runs_to_a_report_with_the_published_scores(small_study: Path):
    page = (small_study / "report" / "report.html").read_text()
    assert "Roy 2025" in page and "Published, and the same here" in page


@pytest.mark.slow
def test_preset_scores_every_classifier_at_every_rank(small_study: Path):
    scores = pd.read_csv(small_study / "report" / "metrics.tsv", sep="\t")
    scores = scores[scores["experiment"] == "classification"]
    section = CONFIG["classification"]
    for rank in INPUTS["ranks"]:
        learn = {
            name
            for name, classifier in section["classifiers"].items()
            if rank in classifier.get("ranks", section["ranks"])
        }
        is_row = (scores["rank"] == rank) & (scores["metric"] == "balanced_accuracy")
        own = is_row & (scores["evaluator"] == "independent")
        assert set(scores["variant"][own]) == learn, rank


@pytest.mark.slow
def test_preset_compares_the_families_that_the_distances_know(small_study: Path):
    specimens = pd.read_parquet(small_study / "specimens" / "specimens.parquet")
    scores = pd.read_csv(small_study / "report" / "metrics.tsv", sep="\t")
    mantel = scores[(scores["evaluator"] == "mantel") & (scores["metric"] == "pearson")]
    assert set(mantel["n"]) == {specimens["family"].nunique()} == {N_FAMILIES}
    missing = pd.read_csv(small_study / "distances" / "family.missing.tsv", sep="\t")
    assert {"Hyriidae", "Unionidae"} <= set(missing["taxon"])
