"""The workflow on a cluster: a SLURM of one node, started and stopped here."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from string import Template

import pandas as pd
import pytest
from workflow_copy import REPOSITORY, TINY, changed, rules_of, write_config

HERE = Path(__file__).parent / "cluster"
PROFILE = REPOSITORY / "workflow/profiles/slurm"
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
SOCKETS = Path("/run/visgen-test-slurm")  # short enough for a socket, open to munge
# The commands inside a job look for the configuration here and nowhere else.
ETC = Path("/etc/slurm")
NAMES = ("slurm.conf", "gres.conf")
OURS = (HERE / "slurm.conf").read_text().splitlines()[0]


def why_not():
    """Return why SLURM cannot be started here, or nothing."""
    missing = [name for name in ("munged", "slurmctld", "slurmd") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian packages slurm-wlm and munge)"
    if os.getuid() != 0:
        return "SLURM's daemons have to be started as root"
    for name in NAMES:
        if (ETC / name).exists() and OURS not in (ETC / name).read_text():
            return f"{ETC / name} belongs to another SLURM"
    return None


def wait_for(ready, daemons, seconds=30):
    """Wait until ready() holds; fail with the daemons' own words where one stops or time is up."""
    end = time.monotonic() + seconds
    while not ready():
        stopped = [daemon.args[0] for daemon in daemons if daemon.poll() is not None]
        if stopped or time.monotonic() > end:
            said = [f"{log.name}: {log.read_text()[-2000:]}" for log in SOCKETS.glob("*.log")]
            pytest.fail("\n".join([f"SLURM did not start; stopped: {stopped}", *sorted(said)]))
        time.sleep(0.2)


def node_is_idle():
    """Return whether the controller answers and its node takes jobs."""
    sinfo = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
    return sinfo.stdout.strip() == "idle"


@pytest.fixture
def slurm():
    """Start munged, slurmctld and slurmd; afterwards stop them and take their files away."""
    if reason := why_not():
        pytest.skip(reason)
    shutil.rmtree(SOCKETS, ignore_errors=True)
    for folder in (SOCKETS, SOCKETS / "state", SOCKETS / "spool"):
        folder.mkdir(mode=0o755)
    key, munge = SOCKETS / "munge.key", SOCKETS / "munge.socket"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    host = socket.gethostname().split(".")[0]
    daemons = []

    def start(name, *arguments):
        with (SOCKETS / f"{name}.log").open("w") as log:
            daemons.append(subprocess.Popen([name, *arguments], stdout=log, stderr=log))

    try:
        ETC.mkdir(exist_ok=True)
        for name in NAMES:
            text = Template((HERE / name).read_text()).substitute(host=host, folder=SOCKETS)
            (ETC / name).write_text(text)
        files = {"key": key, "pid": SOCKETS / "munged.pid", "seed": SOCKETS / "munged.seed"}
        options = [f"--{kind}-file={path}" for kind, path in files.items()]
        start("munged", "--foreground", f"--socket={munge}", *options)
        wait_for(munge.exists, daemons)
        start("slurmctld", "-D")
        start("slurmd", "-D", "-N", host)
        wait_for(node_is_idle, daemons)
        yield
        subprocess.run(["scancel", "--user=root"], timeout=30)  # what a failed test left running
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(timeout=30)
        for name in NAMES:
            (ETC / name).unlink(missing_ok=True)
        shutil.rmtree(SOCKETS)


def jobs_of_slurm():
    """Return what SLURM knows of every job, by the names of its group and rules."""
    show = ["scontrol", "--oneliner", "show", "jobs"]
    lines = subprocess.run(show, check=True, capture_output=True, text=True).stdout.splitlines()
    jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
    return {re.match(r"rule_(\w+?)(?:_wildcards|$)", job["Comment"])[1]: job for job in jobs}


def submissions(folder, *words):
    """Return what the whole tiny study would submit, a dict each."""
    write_config(folder, TINY)
    command = [sys.executable, HERE / "submissions.py", "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--directory", folder, "--configfile", folder / "study.yaml"]
    command += ["--workflow-profile", PROFILE, *words]
    # Groups have to be the same in whatever order Snakemake takes its jobs.
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-10_000:]
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def test_a_whole_study_is_at_most_15_submissions_and_only_some_ask_for_a_gpu(tmp_path):
    submitted = submissions(tmp_path, "--attempt", 2)
    assert len(submitted) <= 15
    jobs = [job for submission in submitted for job in submission["jobs"]]
    assert len(jobs) == len(set(jobs)), "a job is submitted twice"
    bodies = {
        name: body
        for path in (REPOSITORY / "workflow/rules").glob("*.smk")
        for name, body in rules_of(path).items()
    }
    for submission in submitted:
        asks = any("gpu=" in bodies[rule] for rule in submission["rules"])
        assert submission["gpu"] == int(asks), submission["rules"]
    naming = next(asked for asked in submitted if asked["rules"] == ["train_naming"])
    assert (naming["mem_mb"], naming["runtime"]) == (32_000, 240)  # twice the first attempt's


@pytest.mark.slow
def test_the_profile_submits_chains_and_asks_for_a_gpu_where_it_is_used(slurm, tmp_path):
    target = "results/tiny/features/tiny/clean-0.parquet"
    write_config(tmp_path, changed(TINY, "backbones.tiny.weights", "none"))
    command = [SNAKEMAKE, target, "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--directory", tmp_path, "--configfile", tmp_path / "study.yaml"]
    command += ["--workflow-profile", PROFILE]
    # No accounting here: jobs have no account, and only squeue knows of them.
    command += ["--slurm-no-account", "--slurm-status-command", "squeue"]
    command += ["--slurm-init-seconds-before-status-checks", 3]
    command += ["--seconds-between-status-checks", 3]
    # The folder of the feature store is relative, so nothing outside tmp_path is written.
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    jobs = jobs_of_slurm()
    assert run.returncode == 0, run.stderr[-10_000:]
    asked = ("JobState", "TresPerJob", "TimeLimit")
    assert {rules: tuple(map(job.get, asked)) for rules, job in jobs.items()} == {
        # A group and its rules; one follows the other, which takes 60 and 240 minutes at most.
        "ingest_ingest_specimens_simulate_study": ("COMPLETED", None, "05:00:00"),
        "features_extract_features": ("COMPLETED", "gres:gpu:1", "01:30:00"),
    }
    features = pd.read_parquet(tmp_path / target)
    specimens = pd.read_parquet(tmp_path / "results/tiny/specimens/specimens.parquet")
    assert sorted(features["id"]) == sorted(specimens["id"])
