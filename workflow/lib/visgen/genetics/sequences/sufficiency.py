"""Whether the sequences of a file can carry a study at all."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from visgen.genetics.sequences.nucleotides import foreign_letters, hint_at

MIN_SEQUENCES = 2


def check_nucleotides(path: str | Path, sequences: Iterable[str]) -> None:
    """Stop at a file in which no record is a nucleotide sequence.

    Parameters
    ----------
    path : path
        The file, for the message.
    sequences : iterable of str
        In the form of `visgen.genetics.sequences.nucleotides.normalise_bases`.

    Raises
    ------
    ValueError
        If there are records with letters, and all hold letters that are no nucleotides.
    """
    found, n_records = set(), 0
    for bases in sequences:
        if bases.replace("-", ""):
            letters = foreign_letters(bases)
            if not letters:
                return
            found.update(letters)
            n_records += 1
    if n_records:
        letters = "".join(sorted(found))
        hint = f"{hint}, " if (hint := hint_at(letters)) else ""
        raise ValueError(
            f"{path}: all {n_records} records hold letters that are no nucleotides ({letters}): "
            f"{hint}expected DNA or RNA in the letters of IUPAC"
        )


def check_written_out(path: str | Path, lengths: Sequence[int], dots: Sequence[int]) -> None:
    """Stop at an alignment in which ``.`` stands for the base of the first sequence.

    ``.`` is also a gap in some files. It is taken for such a base where the records are of one
    length, the first has none, and most of the others are ``.`` for at least half of it.

    Parameters
    ----------
    path : path
        The file, for the message.
    lengths, dots : sequence of int, (n_records,)
        Letters of each record, gaps included, and how many of them are ``.``.

    Raises
    ------
    ValueError
        In this case, since the bases are not there to be read.
    """
    if len(set(lengths)) != 1 or dots[0]:
        return
    n_alike = sum(2 * n >= lengths[0] > 0 for n in dots)
    if 2 * n_alike > len(dots) - 1:
        raise ValueError(
            f"{path}: in {n_alike} of {len(dots)} records at least half of the letters are '.', "
            "which the first record has not: where it stands for the base of the first, write the "
            "bases out; where it is a gap, write '-'"
        )


def check_sufficient(path: str | Path, table: pd.DataFrame) -> None:
    """Stop where too few sequences are accepted.

    Parameters
    ----------
    path : path
        The file, for the message.
    table : DataFrame
        As `visgen.genetics.sequences.ingest.ingest` returns it.

    Raises
    ------
    ValueError
        If fewer than two sequences are accepted, with the reasons.
    """
    accepted = table[table["status"] == "accepted"]
    if len(accepted) < MIN_SEQUENCES:
        raise ValueError(
            f"{path}: {len(accepted)} of {len(table)} sequences accepted, expected at least "
            f"{MIN_SEQUENCES}: {_reasons(table)}"
        )


def _reasons(table: pd.DataFrame) -> str:
    """Return, for a message, how often each reason was given, with the first example."""
    refused = table[table["status"] == "refused"]
    counts = refused["reason"].value_counts().rename("n").reset_index()
    lines = []
    for reason, n in counts.sort_values(["n", "reason"], ascending=[False, True]).to_numpy():
        first = refused[refused["reason"] == reason].iloc[0]
        lines.append(f"{reason}: {n}, such as row {first['row']}: {first['detail']}")
    return "; ".join(lines) or "there are no others"
