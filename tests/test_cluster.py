"""The workflow on a cluster: a SLURM of one node, started and stopped here."""

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
from tiny_study import REPOSITORY, run_study

pytestmark = pytest.mark.slow

RUN = Path("/run/visgen-test-slurm")  # short enough for a socket, open to munge
NAMES = ("slurm.conf", "gres.conf")
HERE = Path(__file__).parent / "cluster"
# The commands inside a job look for the configuration here and nowhere else.
ETC = Path("/etc/slurm")
OURS = (HERE / "slurm.conf").read_text().splitlines()[0]
TARGET = "results/tiny/features/tiny/clean-0.parquet"


def why_not():
    """Return why a SLURM cannot be started here, or nothing."""
    missing = [name for name in ("munged", "slurmctld", "slurmd") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian packages slurm-wlm and munge)"
    if os.getuid() != 0:
        return "SLURM's daemons are started as root"
    for name in NAMES:
        if (ETC / name).exists() and OURS not in (ETC / name).read_text():
            return f"{ETC / name} belongs to another SLURM"
    return None


def wait_for(ready, folder, daemons, seconds=30):
    """Wait until ready() holds; fail with the daemons' own words where one stops or time is up."""
    end = time.monotonic() + seconds
    while not ready():
        stopped = [daemon.args[0] for daemon in daemons if daemon.poll() is not None]
        if stopped or time.monotonic() > end:
            said = [f"{log.name}:\n{log.read_text()[-2000:]}" for log in folder.glob("*.log")]
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
    shutil.rmtree(RUN, ignore_errors=True)
    for folder in (RUN, RUN / "state", RUN / "spool"):
        folder.mkdir(mode=0o755)
    key, munge_socket = RUN / "munge.key", RUN / "munge.socket"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    host = socket.gethostname().split(".")[0]
    for name in NAMES:
        text = Template((HERE / name).read_text()).substitute(host=host, folder=RUN)
        (ETC / name).write_text(text)
    daemons = []

    def start(name, *arguments):
        with (RUN / f"{name}.log").open("w") as log:
            daemons.append(subprocess.Popen([name, *arguments], stdout=log, stderr=log))

    try:
        munge_files = {"key": key, "pid": RUN / "munged.pid", "seed": RUN / "munged.seed"}
        files = [f"--{kind}-file={path}" for kind, path in munge_files.items()]
        start("munged", "--foreground", f"--socket={munge_socket}", *files)
        wait_for(munge_socket.exists, RUN, daemons)
        start("slurmctld", "-D")
        start("slurmd", "-D", "-N", host)
        wait_for(node_is_idle, RUN, daemons)
        yield
        subprocess.run(["scancel", "--user=root"], timeout=30)
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(timeout=30)
        for name in NAMES:
            (ETC / name).unlink()
        shutil.rmtree(RUN)


def jobs_of_slurm():
    """Return what SLURM knows of each job, by the name of its rule."""
    show = ["scontrol", "--oneliner", "--details", "show", "jobs"]
    lines = subprocess.run(show, check=True, capture_output=True, text=True).stdout.splitlines()
    jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
    return {job["Comment"]: job for job in jobs}


def test_jobs_reach_the_cluster_and_only_the_network_asks_for_a_gpu(slurm, tmp_path):
    profile = REPOSITORY / "workflow/profiles/slurm"
    arguments = [TARGET, "--workflow-profile", profile, "--slurm-no-account"]
    # Without an accounting database only squeue knows of jobs.
    arguments += ["--slurm-status-command", "squeue"]
    arguments += ["--slurm-init-seconds-before-status-checks", "3"]
    arguments += ["--seconds-between-status-checks", "3"]
    said = run_study(tmp_path, Path(sys.executable).with_name("snakemake"), arguments, os.environ)
    print(said)
    for k, v in jobs_of_slurm().items():
        print(k, v)
    assert 0
