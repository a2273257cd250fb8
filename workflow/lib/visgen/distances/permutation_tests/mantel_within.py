"""The Mantel test with taxa permuted only within groups."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from visgen.distances.permutation_tests.association import orders_within, unit
from visgen.distances.permutation_tests.matrices import NOISE, group_codes, prepare_matrices
from visgen.distances.permutation_tests.squares import centred_square, square_of
from visgen.scikit_bio import DistanceMatrix


class WithinResult(NamedTuple):
    """Correlations over all pairs and within groups; both p from permutations within groups."""

    r: float
    p: float
    r_within: float
    p_within: float
    n_taxa: int
    n_groups: int
    n_pairs_within: int


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
    orders = orders_within(codes, permutations, np.random.default_rng(seed))
    r, p = _permuted_r(unit(centred_square(x, method)), unit(centred_square(y, method)), orders)

    same = pairs_within(codes)
    inside = []
    for name, matrix in (("first", x), ("second", y)):
        centred = centred_within(matrix.data, codes, method)
        if centred is None:
            raise ValueError(f"within each group all distances of the {name} matrix are equal")
        inside.append(square_of(centred, same, len(codes)) / np.sqrt(2))  # each pair twice
    r_within, p_within = _permuted_r(*inside, orders)
    n_groups = int((np.bincount(codes) > 1).sum())
    return WithinResult(r, p, r_within, p_within, len(codes), n_groups, int(same.sum()))


def pairs_within(codes: np.ndarray) -> np.ndarray:
    """Return which pairs are within a group, (n_taxa, n_taxa) bool, each pair once."""
    return np.triu(codes[:, None] == codes, k=1)


def centred_within(distances: np.ndarray, codes: np.ndarray, method: str) -> np.ndarray | None:
    """Return the pairs within groups less the mean of their group, of unit sum of squares.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa).
    codes
        Group of each taxon, numbered from 0.
    method
        ``pearson``, or ``spearman`` for ranks among these pairs.

    Returns
    -------
    ndarray or None
        In the order of `pairs_within`, so that a product of two is r within groups; None where
        all distances within each group are equal, or no group has two taxa.
    """
    same = pairs_within(codes)
    return centred_pairs(distances[same], codes[np.nonzero(same)[0]], method)


def centred_pairs(pairs: np.ndarray, group: np.ndarray, method: str) -> np.ndarray | None:
    """Return distances that are picked already less the mean of their group, as `centred_within`.

    Parameters
    ----------
    pairs
        (n_pairs,) distances.
    group
        (n_pairs,) group of each, numbered from 0.
    method
        As in `centred_within`.
    """
    if not len(pairs):
        return None
    pairs = rankdata(pairs) if method == "spearman" else pairs
    means = np.bincount(group, weights=pairs) / np.maximum(np.bincount(group), 1)
    centred = pairs - means[group]
    if np.abs(centred).max() <= NOISE * np.abs(pairs).max():
        return None
    return unit(centred)


def _permuted_r(x: np.ndarray, y: np.ndarray, orders: np.ndarray) -> tuple[float, float]:
    """Return the correlation of two unit squares and its one-sided p over the orders."""
    r = np.vdot(x, y)
    null = np.array([np.vdot(x[np.ix_(order, order)], y) for order in orders])
    return float(r), float((1 + (null >= r - NOISE).sum()) / (len(orders) + 1))
