"""A run that is killed again and again leaves the bytes of one that was not."""

import hashlib
import json
import math
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
    write_config,
)

pytestmark = pytest.mark.slow

# Two threads in a job, whatever its cores: their number is part of what decides the last bits.
STUDY = changed(TINY, "compute.threads", 2)
STUDY = changed(changed(STUDY, "splits.seeds", [1]), "naming", {"seeds": [1], "degraded": []})
N_KILLS, N_RUNS = 12, 3
# In the midst of these, whatever chance has.
KILLED = ("simulate_study", "train_variant", "write_report")
SIGNS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Runs:
    """Runs of a study in a folder, of processes that share what they have imported."""

    def __init__(self, folder, config, cores=2):
        folder.mkdir()
        self.folder = copy_workflow(folder)
        self.words = [*write_config(self.folder, config), "--cores", str(cores), "--nolock"]
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

    def kill_by_chance(self, chance, wanted, seconds, any_rule=True):
        """Start a run and kill it; return the rule that began last, None where the run ended.

        Rules that are wanted are killed soon after they have begun, others within so many seconds,
        if any rule will do.
        """
        group, n_jobs = self.start(), chance.choice((1, 1, 2, 3)) if any_rule else math.inf
        while self.is_alive(group):
            begun = self.begun()
            if set(begun) & wanted or len(begun) >= n_jobs:
                time.sleep(chance.uniform(0, 0.3 if set(begun) & wanted else seconds))
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

    def finish(self, group):
        """Wait for the run of a group, if any, and see that all is done."""
        while group is not None and self.is_alive(group):
            time.sleep(0.2)
        self.server.kill()
        output = self.output.read_text()
        # the last kill may have come when all was done
        assert re.search(r"\(100%\) done|Nothing to be done", output), output[-5000:]


def checksums(folder):
    """Return a checksum of every result, but of what a run says of itself."""
    results = folder / "results" / "tiny"
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.relative_to(results).parts[0] not in ("logs", "benchmarks")
    }


def in_a_row(killed):
    """Return how often the last rule was killed without another between."""
    return len(killed) - next(
        (i + 1 for i in reversed(range(len(killed))) if killed[i] != killed[-1]), 0
    )


def test_runs_that_are_killed_twelve_times_give_the_bytes_of_an_unbroken_one(tmp_path):
    # beside those that are killed, which wait more than they compute
    unbroken = Runs(tmp_path / "unbroken", STUDY, cores=1)
    whole = unbroken.start()
    chance, killed, studies = random.Random(1), [], []
    while len(killed) < N_KILLS or set(KILLED) - set(killed):
        assert len(studies) < N_RUNS, f"all studies ended after the kills in {killed}"
        studies.append(runs := Runs(tmp_path / str(len(studies)), STUDY))
        rule = ""
        while rule is not None and (len(killed) < N_KILLS or set(KILLED) - set(killed)):
            # a long job would never end if it always had to be done in as little time
            seconds = 0.5 * (1 + in_a_row(killed))
            wanted = set(KILLED) - set(killed)
            rule = runs.kill_by_chance(chance, wanted, seconds, len(killed) < N_KILLS)
            killed += [] if rule is None else [rule]
        runs.finish(None if rule is None else runs.start())
    unbroken.finish(whole)
    for runs in studies:
        assert checksums(runs.folder) == checksums(unbroken.folder)
