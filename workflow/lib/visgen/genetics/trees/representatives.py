"""One sequence a taxon: the one that says most."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from visgen.genetics.sequences.accepted import Sequence


def choose_representatives(sequences: Iterable[Sequence]) -> pd.DataFrame:
    """Choose for each taxon the sequence with most unambiguous bases.

    Parameters
    ----------
    sequences
        Any number a taxon.

    Returns
    -------
    DataFrame
        One row a taxon, sorted: taxon, name (of the sequence; of equals the first by name),
        length (bases without gaps) and n_sequences (of the taxon).
    """
    sequences = list(sequences)
    counts = Counter(one.taxon for one in sequences)
    best = {}
    for one in sorted(sequences, key=lambda one: (-_unambiguous(one.bases), one.name)):
        best.setdefault(one.taxon, one)
    rows = [
        (taxon, best[taxon].name, len(best[taxon].ungapped), counts[taxon])
        for taxon in sorted(best)
    ]
    return pd.DataFrame(rows, columns=["taxon", "name", "length", "n_sequences"])


def _unambiguous(bases: str) -> int:
    return sum(bases.count(base) for base in "ACGT")
