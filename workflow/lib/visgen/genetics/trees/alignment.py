"""Sequences brought to one length, so that a column holds the same site of all of them."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from Bio.SeqIO.FastaIO import SimpleFastaParser

from visgen.genetics.sequences.accepted import Sequence, read_accepted
from visgen.genetics.trees.options import ALIGNERS, CHOICES
from visgen.genetics.trees.programs import find_program, run_program, write_neutral
from visgen.genetics.trees.representatives import choose_representatives

_KEY = "genetics.alignment.aligner"


def align(
    sequences: Iterable[Sequence], aligner: str, choice: str, *, threads: int
) -> tuple[list[Sequence], pd.DataFrame]:
    """Align sequences, or check that they are aligned.

    Parameters
    ----------
    sequences
        The accepted sequences.
    aligner : {"mafft", "none"}
        ``mafft`` takes the gaps out and aligns anew (Katoh & Standley 2013); ``none`` keeps the
        user's alignment.
    choice : {"representative", "all"}
        One sequence a taxon (`choose_representatives`), or all.
    threads
        Of the aligner.

    Returns
    -------
    alignment
        Sequences of one length, in the order given.
    representatives
        As `choose_representatives` returns it.

    Raises
    ------
    ValueError
        If a choice is unknown, there are fewer than two sequences, the sequences have several
        lengths (``none``), or the aligner is missing or fails.
    """
    for key, value, known in ((_KEY, aligner, ALIGNERS), ("...sequences", choice, CHOICES)):
        if value not in known:
            key = key.replace("...", "genetics.alignment.")
            raise ValueError(f"config key {key} is {value!r}, expected one of {', '.join(known)}")
    sequences = list(sequences)
    representatives = choose_representatives(sequences)
    match choice:
        case "representative":
            chosen = set(representatives["name"])
            sequences = [one for one in sequences if one.name in chosen]
        case "all":
            pass
    if len(sequences) < 2:
        raise ValueError(f"{len(sequences)} sequences to align, expected at least 2")
    match aligner:
        case "mafft":
            sequences = _run_mafft(sequences, threads)
        case "none":
            _check_lengths(sequences, f"config key {_KEY} is none")
    return sequences, representatives


def mafft_command(program: str, threads: int, path: str) -> list[str]:
    """Return the command that aligns a FASTA; the alignment comes on standard output.

    ``--auto`` chooses the algorithm by the size of the data. Iterative refinement is the step
    whose result depends on the race between threads, hence none there.
    """
    parallel = ["--thread", str(threads), "--threadit", "0"]
    return [program, "--auto", "--nuc", *parallel, path]


def read_alignment(path: str | Path) -> list[Sequence]:
    """Read an alignment.

    Parameters
    ----------
    path
        FASTA with headers ``>name taxon``.

    Returns
    -------
    list of Sequence
        In the order of the file.

    Raises
    ------
    ValueError
        If the file holds fewer than two sequences or their lengths differ.
    """
    sequences = list(read_accepted(path))
    if len(sequences) < 2:
        raise ValueError(f"{path}: {len(sequences)} sequences, expected at least 2")
    _check_lengths(sequences, f"{path} is no alignment")
    return sequences


def _run_mafft(sequences: list[Sequence], threads: int) -> list[Sequence]:
    program = find_program(["mafft"], _KEY, "mafft")
    bare = [one._replace(bases=one.ungapped) for one in sequences]
    with TemporaryDirectory() as folder:
        names = write_neutral(Path(folder) / "sequences.fasta", bare)
        output = Path(folder) / "alignment.fasta"
        run_program(mafft_command(program, threads, "sequences.fasta"), folder, output)
        with output.open(encoding="ascii") as file:
            aligned = {names[name]: bases.upper() for name, bases in SimpleFastaParser(file)}
    result = [one._replace(bases=aligned[one.name]) for one in bare]
    for before, after in zip(bare, result, strict=True):
        if after.ungapped != before.bases:
            raise ValueError(f"mafft changed the bases of sequence {before.name!r}")
    return result


def _check_lengths(sequences: list[Sequence], what: str) -> None:
    shortest = min(sequences, key=lambda one: len(one.bases))
    longest = max(sequences, key=lambda one: len(one.bases))
    if len(shortest.bases) < len(longest.bases):
        raise ValueError(
            f"{what}, but lengths, gaps included, differ: the shortest is {shortest.name!r} with "
            f"{len(shortest.bases)}, the longest {longest.name!r} with {len(longest.bases)}. "
            f"Bring an alignment, or set {_KEY} to mafft"
        )
