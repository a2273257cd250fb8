"""The Mantel test of whether distances of all pairs of taxa rise together."""

from typing import NamedTuple

import numpy as np

from visgen.distances.permutation_tests.matrices import prepare_matrices
from visgen.distances.permutation_tests.squares import centred_square
from visgen.scikit_bio import DistanceMatrix
from visgen.scikit_bio import mantel as skbio_mantel

_Z_95 = 1.959963984540054  # two-sided 95 % point of the normal distribution


class MantelResult(NamedTuple):
    """Correlation r of two distance matrices, its p-value, its size and its 95 % interval."""

    r: float
    p: float
    n_taxa: int
    n_pairs: int
    ci_low: float
    ci_high: float


def mantel(
    x: DistanceMatrix,
    y: DistanceMatrix,
    method: str = "pearson",
    permutations: int = 9999,
    *,
    seed: int,
) -> MantelResult:
    """Test whether two distance matrices are positively correlated (Mantel 1967).

    r and p are those of `skbio.stats.distance.mantel` with ``alternative="greater"``. The
    interval is not part of the test: a delete-one-taxon jackknife of Fisher's z = artanh r with
    normal limits (Arvesen 1969 on jackknifing statistics of pairs; Efron & Tibshirani 1993,
    chapter 11). It takes the taxa for a random sample; related taxa are not quite that, so read
    it as a lower bound on the uncertainty. With ``spearman`` the ranks of the full matrix are
    kept while taxa are left out. The limits are NaN where the correlation is not defined without
    some taxon.

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
    ci_low, ci_high = _jackknife_interval(centred_square(x, method), centred_square(y, method))
    n_pairs = n_taxa * (n_taxa - 1) // 2
    return MantelResult(float(r), float(p), n_taxa, n_pairs, ci_low, ci_high)


def _jackknife_interval(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return 95 % limits of the correlation of two centred squares, leaving out taxa in turn."""
    n_taxa = len(x)
    n_pairs = (n_taxa - 1) * (n_taxa - 2) / 2  # after one taxon is left out

    def without_each(square: np.ndarray) -> np.ndarray:
        return square.sum() / 2 - square.sum(axis=1)

    def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return without_each(a * b) - without_each(a) * without_each(b) / n_pairs

    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = cross(x, y) / np.sqrt(cross(x, x) * cross(y, y))
    limit = np.nextafter(1, 0)  # keeps z finite where the matrices agree perfectly
    z = np.arctanh(np.clip((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()), -limit, limit))
    z_left_out = np.arctanh(np.clip(left_out, -limit, limit))
    half = _Z_95 * np.sqrt(n_taxa - 1) * z_left_out.std()  # Efron & Tibshirani, equation 11.5
    return float(np.tanh(z - half)), float(np.tanh(z + half))
