"""Mantel tests of whether two distance matrices over the same taxa agree beyond chance.

Pairs of taxa are not independent, so a p-value comes from permuting taxa, never from counting
pairs. Every test here is one-sided: the question is whether likeness follows descent, and a
negative correlation is no answer to it. None of these tests holds for a matrix that was fitted
to the other one: hold out taxa, or permute and refit.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from skbio.stats.distance import DistanceMatrix
from skbio.stats.distance import mantel as skbio_mantel

METHODS = ("pearson", "spearman")
MIN_TAXA = 5
_Z_95 = 1.959963984540054  # two-sided 95 % point of the normal distribution
_ORDINALS = ("first", "second", "third")
_NOISE = 1e-12  # correlations closer than this are equal: rounding must not break ties


class MantelResult(NamedTuple):
    """Correlation r of two distance matrices, its p-value, its size and its 95 % interval."""

    r: float
    p: float
    n_taxa: int
    n_pairs: int
    ci_low: float
    ci_high: float


class WithinResult(NamedTuple):
    """Correlations over all pairs and within groups; both p from permutations within groups."""

    r: float
    p: float
    r_within: float
    p_within: float
    n_taxa: int
    n_groups: int
    n_pairs_within: int


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
    """
    x, y = prepare_matrices(x, y, method=method, permutations=permutations)
    rng = np.random.default_rng(seed)
    r, p, n_taxa = skbio_mantel(
        x, y, method=method, permutations=permutations, alternative="greater", seed=rng
    )
    ci_low, ci_high = _jackknife_interval(_scores(x, method), _scores(y, method))
    n_pairs = n_taxa * (n_taxa - 1) // 2
    return MantelResult(float(r), float(p), n_taxa, n_pairs, ci_low, ci_high)


def mantel_within(
    x: DistanceMatrix,
    y: DistanceMatrix,
    groups: pd.Series,
    method: str = "pearson",
    permutations: int = 9999,
    *,
    seed: int,
) -> WithinResult:
    """Test two distance matrices with taxa permuted only within groups.

    That taxa of one group (the rank above) are close in both matrices is enough for a plain
    Mantel test to reject. Here each permutation keeps every taxon in its group (restricted
    permutation: Anderson & ter Braak 2003), so only agreement beyond the groups counts. Two
    statistics share the permutations:

    - ``r``, over all pairs. Its null distribution is not centred on zero, since the agreement
      of the groups stays in it: read the p-value, not the size.
    - ``r_within``, over the pairs within groups, both distances as departures from the mean of
      their group (ranks among these pairs with ``spearman``). No agreement gives zero.

    Parameters
    ----------
    x, y : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order.
    groups : Series
        The group of each taxon, taxon names as index; other taxa in it are ignored.
    method, permutations, seed
        As in `mantel`.

    Returns
    -------
    WithinResult
        n_groups and n_pairs_within count the groups of at least two taxa and the pairs in them.
        Where groups are few and small, few permutations differ and no p can be small.

    Raises
    ------
    ValueError
        As `mantel`; also if a taxon has no group, no group has three taxa, or all distances
        within each group are equal in one of the matrices.
    """
    x, y = prepare_matrices(x, y, method=method, permutations=permutations)
    codes = group_codes(groups, x.ids)
    if np.bincount(codes).max() < 3:
        raise ValueError("no group has three taxa: there is nothing to compare within groups")
    orders = _orders_within(codes, permutations, np.random.default_rng(seed))
    r, p = _permuted_r(_unit(_scores(x, method)), _unit(_scores(y, method)), orders)

    same = np.triu(codes[:, None] == codes, k=1)  # pairs within a group, each once
    inside = [
        _unit(_centred_within(matrix, same, codes, method, name))
        for name, matrix in (("first", x), ("second", y))
    ]
    r_within, p_within = _permuted_r(*inside, orders)
    n_groups = int((np.bincount(codes) > 1).sum())
    return WithinResult(r, p, r_within, p_within, len(codes), n_groups, int(same.sum()))


def prepare_matrices(
    *matrices: DistanceMatrix, method: str = "pearson", permutations: int
) -> list[DistanceMatrix]:
    """Check the input of a test and return its matrices in one order, sorted by name.

    Parameters
    ----------
    *matrices : skbio.stats.distance.DistanceMatrix
        Two or three, (n_taxa, n_taxa), the same taxa in any order.
    method, permutations
        As in `mantel`.

    Returns
    -------
    list of skbio.stats.distance.DistanceMatrix

    Raises
    ------
    ValueError
        As `mantel`.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    if permutations < 1:
        raise ValueError(f"permutations is {permutations}, expected at least 1")
    taxa = set(matrices[0].ids)
    for name, matrix in zip(_ORDINALS[1:], matrices[1:], strict=False):
        if taxa != set(matrix.ids):
            raise ValueError(
                f"the matrices hold different taxa; only in the first: "
                f"{sorted(taxa - set(matrix.ids))[:5]}, only in the {name}: "
                f"{sorted(set(matrix.ids) - taxa)[:5]}"
            )
    if len(taxa) < MIN_TAXA:
        raise ValueError(f"{len(taxa)} taxa, expected at least {MIN_TAXA} for a permutation test")
    for name, matrix in zip(_ORDINALS, matrices, strict=False):
        pairs = matrix.condensed_form()
        if np.ptp(pairs) <= _NOISE * np.abs(pairs).max():
            raise ValueError(
                f"every pair in the {name} matrix has the same distance {pairs[0]:g} "
                "(a star tree?): no correlation is defined"
            )
    return [matrix.filter(sorted(taxa)) for matrix in matrices]


def _scores(matrix: DistanceMatrix, method: str) -> np.ndarray:
    """Return the distances, or their ranks among all pairs, as a square centred on zero."""
    upper = np.triu_indices(len(matrix.ids), k=1)
    pairs = matrix.data[upper]
    pairs = rankdata(pairs) if method == "spearman" else pairs
    return _square(pairs - pairs.mean(), upper, len(matrix.ids))


def _square(pairs: np.ndarray, where: tuple | np.ndarray, n_taxa: int) -> np.ndarray:
    """Return a symmetric (n_taxa, n_taxa) with the pairs where told and zero elsewhere."""
    square = np.zeros((n_taxa, n_taxa))
    square[where] = pairs
    return square + square.T


def _unit(square: np.ndarray) -> np.ndarray:
    return square / np.linalg.norm(square)


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


def group_codes(groups: pd.Series, taxa: tuple[str, ...]) -> np.ndarray:
    """Return the number of the group of each taxon.

    Parameters
    ----------
    groups : Series
        The group of each taxon, taxon names as index; other taxa in it are ignored.
    taxa : tuple of str
        (n_taxa,)

    Returns
    -------
    ndarray, (n_taxa,)
        Numbers from 0, groups in the order of their names.

    Raises
    ------
    ValueError
        If a taxon has no group or occurs twice in `groups`.
    """
    if not groups.index.is_unique:
        raise ValueError(f"groups: {groups.index[groups.index.duplicated()][0]!r} occurs twice")
    found = groups.reindex(list(taxa))
    if found.isna().any():
        raise ValueError(f"groups: no group for {sorted(found.index[found.isna()])[:5]}")
    return pd.factorize(found, sort=True)[0]


def _orders_within(codes: np.ndarray, permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Return (permutations, n_taxa) orders of the taxa that keep each in its group."""
    orders = np.tile(np.arange(len(codes)), (permutations, 1))
    for code in range(codes.max() + 1):
        members = np.flatnonzero(codes == code)
        orders[:, members] = rng.permuted(orders[:, members], axis=1)
    return orders


def _centred_within(
    matrix: DistanceMatrix, same: np.ndarray, codes: np.ndarray, method: str, name: str
) -> np.ndarray:
    """Return a square of the pairs within groups, less the mean of their group, else zero."""
    pairs = matrix.data[same]
    pairs = rankdata(pairs) if method == "spearman" else pairs
    group = codes[np.nonzero(same)[0]]
    means = np.bincount(group, weights=pairs) / np.maximum(np.bincount(group), 1)
    centred = pairs - means[group]
    if np.abs(centred).max() <= _NOISE * np.abs(pairs).max():
        raise ValueError(f"within each group all distances of the {name} matrix are equal")
    return _square(centred, same, len(codes))


def _permuted_r(x: np.ndarray, y: np.ndarray, orders: np.ndarray) -> tuple[float, float]:
    """Return the correlation of two unit squares and its one-sided p over the orders."""
    r = np.vdot(x, y)
    null = np.array([np.vdot(x[np.ix_(order, order)], y) for order in orders])
    return float(r), float((1 + (null >= r - _NOISE).sum()) / (len(orders) + 1))
