"""What Brownian motion along a tree expects of traits, from phylogenetic distances."""

import logging
from typing import NamedTuple

import numpy as np
from scipy.cluster.hierarchy import cophenet, single
from scipy.spatial.distance import squareform

from visgen.signal.covariance import centre_square

log = logging.getLogger(__name__)

_ULTRAMETRIC = 1e-3  # of the largest distance: trees are written with rounded lengths
_NEGLIGIBLE = 1e-9
_SAID = 1e-6


class BrownianMotion(NamedTuple):
    """What K statistics need of a tree.

    Attributes
    ----------
    contrasts
        (n_contrasts, n_taxa): their products with a trait are independent, of the same variance
        (Felsenstein 1985); n_taxa - 1 of them where no two tips are the same.
    weights
        (n_taxa,) of the taxa in the mean at the root; they sum to 1.
    expected
        Under Brownian motion, the sum of squares about that mean relative to that of contrasts.
    clipped
        Share of the summed sizes of eigenvalues that were negative and left out.
    """

    contrasts: np.ndarray
    weights: np.ndarray
    expected: float
    clipped: float


def brownian_motion(distances: np.ndarray) -> BrownianMotion:
    """Return what Brownian motion along a tree expects.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa) phylogenetic distances.

    Raises
    ------
    ValueError
        If all distances are the same.

    Notes
    -----
    Contrasts need no root: their covariance is −d/2, centred. The mean does. Where the distances
    are ultrametric, C = max(d)/2 − d/2 has the root at the deepest split, and the mean is that of
    generalised least squares, as Blomberg, Garland & Ives (2003) have it. Elsewhere distances do
    not say where the root is; then the plain mean is taken, the centroid of Gower (1966), as
    Mitteroecker, Collyer & Adams (2025) prefer for all trees. With a known root in an uneven tree
    other programs find another K.

    Eigenvalues that are not positive, of distances that are not along a tree or of tips without
    distance, have no contrast: they are left out, and logged where they are negative.
    """
    n_taxa = len(distances)
    pairs = squareform(distances, checks=False)
    if np.ptp(pairs) <= _NEGLIGIBLE * pairs.max():
        raise ValueError(
            f"every pair of taxa has the same phylogenetic distance {pairs[0]:g} (a star tree?): "
            "none is a nearer relative than another"
        )
    values, vectors = np.linalg.eigh(centre_square(-distances / 2))
    clipped = float(-np.minimum(values, 0).sum() / np.abs(values).sum())
    if clipped > _SAID:
        log.warning("phylogenetic covariance: %.2g of its eigenvalues are negative", clipped)
    kept = values > _NEGLIGIBLE * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    contrasts = (vectors / np.sqrt(values)).T
    weights = np.full(n_taxa, 1 / n_taxa)
    if is_ultrametric(distances):
        weights += contrasts.T @ (contrasts @ distances.mean(axis=0)) / 2
    of_mean = ((vectors.T @ weights) ** 2) @ values  # its variance, but for the root's
    expected = (values.sum() + n_taxa * of_mean) / len(values)
    return BrownianMotion(contrasts, weights, float(expected), clipped)


def is_ultrametric(distances: np.ndarray) -> bool:
    """Return whether the two largest of any three taxa's distances are the same, but rounded."""
    pairs = squareform(distances, checks=False)
    # The ultrametric below the distances that is nearest to them is single linkage's.
    return bool(np.ptp(pairs - cophenet(single(pairs))) <= _ULTRAMETRIC * pairs.max())
