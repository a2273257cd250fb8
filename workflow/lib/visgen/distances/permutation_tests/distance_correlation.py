"""Distance correlation of two matrices over the same taxa."""

import numpy as np
from scipy.spatial.distance import squareform

from visgen.distances.permutation_tests.association import (
    Association,
    association_of,
    products,
    taxon_orders,
    unit,
)
from visgen.distances.permutation_tests.matrices import prepare_matrices
from visgen.scikit_bio import DistanceMatrix

_TIED = 1e-9  # what is left of distances is nothing below this, as a share of the largest


def distance_correlation(
    x: DistanceMatrix, y: DistanceMatrix, permutations: int = 9999, *, seed: int
) -> Association:
    """Test whether the places of the taxa in two matrices depend on each other.

    The value is the bias-corrected squared distance correlation (Székely & Rizzo 2013; 2014,
    definition 2): 0 on average under independence, so at times negative. The first version
    (Székely, Rizzo & Bakirov 2007) is not given, since it is positive under independence, the
    more so the fewer the taxa (.7 for eleven points in space), and would be read as agreement.

    Notes
    -----
    It is a square: take its root, where it has one, before comparing it with a correlation.

    The first version sums over the diagonal by definition, after centring, when it is no longer
    zero; this biases it upward, and the corrected one leaves it out. Neither has the fault of
    a Mantel correlation with the diagonal in, whose zeros are so many perfect pairs.

    "Any dependence" holds for distances of strong negative type (Lyons 2013), as Euclidean ones
    and those along a tree are. 1 − cosine, half a squared Euclidean distance, is not: only that
    which moves the mean direction shows. Its square root is Euclidean.

    Parameters
    ----------
    x, y : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order.
    permutations, seed
        As in `visgen.distances.permutation_tests.partial_mantel.partial_mantel`.

    Returns
    -------
    Association
        value is at most 1.

    Raises
    ------
    ValueError
        As `visgen.distances.permutation_tests.mantel.mantel`; also if a matrix is that of a star
        tree of unequal arms.
    """
    x, y = prepare_matrices(x, y, permutations=permutations)
    of_x, of_y = (unit(_u_centred(m, name)) for name, m in (("first", x), ("second", y)))
    # Centring keeps its form when taxa change places, so it is done once.
    orders = taxon_orders(len(x.ids), permutations, seed)
    return association_of(products(squareform(of_x), of_y[:, None], orders)[:, 0], len(x.ids))


def _u_centred(matrix: DistanceMatrix, name: str) -> np.ndarray:
    """Return the pairs less the means of their taxa (Székely & Rizzo 2014, equation 3.1)."""
    n_taxa = len(matrix.ids)
    sums = matrix.data.sum(axis=1)
    row = sums / (n_taxa - 2) - sums.sum() / (2 * (n_taxa - 1) * (n_taxa - 2))
    centred = squareform(matrix.data - row[:, None] - row, checks=False)
    if np.abs(centred).max() <= _TIED * matrix.data.max():
        raise ValueError(
            f"the {name} matrix is that of a star tree, each distance the sum of two arms: "
            "no distance correlation is defined"
        )
    return centred
