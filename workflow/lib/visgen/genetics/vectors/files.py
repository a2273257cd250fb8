"""Vectors of sequences on disk (npz): values with names of sequences, taxa and features."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from visgen.spellings import match_case


@dataclass(frozen=True)
class SequenceVectors:
    """One vector a sequence.

    Attributes
    ----------
    names : ndarray of str, (n_sequences,)
        Names of the sequences.
    taxa : ndarray of str, (n_sequences,)
        The taxon of each.
    features : ndarray of str, (n_features,)
        What each value counts: ``AC>GT`` for the step from symbol AC to GT, or a k-mer.
    values : ndarray of float64, (n_sequences, n_features)
        The vectors.
    """

    names: np.ndarray
    taxa: np.ndarray
    features: np.ndarray
    values: np.ndarray


def write_vectors(path: str | Path, vectors: SequenceVectors) -> None:
    """Write vectors; the same vectors give the same bytes."""
    np.savez(
        path,
        name=vectors.names.astype(str),
        taxon=vectors.taxa.astype(str),
        feature=vectors.features.astype(str),
        values=vectors.values,
    )


def read_vectors(path: str | Path) -> SequenceVectors:
    """Read what `write_vectors` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return SequenceVectors(*(stored[key] for key in ("name", "taxon", "feature", "values")))


def read_study_vectors(path: str | Path, study_taxa: Iterable[str]) -> SequenceVectors:
    """Read vectors; their taxa are spelled as the study's, where they differ in case only."""
    vectors = read_vectors(path)
    used = match_case(vectors.taxa.tolist(), study_taxa, str(path))
    return replace(vectors, taxa=np.array([used[taxon] for taxon in vectors.taxa.tolist()], str))
