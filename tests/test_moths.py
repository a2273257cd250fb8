"""Real moths under real weights: told apart by them, and no agreement with their tree."""

import re

import pandas as pd
import pytest
import yaml
from workflow_copy import REPOSITORY, copy_workflow, run_jobs

pytestmark = pytest.mark.slow

SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="module")
def moths(tmp_path_factory):
    if not (SHARED / "data" / "moths").is_dir() or not (SHARED / "weights").is_dir():
        pytest.skip(f"the moths or the weights are not in {SHARED}")
    beside = tmp_path_factory.mktemp("moths")
    (beside / "visgen").mkdir()
    folder = copy_workflow(beside / "visgen")
    (beside / "shared").symlink_to(SHARED)
    config = yaml.safe_load((REPOSITORY / "config" / "moths.yaml").read_text())
    config["splits"]["seeds"] = [1, 2]
    del config["backbones"]["fused"]
    config["embedding"]["refits"] = 39
    kept = ("random_forest", "most_frequent")
    classifiers = config["classification"]["classifiers"]
    config["classification"]["classifiers"] = {name: classifiers[name] for name in kept}
    config["classification"]["ranks"] = ["family"]
    config["naming"] = None
    config["classification"]["classifiers"]["random_forest"]["trees"] = 30
    run_jobs(folder, config)
    return folder / "results" / "moths"


def test_moths_are_split_at_family_with_a_test_part(moths):
    specimens = pd.read_parquet(moths / "specimens" / "specimens.parquet").set_index("id")
    assert len(specimens) == 320
    parts = pd.read_csv(moths / "splits" / "seed-1.tsv", sep="\t", index_col="id")["split"]
    n_families = specimens["family"][parts == "test"].nunique()
    assert n_families == 17  # those with three images or more


def test_moths_are_told_apart_by_trained_but_not_by_untrained_features(moths):
    scores = pd.read_csv(moths / "report" / "metrics.tsv", sep="\t")
    family = scores[
        (scores["rank"] == "family")
        & (scores["part"] == "test")
        & (scores["evaluator"] == "independent")
        & (scores["role"] == "score")
        & (scores["metric"] == "balanced_accuracy")
        & (scores["variant"] == "random_forest")
    ]
    mean = family.groupby("backbone")["value"].mean()
    assert mean["mobilenetv2"] > 2 * mean["untrained"]


def test_moths_show_no_agreement_with_the_tree_and_the_report_says_so(moths):
    metrics = pd.read_csv(moths / "report" / "metrics.tsv", sep="\t")
    scores = metrics[metrics["role"] == "score"]
    pearson = scores[scores["metric"] == "pearson"]
    mantel = pearson[pearson["evaluator"] == "mantel"]
    assert (mantel["n"] == 16).all() and len(mantel) == 4  # two backbones, mean and random
    # Agreement takes both tests.
    both = pearson[pearson["evaluator"].isin(["mantel", "dealt_specimens"])]
    claims = both.pivot_table("p", ["backbone", "variant"], "evaluator")
    assert len(claims) == 2
    assert (claims.max(axis=1) > 0.05).all()
    # So does a signal for families that guidance has not seen: it takes both scores.
    held_out = scores[(scores["evaluator"] == "held_out_tips") & (scores["variant"] == "projected")]
    by_score = held_out.pivot_table("p", "backbone", ["part", "metric"])
    verdict = [("held_out_known", "pearson_double_centred"), ("held_out_held_out", "pearson")]
    assert len(by_score) == 2
    assert (by_score[verdict].max(axis=1) > 0.05).all()
    omitted = pd.read_csv(moths / "embedding" / "folds.omitted.tsv", sep="\t")
    assert omitted["evaluator"].tolist() == ["held_out_clades"]  # all moths are of one order
    page = (moths / "report" / "report.html").read_text()
    claims = r"That look follows descent is not shown|Whether look follows descent (?:is|cannot)"
    assert re.search(claims, page)
    assert "Look follows descent" not in page
