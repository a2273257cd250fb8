"""Running the programs of other people: finding them, their log, and what their failure says."""

import logging
import shutil
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from visgen.genetics.sequences.accepted import Sequence as AcceptedSequence

logger = logging.getLogger(__name__)
_LAST_LINES = 10


def find_program(commands: Sequence[str], key: str, package: str) -> str:
    """Return the first of some commands that is on the PATH.

    Parameters
    ----------
    commands
        Names under which the program is known, the preferred one first.
    key
        The config key that asks for it.
    package
        Its name in the conda channel bioconda and, where it is there, in Debian.

    Returns
    -------
    str
        The full path.

    Raises
    ------
    ValueError
        If none is there.
    """
    for command in commands:
        if found := shutil.which(command):
            return found
    raise ValueError(
        f"config key {key} needs the command {' or '.join(commands)}, which is not on the PATH. "
        f"Let Snakemake install it (--software-deployment-method conda), or install the package "
        f"{package} yourself, from bioconda or your Linux distribution"
    )


def run_program(
    command: Sequence[str], folder: str | Path, output: str | Path | None = None
) -> None:
    """Run a program to its end; what it says goes to the log.

    Parameters
    ----------
    command
        The program and its arguments.
    folder
        Where it runs.
    output
        A file for its standard output; the log when not given.

    Raises
    ------
    ValueError
        If it ends with an error: the command, its exit status and its last lines.
    """
    logger.info("%s", " ".join(command))
    last = deque(maxlen=_LAST_LINES)
    with Path(output).open("wb") if output else nullcontext(subprocess.PIPE) as stdout:
        # Without a file for its results, all that a program prints is news for the log.
        stderr = subprocess.PIPE if output else subprocess.STDOUT
        pipes = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": stderr}
        with subprocess.Popen(command, cwd=folder, **pipes) as process:
            for line in process.stderr if output else process.stdout:
                # A progress line overwrites itself; only its last state is of use.
                text = line.decode("utf-8", errors="replace").rstrip().rpartition("\r")[2]
                logger.info("%s", text)
                if text.strip():
                    last.append(text)
    if process.returncode:
        said = "\n".join(last) or "nothing"
        raise ValueError(
            f"{Path(command[0]).name} failed with exit status {process.returncode}. The command "
            f"was: {' '.join(command)}. The last lines that it said:\n{said}"
        )


def write_neutral(path: str | Path, sequences: Sequence[AcceptedSequence]) -> dict[str, str]:
    """Write a FASTA with names that no program stumbles over.

    Names of sequences may hold bars, quotes and brackets, which mean something in the formats
    that programs write.

    Parameters
    ----------
    path
        The file to write.
    sequences
        In the order of the file.

    Returns
    -------
    dict
        The name of the sequence behind each neutral name: ``s0001``, ``s0002``, ...
    """
    names = {f"s{number:04d}": one.name for number, one in enumerate(sequences, start=1)}
    with Path(path).open("w", encoding="ascii", newline="\n") as file:
        for neutral, one in zip(names, sequences, strict=True):
            file.write(f">{neutral}\n{one.bases}\n")
    return names
