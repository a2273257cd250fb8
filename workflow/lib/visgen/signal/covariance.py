"""How traits of taxa covary by descent, from phylogenetic distances."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import helmert

#: Scale of Brownian motion: no pull to any value, so that even far relatives covary.
BROWNIAN = np.inf
#: Distances over which likeness falls to 1/e, as shares of the median distance.
SCALES = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 1.6, BROWNIAN)
_TIED = 1e-9  # as a share of the largest distance


class Covariance(NamedTuple):
    """Covariance of taxa by descent, of variance 1.

    Attributes
    ----------
    values
        (n_taxa, n_taxa).
    clipped
        Share of the summed sizes of the eigenvalues that were negative, and are zero now.
    """

    values: np.ndarray
    clipped: float


def phylogenetic_covariance(distances: np.ndarray, scale: float) -> Covariance:
    """Return how taxa covary by descent.

    exp(−d/s), as of an Ornstein-Uhlenbeck process that has come to rest (Hansen 1997), or, of the
    scale `BROWNIAN`, 1 − d / max(d), that of Brownian motion along an ultrametric tree whose root
    lies as deep as its deepest split.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa), symmetric.
    scale
        s, as a share of the median distance; `BROWNIAN` is its limit.

    Raises
    ------
    ValueError
        If all distances are the same, half of them are 0, or a scale is not positive.

    Notes
    -----
    Only differences between taxa are ever looked at, since the mean is estimated. So eigenvalues
    are clipped of the covariance of contrasts alone: there −d/2 is the covariance of Brownian
    motion along any tree, ultrametric or not and wherever its root is. exp(−d/s) has negative
    ones only where the distances are not those along a tree.
    """
    pairs = distances[np.triu_indices(len(distances), k=1)]
    if np.ptp(pairs) <= _TIED * pairs.max():
        raise ValueError(
            f"every pair of taxa has the same phylogenetic distance {pairs[0]:g} (a star tree?): "
            "none is a nearer relative than another"
        )
    if not scale > 0:
        raise ValueError(f"scale is {scale}, expected above 0")
    if np.isinf(scale):
        values = 1 - distances / pairs.max()
    else:
        median = np.median(pairs)
        if not median > 0:
            raise ValueError(
                "half of the pairs of taxa or more have the phylogenetic distance 0: no scale of "
                "distances can be told"
            )
        values = np.exp(-distances / (scale * median))
    centred = centre_square(values)
    eigenvalues, vectors = np.linalg.eigh(centred)
    negative = np.minimum(eigenvalues, 0)
    clipped = -negative.sum() / np.abs(eigenvalues).sum()
    if clipped <= _TIED:
        return Covariance(values, 0.0)
    return Covariance(values - (vectors * negative) @ vectors.T, float(clipped))


def centre_square(values: np.ndarray) -> np.ndarray:
    """Return a symmetric square less the means of its rows and columns."""
    rows = values.mean(axis=0)
    return values - rows - rows[:, None] + rows.mean()


def contrast_basis(n_taxa: int) -> np.ndarray:
    """Return (n_taxa, n_taxa - 1) orthonormal columns that each sum to zero."""
    return helmert(n_taxa).T
