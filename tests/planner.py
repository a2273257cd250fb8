"""Snakemake kept loaded: every command line runs in a fork of one process, which spares imports.

As a program it reads lines of JSON, each the words of a command line, and answers each with a line
of JSON: the exit status, and what was written to both streams.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from workflow_copy import run_environment


class Planner:
    """A process in a folder of the workflow, for command lines that run no job.

    Rules, configuration, files and their dates are read anew by each. The library's modules that
    plan are those of the beginning.
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
    """Import what every run imports, and parse the modules that scripts reach."""
    importlib.import_module("snakemake.cli").get_argument_parser()  # it imports the plugins
    for name in ("nbformat", "smart_open"):  # what Snakemake imports only where it needs them
        importlib.import_module(name)
    sys.path.insert(0, "workflow/lib")
    for name in ("plan", "reading", "schema"):
        importlib.import_module(f"visgen.configuration.{name}")
    code = importlib.import_module("visgen.configuration.code")
    for script in Path("workflow/scripts").glob("*.py"):
        code.reached_modules(script, Path("workflow/lib"))


def run_in_fork(words):
    """Return the exit status and the output of Snakemake in a fork of this process."""
    main = importlib.import_module("snakemake.cli").main
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                main(words)
            except SystemExit as end:
                status = int(end.code or 0)
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
