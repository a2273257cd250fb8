import os
import re
import signal
import subprocess
import time

import pandas as pd
import pytest
import yaml
from workflow_copy import REPOSITORY, TINY, changed, command, copy_workflow, run, run_jobs

pytestmark = pytest.mark.slow

SHARED = REPOSITORY.parent / "shared"

METRICS = "results/tiny/report/metrics.tsv"
# Two threads in a job, whatever its cores: their number is part of what decides the last bits.
STUDY = changed(TINY, "compute.threads", 2)


# How a run is killed, after how many jobs have begun, and how many seconds into the last of them.
KILLS = (
    (signal.SIGKILL, 8, 2),
    (signal.SIGINT, 9, 3),
)


def kill(folder, sign, n_jobs, seconds):
    """Start the study on two cores, and kill all its processes in the midst of a job."""
    process = subprocess.Popen(
        command(folder, STUDY, "--cores", "2", METRICS),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Shells let what runs in the background ignore it, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    begun = 0
    for line in process.stdout:
        begun += bool(re.match(r"(local)?rule \w+:", line))
        if begun == n_jobs:
            break
    assert begun == n_jobs, "the study ended before it was killed"
    time.sleep(seconds)
    os.killpg(process.pid, sign)
    process.communicate()
    time.sleep(1)


def test_two_cores_and_killed_runs_give_the_bytes_of_one_core(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = copy_workflow(tmp_path / "one")
    run_jobs(one, STUDY, METRICS, cores=1)
    folder = copy_workflow(tmp_path / "two")
    for way in KILLS:
        kill(folder, *way)
        unlocked = run(folder, STUDY, "--cores", "1", "--unlock")
        assert unlocked.returncode == 0, unlocked.stdout
    done = run(folder, STUDY, "--cores", "2", METRICS)
    assert done.returncode == 0, done.stdout
    assert (folder / METRICS).read_bytes() == (one / METRICS).read_bytes()


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
    assert "No agreement is shown." in page and "No signal is shown" in page
    assert "Look follows descent" not in page
