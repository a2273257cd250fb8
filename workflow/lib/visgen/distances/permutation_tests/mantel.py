"""The Mantel test of whether distances of all pairs of taxa rise together."""

from typing import NamedTuple

import numpy as np

from visgen.distances.permutation_tests.matrices import prepare_matrices
from visgen.scikit_bio import DistanceMatrix
from visgen.scikit_bio import mantel as skbio_mantel


class MantelResult(NamedTuple):
    """Correlation r of two distance matrices, its p-value and its size."""

    r: float
    p: float
    n_taxa: int
    n_pairs: int


def mantel(
    x: DistanceMatrix,
    y: DistanceMatrix,
    method: str = "pearson",
    permutations: int = 9999,
    *,
    seed: int,
) -> MantelResult:
    """Test whether two distance matrices are positively correlated (Mantel 1967).

    r and p are those of `skbio.stats.distance.mantel` with ``alternative="greater"``. An interval
    is no part of it: leaving out taxa in turn gives one that covers about half of the time, since
    relatives are not independent (see `visgen.signal.expectation`).

    Parameters
    ----------
    x, y : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order.
    method : {"pearson", "spearman"}
        The correlation.
    permutations : int
        Number of permutations B; p is at least 1 / (B + 1).
    seed : int
        Seed of the permutations.

    Returns
    -------
    MantelResult

    Raises
    ------
    ValueError
        If the taxa differ or are fewer than five, a matrix is constant off its diagonal, the
        method is unknown, or there are no permutations.

    Examples
    --------
    >>> taxa = ["Arca", "Barbatia", "Glycymeris", "Lima", "Nucula", "Pinna"]
    >>> def along_a_line(places):
    ...     return DistanceMatrix(np.abs(np.subtract.outer(places, places)), taxa)
    >>> genetic = along_a_line([0.0, 1.0, 2.0, 4.0, 8.0, 9.0])
    >>> visual = along_a_line([0.0, 2.0, 1.0, 4.0, 8.0, 9.0])  # two have changed places
    >>> result = mantel(genetic, visual, permutations=99, seed=1)
    >>> round(result.r, 2), result.p < 0.05, result.n_taxa, result.n_pairs
    (0.96, True, 6, 15)
    """
    x, y = prepare_matrices(x, y, method=method, permutations=permutations)
    rng = np.random.default_rng(seed)
    r, p, n_taxa = skbio_mantel(
        x, y, method=method, permutations=permutations, alternative="greater", seed=rng
    )
    n_pairs = n_taxa * (n_taxa - 1) // 2
    return MantelResult(float(r), float(p), n_taxa, n_pairs)
