"""Distances as squares, for correlations of all pairs at once."""

import numpy as np
from scipy.stats import rankdata

from visgen.scikit_bio import DistanceMatrix


def centred_square(matrix: DistanceMatrix, method: str) -> np.ndarray:
    """Return the distances, or their ranks among all pairs, as a square centred on zero."""
    upper = np.triu_indices(len(matrix.ids), k=1)
    pairs = matrix.data[upper]
    pairs = rankdata(pairs) if method == "spearman" else pairs
    return square_of(pairs - pairs.mean(), upper, len(matrix.ids))


def square_of(pairs: np.ndarray, where: tuple | np.ndarray, n_taxa: int) -> np.ndarray:
    """Return a symmetric (n_taxa, n_taxa) with the pairs where told and zero elsewhere."""
    square = np.zeros((n_taxa, n_taxa))
    square[where] = pairs
    return square + square.T
