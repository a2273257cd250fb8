import csv
import hashlib
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import yaml
from crate_context import fill_cache
from PIL import Image
from rocrate_validator import models, services
from visgen.classification.predictions import read_predictions, write_predictions
from visgen.distances.trees import read_tree
from visgen.genetics.anchors.files import read_anchors
from visgen.publishing.machine_paths import TEXTS
from visgen.report.photographs import photographs_of
from visgen.tables import read_table
from visgen.verify.__main__ import main as verify
from workflow_copy import TINY, changed, copy_workflow, planned_jobs, run, run_jobs


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = copy_workflow(tmp_path_factory.mktemp("study"))
    run_jobs(folder, TINY, "--", "all", "publish")
    return folder


def results(study, path):
    return study / "results" / "tiny" / path


def test_a_second_run_has_nothing_to_do(study):
    assert planned_jobs(run(study, TINY, "--cores", "2", "--dry-run")) == {}


def test_every_planted_error_is_rejected_for_its_reason(study):
    simulated = study / "resources" / "simulated" / "tiny"
    planted = pd.read_csv(simulated / "planted.tsv", sep="\t").set_index("file")["reason"]
    rejected = pd.read_csv(results(study, "specimens/rejected.tsv"), sep="\t")
    assert rejected.set_index("file")["reason"].to_dict() == planted.to_dict()
    assert planted.nunique() >= 8


def test_every_row_and_file_is_accepted_or_rejected_once(study):
    simulated = study / "resources" / "simulated" / "tiny"
    with (simulated / "meta.csv").open() as file:
        rows = {row["filename"] for row in csv.DictReader(file)}
    files = {path.name for path in (simulated / "images").iterdir()} - {".snakemake_timestamp"}
    accepted = list(pd.read_parquet(results(study, "specimens/specimens.parquet"))["id"])
    rejected = list(pd.read_csv(results(study, "specimens/rejected.tsv"), sep="\t")["file"])
    assert sorted(accepted + rejected) == sorted(rows | files)


def test_metrics_have_the_columns_of_the_contract_and_every_experiment(study):
    metrics = pd.read_csv(results(study, "report/metrics.tsv"), sep="\t")
    assert ",".join(metrics.columns) == (
        "experiment,variant,backbone,rank,anchors,evaluator,part,fold,seed,metric,role,against,"
        "value,ci_low,ci_high,p,n,n_permutations"
    )
    assert set(metrics["experiment"]) == {
        "classification",
        "embedding",
        "features",
        "genetics",
        "naming",
        "prior",
        "spaces",
        "visual_genetic",
    }
    assert np.isfinite(metrics["value"]).mean() > 0.9
    shares = metrics[metrics["metric"].isin(["accuracy", "macro_f1", "coverage", "pearson"])]
    assert shares["value"].dropna().between(-1, 1).all() and len(shares) > 50
    assert (metrics.loc[metrics["value"].notna(), "n"] > 0).all()


def test_baselines_stand_beside_every_classifier_at_every_rank(study):
    scores = pd.read_csv(results(study, "classification/tiny/scores.tsv"), sep="\t")
    own = scores[(scores["part"] == "test") & (scores["evaluator"] == "independent")]
    own = own[own["rank"] != "all"]
    by_rank = own.groupby(["rank", "seed"])["variant"].unique()
    assert by_rank.map(
        lambda names: set(names) == {"random_forest", "joint", "most_frequent"}
    ).all()


def test_recognition_stands_beside_chance_and_tells_what_is_aligned(study):
    scores = pd.read_csv(results(study, "visual_genetic/scores.tsv"), sep="\t")
    variants = TINY["visual_genetic"]["variants"]
    assert set(scores["variant"].dropna()) == set(variants)
    cosines = scores[(scores["evaluator"] == "alignment") & (scores["role"] == "score")]
    aligned = [name for name, variant in variants.items() if "anchors" in variant]
    assert sorted(cosines["variant"].unique()) == sorted(aligned)
    blind = scores[scores["against"].isin(["uniform", "most_frequent"])]
    assert blind["variant"].isna().all() and set(blind["part"]) == {"test"}
    differences = scores[scores["role"] == "difference"].groupby("variant")["against"].agg(set)
    assert differences["aligned"] == {"plain", "permuted_anchors"}
    assert differences["frozen_aligned"] == {"frozen"}
    pooled = np.load(results(study, "visual_genetic/regimes/frozen/seed-1/pooled.npz"))
    assert abs(pooled["values"].mean()) < 0.3 < abs(pooled["values"]).mean()  # standardised


def test_probabilities_are_named_by_rank_and_taxon_and_sum_to_one(study):
    path = results(study, "classification/tiny/random_forest/predictions.parquet")
    table = pd.read_parquet(path)
    genera = table[table["rank"] == "genus"]
    names = [name for name in table if name.startswith("p:genus:")]
    assert np.allclose(genera[names].sum(axis=1), 1, atol=1e-5)
    parts = pd.read_csv(results(study, "splits/seed-1.tsv"), sep="\t", index_col="id")["split"]
    assert set(parts[genera.loc[genera["seed"] == 1, "id"]]) == {"val", "test"}


def test_sequences_become_vectors_anchors_and_a_tree_of_the_same_taxa(study):
    table = pd.read_csv(results(study, "genetics/sequences.tsv"), sep="\t")
    accepted = table[table["status"] == "accepted"]
    with np.load(results(study, "genetics/sgt.npz")) as vectors:
        assert list(vectors["name"]) == list(accepted["name"])
    taxa = sorted(accepted["taxon"].unique())
    tree = read_tree(results(study, "genetics/tree.nwk"))
    assert sorted(tip.name for tip in tree.tips()) == taxa
    assert list(read_anchors(results(study, "genetics/anchors/raw.npz")).index) == taxa
    coverage = pd.read_csv(results(study, "specimens/coverage.tsv"), sep="\t")
    species = coverage[coverage["rank"] == "species"].set_index("taxon")["n_sequences"]
    assert species[species > 0].to_dict() == accepted["taxon"].value_counts().to_dict()


def test_learned_weights_are_the_ones_that_features_are_taken_with(study):
    weights = results(study, "simclr/test_resnet/weights.safetensors")
    history = pd.read_csv(results(study, "simclr/test_resnet/history.tsv"), sep="\t")
    assert list(history["epoch"]) == [1, 2]
    provenance = json.loads(results(study, "provenance.json").read_text())
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert provenance["inputs"]["results/tiny/simclr/test_resnet/weights.safetensors"] == digest
    (features,) = provenance["features"]
    recipe = study / "resources/features" / features["recipe"] / "recipe.json"
    assert json.loads(recipe.read_text())["weights"] == f"sha256 {digest}"
    assert not any((study / "resources/features/simclr").iterdir())  # no checkpoint is left


def test_no_specimen_is_in_two_parts(study):
    specimens = pd.read_parquet(results(study, "specimens/specimens.parquet")).set_index("id")
    for seed in TINY["splits"]["seeds"]:
        parts = pd.read_csv(results(study, f"splits/seed-{seed}.tsv"), sep="\t", index_col="id")
        assert sorted(parts.index) == sorted(specimens.index)
        assert parts["split"].groupby(specimens["specimen"]).nunique().max() == 1


def test_a_species_outside_the_tree_is_placed_by_look_and_on_the_page(study):
    tree = {tip.name for tip in read_tree(study / "resources/simulated/tiny/tree.nwk").tips()}
    species = pd.read_parquet(results(study, "specimens/specimens.parquet"))["species"]
    (outside,) = set(species.dropna()) - tree
    folder = results(study, "embedding/tiny/ridge")
    placed = pd.read_csv(folder / "placed.tsv", sep="\t")
    assert placed["taxon"].tolist() == [outside] * 3
    assert placed["place"].tolist() == [1, 2, 3] and set(placed["relative"]) < tree
    assert (placed["n_images"] == (species == outside).sum()).all()
    known, own = (pd.read_parquet(folder / name) for name in ("vectors.parquet", "placed.parquet"))
    assert own.index.tolist() == [outside] and own.shape[1] == known.shape[1]
    missing = pd.read_csv(results(study, "distances/species.missing.tsv"), sep="\t")
    assert outside in set(missing.loc[missing["found_in"] == "study", "taxon"])
    page = results(study, "report/report.html").read_text()
    assert (
        f"1 species with images is outside the tree; nearest by look (ridge, tiny): {outside}"
        in page
    )


def test_every_unnamed_file_is_accepted_or_rejected_once(study):
    folder = study / "resources/simulated/tiny/unnamed"
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    accepted = pd.read_csv(results(study, "naming/images.tsv"), sep="\t")["path"]
    rejected = pd.read_csv(results(study, "naming/rejected.tsv"), sep="\t")["file"]
    assert sorted([*accepted, *rejected]) == files and len(files) > 10


def test_every_unnamed_specimen_has_one_row_of_probabilities_that_fall_from_coarse_to_fine(study):
    images = pd.read_csv(results(study, "naming/images.tsv"), sep="\t")
    named = pd.read_csv(results(study, "naming/specimens.tsv"), sep="\t")
    assert sorted(named["specimen"]) == sorted(images["specimen"].unique())
    ranks = TINY["inputs"]["ranks"]
    p = named[[f"p:{rank}" for rank in ranks if f"p:{rank}" in named]].to_numpy()
    assert p.shape[1] > 1 and (p >= 0).all() and (p <= 1).all()
    assert (np.diff(p, axis=1) <= 1e-9).all()


def test_the_page_of_names_has_every_specimen_and_its_photographs(study):
    named = read_table(results(study, "naming/specimens.tsv"))
    page = results(study, "naming/naming.html").read_text()
    given = json.loads(re.search(r'id="study">(.*?)</script>', page)[1])
    assert [card["name"] for card in given["specimens"]] == named["specimen"].tolist()
    assert given["study_ranks"] == TINY["inputs"]["ranks"]
    script = results(study, "naming/photographs.js").read_text()
    files = read_table(results(study, "naming/images.tsv"))["path"]
    assert all(f'"unnamed/{path}":' in script for path in files)
    assert all(f'"known/{name}":' in script for name in named["nearest_1"])
    assert not re.search(r"""(src|href)=["'](?!data:|#|\.\./report/report.html)""", page)


def test_report_stands_alone_and_names_its_commit_and_figures(study):
    page = results(study, "report/report.html").read_text()
    marked = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    outside = set(re.findall(r"""(?:src|href)=["']((?!data:|#)[^"']*)""", marked))
    assert outside == {"../naming/naming.html"}
    examples = read_table(results(study, "report/examples.tsv"))
    shown = set(examples.loc[examples["gallery"] != "strip", "image"])
    assert shown and set(re.findall('data-photo="([^"]+)"', page)) == shown
    script = results(study, "report/photographs.js").read_text()
    on_maps = read_table(results(study, "features/tiny/map.tsv"))["image"]
    assert set(photographs_of(script)) == {*examples["image"], *on_maps} and script in page
    # 37 figures, and what the script puts before a photograph
    n_in_strip = (examples["gallery"] == "strip").sum()
    assert marked.count("data:image/webp;base64,") == 37 + n_in_strip
    assert page.count("Redistribution and use in source and binary forms") == 1  # Bokeh, once
    assert marked.count('class="interactive"') == 2
    provenance = json.loads(results(study, "provenance.json").read_text())
    assert provenance["config"]["dataset"] == "tiny"
    assert provenance["images"]["n"] == 130


def test_a_wrong_config_stops_before_any_job_in_one_line(tmp_path):
    wrong = changed(TINY, "backbones.tiny.weights", "no.pth")
    message = "config key backbones.tiny.weights: found 'no.pth'"
    done = run(copy_workflow(tmp_path), wrong, "--cores", "1")
    assert done.returncode != 0
    lines = [line for line in done.stdout.splitlines() if "config key" in line]
    assert len(lines) == 1 and message in lines[0], done.stdout
    assert "Traceback" not in done.stdout and "rule " not in done.stdout
    assert not (tmp_path / "results").exists()


@pytest.fixture(scope="module")
def archive(study, tmp_path_factory):
    """Return the published study, unpacked."""
    folder = tmp_path_factory.mktemp("archive")
    with zipfile.ZipFile(results(study, "publication/tiny.zip")) as packed:
        packed.extractall(folder)
    return folder


def test_an_archive_has_what_a_referee_needs_and_nothing_of_the_machine(study, archive):
    own = archive / "results/tiny"
    beside = ("metrics.tsv", "examples.tsv", "photographs.js")
    for path in ("report/report.html", *(f"report/{name}" for name in beside), "provenance.json"):
        assert (own / path).is_file(), path
    assert not (own / "logs/publish.log").exists()
    names = ("README.md", "methods.md", "references.bib", "requirements.lock", "Snakefile")
    assert all((archive / name).is_file() for name in names)
    names = ("model/model_card.md", "naming.html", "photographs.js")
    assert all((own / "naming" / name).is_file() for name in names)
    assert list(own.rglob("predictions.parquet")) and list(own.glob("logs/**/*.log"))
    figures = sorted(own.rglob("*.png"))
    assert len(figures) == 38 and all(path.with_suffix(".svg").is_file() for path in figures)
    assert {round(Image.open(path).info["dpi"][0]) for path in figures} == {60}
    asked = yaml.safe_load((archive / "config.yaml").read_text())
    assert asked == TINY
    texts = [path for path in archive.rglob("*") if path.suffix in TEXTS]
    assert not [path for path in texts if str(study).encode() in path.read_bytes()]
    assert not list(own.glob("features/**/*.parquet")) and not list(own.rglob("checkpoint.*"))


def test_the_crate_of_an_archive_holds_by_its_profiles(archive, tmp_path):
    fill_cache(tmp_path / "cache")
    settings = services.ValidationSettings(
        rocrate_uri=str(archive),
        profile_identifier="provenance-run-crate",
        requirement_severity=models.Severity.REQUIRED,
        offline=True,
        cache_path=tmp_path / "cache",
    )
    result = services.validate(settings)
    assert [issue.message for issue in result.get_issues()] == []
    graph = json.loads((archive / "ro-crate-metadata.json").read_text())["@graph"]
    actions = [entity for entity in graph if entity["@type"] == "CreateAction"]
    assert len(actions) > 50 and all(a["startTime"] <= a["endTime"] for a in actions)


def test_scores_of_an_archive_follow_from_its_predictions_but_where_a_number_is_changed(
    archive, tmp_path, capsys
):
    path = archive / "results/tiny/classification/tiny/random_forest/predictions.parquet"
    tables = read_predictions(path)
    table = tables[1, "species"]
    row = table.index[table["part"] == "test"][0]
    table.loc[row, table.loc[row, "predicted"]] -= 0.1
    write_predictions(path, tables)
    assert verify([str(archive), "--differences", str(tmp_path / "found.tsv")]) == 1
    said = capsys.readouterr().out
    assert "1 changed, 0 missing, 0 not listed" in said
    recomputed, compared = map(int, re.search(r"(\d+) recomputed, (\d+) only", said).groups())
    metrics = read_table(archive / "results/tiny/report/metrics.tsv")
    assert recomputed + compared == len(metrics) and recomputed > 5 * compared
    assert f"changed: {path.relative_to(archive)}" in said
    found = pd.read_csv(tmp_path / "found.tsv", sep="\t")
    assert set(found["experiment"]) == {"classification"} and set(found["seed"]) == {1}
    assert set(found["variant"]) == {"random_forest"}
