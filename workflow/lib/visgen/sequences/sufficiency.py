"""Whether the sequences of a file can carry a study at all."""

from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd

from visgen.sequences.nucleotides import foreign_letters

MIN_SEQUENCES = 2
_N_EXAMPLES = 5


def check_nucleotides(path: str | Path, sequences: Iterable[str]) -> None:
    """Stop at a file in which no record is a nucleotide sequence.

    Parameters
    ----------
    path : path
        The file, for the message.
    sequences : iterable of str
        In the form of `visgen.sequences.nucleotides.normalise_bases`.

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
        raise ValueError(
            f"{path}: all {n_records} records hold letters that are no nucleotides "
            f"({''.join(sorted(found))}): it looks like protein, expected DNA or RNA in the "
            "letters of IUPAC"
        )


def check_sufficient(path: str | Path, table: pd.DataFrame, study_taxa: Collection[str]) -> None:
    """Stop where too few sequences are accepted, or none is of a taxon with images.

    Parameters
    ----------
    path : path
        The file, for the message.
    table : DataFrame
        As `visgen.sequences.ingest.ingest` returns it.
    study_taxa : collection of str
        Taxa of the accepted images.

    Raises
    ------
    ValueError
        If fewer than two sequences are accepted, with the reasons, or if no accepted sequence
        belongs to a taxon of the study, with names of both sides.
    """
    accepted = table[table["status"] == "accepted"]
    if len(accepted) < MIN_SEQUENCES:
        raise ValueError(
            f"{path}: {len(accepted)} of {len(table)} sequences accepted, expected at least "
            f"{MIN_SEQUENCES}{_reasons(table)}"
        )
    if not accepted["in_study"].any():
        taxa = sorted(set(accepted["taxon"]))
        study = sorted(study_taxa)
        raise ValueError(
            f"{path}: no taxon has both accepted sequences and accepted images. Of the sequences "
            f"({len(taxa)}): {taxa[:_N_EXAMPLES]}; of the images ({len(study)}): "
            f"{study[:_N_EXAMPLES]}. Check the config keys inputs.sequence_pattern or "
            "inputs.sequence_table, inputs.sequence_rank and inputs.synonyms"
        )


def _reasons(table: pd.DataFrame) -> str:
    """Return, for a message, how often each reason was given, with the first example."""
    refused = table[table["status"] == "refused"]
    counts = refused["reason"].value_counts().rename("n").reset_index()
    lines = []
    for reason, n in counts.sort_values(["n", "reason"], ascending=[False, True]).to_numpy():
        first = refused[refused["reason"] == reason].iloc[0]
        lines.append(f"\n  {reason}: {n}, such as row {first['row']}: {first['detail']}")
    return "".join(lines)
