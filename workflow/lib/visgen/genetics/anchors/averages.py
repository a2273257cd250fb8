"""From the vectors of sequences to one average vector a taxon."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.genetics.anchors.options import AVERAGES
from visgen.genetics.vectors.files import SequenceVectors


def vectors_of_taxa(vectors: SequenceVectors, taxa: Sequence[str]) -> SequenceVectors:
    """Return the vectors of the sequences of some taxa, in their order.

    Raises
    ------
    ValueError
        If fewer than two of the taxa have a sequence, or a vector is zero or not finite.
    """
    kept = np.isin(vectors.taxa, np.asarray(taxa, dtype=str))
    found = sorted(set(vectors.taxa[kept].tolist()))
    if len(found) < 2:
        raise ValueError(
            f"{len(found)} of the {len(taxa)} taxa with images have an accepted sequence "
            f"{found}, expected at least 2. Taxa with images: {sorted(taxa)[:5]}; taxa with "
            f"sequences: {sorted(set(vectors.taxa.tolist()))[:5]}. Check inputs.sequence_rank and "
            "inputs.synonyms"
        )
    values = vectors.values[kept]
    unusable = ~(np.isfinite(values).all(axis=1) & values.any(axis=1))
    if unusable.any():
        name = str(vectors.names[kept][unusable][0])
        raise ValueError(f"the vector of sequence {name!r} is zero or not finite")
    return SequenceVectors(vectors.names[kept], vectors.taxa[kept], vectors.features, values)


def average_sequences(vectors: SequenceVectors, average: str) -> pd.DataFrame:
    """Average the vectors of the sequences of each taxon, coordinate by coordinate.

    Parameters
    ----------
    vectors : SequenceVectors
        (n_sequences, n_features).
    average : {"median", "mean"}
        The median resists a few sequences filed under the wrong taxon.

    Returns
    -------
    DataFrame, (n_taxa, n_features)
        Sorted by taxon, which is the index.

    Raises
    ------
    ValueError
        If the average is unknown or an average vector is zero.
    """
    if average not in AVERAGES:
        raise ValueError(f"average is {average!r}, expected one of {', '.join(AVERAGES)}")
    table = pd.DataFrame(vectors.values, columns=vectors.features)
    averages = table.groupby(vectors.taxa.astype(object)).agg(average).rename_axis("taxon")
    zero = ~averages.to_numpy().any(axis=1)
    if zero.any():
        raise ValueError(f"the {average} of the vectors of {averages.index[zero][0]!r} is zero")
    return averages


def describe_sequences(vectors: SequenceVectors, averages: pd.DataFrame) -> pd.DataFrame:
    """Count the sequences of each taxon and measure how far they lie from their average.

    Parameters
    ----------
    vectors : SequenceVectors
        (n_sequences, n_features).
    averages : DataFrame, (n_taxa, n_features)
        What `average_sequences` returns for them.

    Returns
    -------
    DataFrame
        Index taxon; n_sequences, and spread: mean cosine distance of the taxon's sequences to
        its average, in [0, 2], null for a single sequence.
    """
    own = averages.loc[vectors.taxa].to_numpy()  # (n_sequences, n_features)
    lengths = np.linalg.norm(vectors.values, axis=1) * np.linalg.norm(own, axis=1)
    cosines = np.einsum("sf,sf->s", vectors.values, own) / lengths
    distances = pd.Series(np.maximum(1 - cosines, 0.0))  # rounding may leave it just below 0
    by_taxon = distances.groupby(vectors.taxa.astype(object))
    n_sequences = by_taxon.size()
    spread = by_taxon.mean().where(n_sequences > 1)
    return pd.DataFrame({"n_sequences": n_sequences, "spread": spread}).rename_axis("taxon")
