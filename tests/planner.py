"""Snakemake kept loaded: each command line runs in a fork of one process, and pays no imports.

As a program it reads a line of JSON, a list of words for Snakemake, and answers with a line of
JSON, the exit status and what was written to both streams; a study's folder is its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from workflow_copy import run_environment


class Planner:
    """A process with Snakemake and the library of one folder loaded, for dry runs alone.

    What it plans is read anew from the folder each time: the configuration, the rules and the
    dates of all files.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=folder,
            env=run_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Run Snakemake to its end, its output in one text."""
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        status, output = json.loads(self.process.stdout.readline())
        return subprocess.CompletedProcess(words, status, output)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait(10)


def load():
    """Import what every run imports, and parse the library once."""
    import importlib

    from snakemake.cli import get_argument_parser

    get_argument_parser()  # imports the plugins
    sys.path.insert(0, "workflow/lib")
    for name in ("configuration.plan", "configuration.reading", "checks.files"):
        importlib.import_module(f"visgen.{name}")
    from visgen.configuration.code import reached_modules

    for script in Path("workflow/scripts").glob("*.py"):
        reached_modules(script, Path("workflow/lib"))


def run_in_fork(words):
    """Return the exit status and the output of Snakemake, run in a fork of this process."""
    from snakemake.cli import main

    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                main(words)
            except SystemExit as exit:
                status = exit.code
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode()


if __name__ == "__main__":
    load()
    for line in sys.stdin:
        print(json.dumps(run_in_fork(json.loads(line))), flush=True)
