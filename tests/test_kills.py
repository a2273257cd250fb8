"""A run that is killed again and again leaves the bytes of one that was not."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from workflow_copy import (
    FORKED_JOBS,
    TINY,
    changed,
    copy_workflow,
    run_environment,
    run_jobs,
    write_config,
)

pytestmark = pytest.mark.slow

# Two threads in a job, whatever its cores: their number is part of what decides the last bits.
STUDY = changed(TINY, "compute.threads", 2)
N_KILLS = 40
# In the midst of these, whatever chance has.
KILLED = ("simulate_study", "train_variant", "write_report")
SIGNS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Runs:
    """Runs of a study in a folder, of processes that share what they have imported."""

    def __init__(self, folder, config):
        self.folder = copy_workflow(folder)
        self.words = [*write_config(self.folder, config), "--cores", "2", "--nolock"]
        self.output = self.folder / "output"
        self.server = subprocess.Popen(
            [sys.executable, FORKED_JOBS, "--runs"],
            cwd=self.folder,
            env=run_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self):
        """Start a run, and return the number of its group."""
        self.output.write_text("")
        self.server.stdin.write(json.dumps([self.words, str(self.output)]) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def begun(self):
        """Return the rules of the jobs that have begun."""
        rules = r"^(?:localrule|localcheckpoint|rule|checkpoint) (\w+):"
        return re.findall(rules, self.output.read_text(), re.M)

    def is_alive(self, group):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True

    def kill_by_chance(self, chance, wanted):
        """Start a run and kill it; return the rule that began last, None where the run ended.

        Rules that are wanted are killed as soon as they have begun.
        """
        group, n_jobs = self.start(), chance.choice((1, 1, 2, 3))
        while self.is_alive(group):
            begun = self.begun()
            if set(begun) & wanted or len(begun) >= n_jobs:
                time.sleep(chance.uniform(0, 0.3 if set(begun) & wanted else 2))
                break
            time.sleep(0.02)
        if not self.is_alive(group):
            return None
        begun = self.begun()
        os.killpg(group, chance.choice(SIGNS))
        time.sleep(0.5)
        if self.is_alive(group):  # what was asked to end may take its time
            time.sleep(1.5)
        if self.is_alive(group):
            os.killpg(group, signal.SIGKILL)
        return (set(begun) & wanted or {begun[-1]}).pop()


def checksums(folder):
    """Return a checksum of every result, but of what a run says of itself."""
    results = folder / "results" / "tiny"
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.relative_to(results).parts[0] not in ("logs", "benchmarks")
    }


def test_a_run_that_is_killed_forty_times_gives_the_bytes_of_an_unbroken_one(tmp_path):
    chance, killed = random.Random(1), []
    (tmp_path / "killed").mkdir()
    runs = Runs(tmp_path / "killed", STUDY)
    while len(killed) < N_KILLS or set(KILLED) - set(killed):
        rule = runs.kill_by_chance(chance, set(KILLED) - set(killed))
        assert rule is not None, f"the study ended after the kills in {killed}"
        killed.append(rule)
    group = runs.start()
    while runs.is_alive(group):
        time.sleep(0.2)
    output = runs.output.read_text()
    runs.server.kill()
    assert "(100%) done" in output, output[-5000:]
    (tmp_path / "unbroken").mkdir()
    unbroken = copy_workflow(tmp_path / "unbroken")
    run_jobs(unbroken, STUDY, cores=1)
    assert checksums(runs.folder) == checksums(unbroken)
