"""Measures of association beside the Mantel test of `permutation_tests`.

Each asks something else of two distance matrices over the same taxa:

- *Mantel r* (Pearson): do distances of all pairs rise together along a straight line?
- *Mantel r* (Spearman): do the pairs come in the same order, near to far?
- *partial Mantel r*: does a straight line remain once a third matrix, such as the rank above,
  has explained its share of both?
- *distance correlation*: do the places of the taxa depend on each other in any way, also along
  a curve that rises and falls? It has no sign: likeness and its opposite are one to it.
- *Procrustes*: can a rotation lay the coarse map of one matrix over that of the other? The few
  axes of a map hold the large distances; those between near relatives hardly count.

All permute taxa, never pairs, and none holds for a matrix that was fitted to the other.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from skbio.stats.distance import DistanceMatrix
from skbio.stats.ordination import pcoa

from visgen.permutation_tests import group_codes, prepare_matrices

INERTIA = 0.8  # share of the positive eigenvalues that the axes of a map are to explain
TAXA_PER_AXIS = 3  # at least
_NOISE = 1e-12  # statistics closer than this are equal: rounding must not break ties
_TIED = 1e-9  # eigenvalues closer than this, as a share of the largest, are equal
_CHUNK = 2**21  # numbers held at a time


class Association(NamedTuple):
    """A statistic, its one-sided p-value, its mean over the permutations, and n_taxa."""

    value: float
    p: float
    null_mean: float
    n_taxa: int


class ProcrustesResult(NamedTuple):
    """As `Association`, with the number of axes of the first and of the second matrix."""

    value: float
    p: float
    null_mean: float
    n_taxa: int
    n_axes: tuple[int, int]


def other_group(groups: pd.Series, ids: tuple[str, ...]) -> DistanceMatrix:
    """Return 0 for two taxa of one group and 1 for taxa of different groups.

    Parameters
    ----------
    groups : Series
        The group of each taxon (the rank above), taxon names as index; others are ignored.
    ids : sequence of str
        (n_taxa,), the order of the result.

    Returns
    -------
    skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa)

    Raises
    ------
    ValueError
        If a taxon has no group or occurs twice in `groups`.
    """
    codes = group_codes(groups, tuple(ids))
    return DistanceMatrix((codes[:, None] != codes).astype(float), ids)


def partial_mantel(
    x: DistanceMatrix,
    y: DistanceMatrix,
    z: DistanceMatrix,
    method: str = "pearson",
    permutations: int = 9999,
    *,
    seed: int,
) -> Association:
    """Test whether x and y are positively correlated, given z (Smouse, Long & Sokal 1986).

    The partial correlation of the pairs; the taxa of x are permuted, y and z stay, as in
    ``mantel.partial`` of R's vegan.

    .. warning::
        Its type I error is known to be inflated where distances are autocorrelated, as those of
        related taxa are (Harmon & Glor 2010; Guillot & Rousset 2013): permuting x breaks up a
        structure that the data keep. With z of groups it may reject in 25 to 30 % instead of 5.
        Show it beside `permutation_tests.mantel_within`; it is never the verdict.

    Parameters
    ----------
    x, y, z : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order; for z see `other_group`.
    method : {"pearson", "spearman"}
        The correlation; with ``spearman`` the pairs of all three are ranked first.
    permutations : int
        Number of permutations B; p is at least 1 / (B + 1).
    seed : int
        Seed of the permutations.

    Returns
    -------
    Association
        value is the partial r, -1 to 1.

    Raises
    ------
    ValueError
        As `permutation_tests.mantel`, of which z too must not be constant (it is where all taxa
        are in one group, or each in its own); also if x or y is z up to scale.
    """
    x, y, z = prepare_matrices(x, y, z, method=method, permutations=permutations)
    pairs = [matrix.condensed_form() for matrix in (x, y, z)]
    pairs = [rankdata(column) for column in pairs] if method == "spearman" else pairs
    of_x, of_y, of_z = (_unit(column - column.mean()) for column in pairs)
    r_yz = of_y @ of_z
    for name, r in (("first", of_x @ of_z), ("second", r_yz)):
        if 1 - r**2 <= _NOISE:
            raise ValueError(f"the {name} matrix is the third up to scale: nothing is left of it")
    orders = _orders(len(x.ids), permutations, seed)
    r_xy, r_xz = _products(squareform(of_x), np.column_stack([of_y, of_z]), orders).T
    left_of_x = np.maximum(1 - r_xz**2, 0)
    # A permuted x may equal z, though x does not; nothing is left of it to correlate with y.
    scale = np.sqrt(np.where(left_of_x > _NOISE, left_of_x, np.inf) * (1 - r_yz**2))
    return _association((r_xy - r_xz * r_yz) / scale, len(x.ids))


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
        As in `partial_mantel`.

    Returns
    -------
    Association
        value is at most 1.

    Raises
    ------
    ValueError
        As `permutation_tests.mantel`; also if a matrix is that of a star tree of unequal arms.
    """
    x, y = prepare_matrices(x, y, permutations=permutations)
    of_x, of_y = (_unit(_u_centred(m, name)) for name, m in (("first", x), ("second", y)))
    # Centring keeps its form when taxa change places, so it is done once.
    orders = _orders(len(x.ids), permutations, seed)
    return _association(_products(squareform(of_x), of_y[:, None], orders)[:, 0], len(x.ids))


def procrustes(
    x: DistanceMatrix,
    y: DistanceMatrix,
    permutations: int = 9999,
    *,
    seed: int,
    n_axes: int | None = None,
) -> ProcrustesResult:
    """Test whether the maps of two matrices can be laid over each other (PROTEST, Jackson 1995).

    A map is the leading principal coordinates, centred, of unit sum of squares. The value is the
    symmetric Procrustes correlation t = √(1 − m²), the sum of the singular values of X'Y
    (Peres-Neto & Jackson 2001). t is positive for any two maps and rises with their axes (for
    random ones of 74 taxa: .13 with two, .37 with 24): read it only beside null_mean.

    Notes
    -----
    Only axes of positive eigenvalues are kept, since the rest have no place in a real space
    (square roots of cosine or patristic distances have none of these). Of them as many as
    explain 80 % of their inertia, but at most a third of the taxa: two axes, as often drawn,
    may hold 5 % of cosine distances, and with as many axes as taxa a rotation finds much
    agreement in noise. The number comes from each matrix alone, before any comparison. Axes of
    equal eigenvalues can be turned at will, so they stay or go together; the first always stay.

    Parameters
    ----------
    x, y : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order.
    permutations, seed
        As in `partial_mantel`.
    n_axes : int, optional
        At most so many axes of each matrix, in place of the above.

    Returns
    -------
    ProcrustesResult
        value is t, 0 to 1.

    Raises
    ------
    ValueError
        As `permutation_tests.mantel`; also if n_axes is below 1.
    """
    x, y = prepare_matrices(x, y, permutations=permutations)
    if n_axes is not None and n_axes < 1:
        raise ValueError(f"n_axes is {n_axes}, expected at least 1")
    of_x, of_y = (_unit(_map(matrix, n_axes)) for matrix in (x, y))  # (n_taxa, n_axes of each)
    orders = _orders(len(x.ids), permutations, seed)
    t = np.concatenate(
        [
            np.linalg.svd(of_x[some].swapaxes(1, 2) @ of_y, compute_uv=False).sum(axis=1)
            for some in _chunks(orders, max(of_x.size, of_y.size))
        ]
    )
    return ProcrustesResult(*_association(t, len(x.ids)), (of_x.shape[1], of_y.shape[1]))


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values)


def _orders(n_taxa: int, permutations: int, seed: int) -> np.ndarray:
    """Return (permutations + 1, n_taxa) orders of the taxa, the first of them as it is."""
    orders = np.tile(np.arange(n_taxa), (permutations + 1, 1))
    orders[1:] = np.random.default_rng(seed).permuted(orders[1:], axis=1)
    return orders


def _chunks(orders: np.ndarray, numbers_each: int) -> list[np.ndarray]:
    return np.array_split(orders, max(1, len(orders) * numbers_each // _CHUNK))


def _products(square: np.ndarray, pairs: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return (n_orders, n_columns) products of a permuted square with columns of pairs."""
    first, second = np.triu_indices(len(square), k=1)
    return np.concatenate(
        [square[some[:, first], some[:, second]] @ pairs for some in _chunks(orders, len(pairs))]
    )


def _association(values: np.ndarray, n_taxa: int) -> Association:
    """Return the result from statistics of which the first is the observed one."""
    p = (values >= values[0] - _NOISE).mean()  # the observed one counts, so p > 0
    return Association(float(values[0]), float(p), float(values[1:].mean()), n_taxa)


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


def _map(matrix: DistanceMatrix, n_axes: int | None) -> np.ndarray:
    """Return (n_taxa, n_axes) leading principal coordinates."""
    n_taxa = len(matrix.ids)
    # scikit-bio takes eigenvalues below 1e-8 for zero, whatever the unit of the distances.
    scaled = DistanceMatrix(matrix.data / matrix.data.max(), matrix.ids)
    result = pcoa(scaled, dimensions=n_taxa, warn_neg_eigval=False)
    eigenvalues = result.eigvals.to_numpy()
    eigenvalues = eigenvalues[eigenvalues > 0]
    explained = np.cumsum(eigenvalues) / eigenvalues.sum()
    if n_axes is None:
        enough = int(np.searchsorted(explained, INERTIA)) + 1
        n_axes = min(enough, n_taxa // TAXA_PER_AXIS)
    drops = -np.diff(eigenvalues, append=0) > _TIED * eigenvalues[0]
    cuts = np.flatnonzero(drops) + 1  # numbers of axes that part no equal eigenvalues
    kept = cuts[max(0, np.searchsorted(cuts, n_axes, side="right") - 1)]
    return result.samples.to_numpy()[:, :kept]
