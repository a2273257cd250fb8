"""A statistic of two matrices, and its null distribution over orders of the taxa."""

from typing import NamedTuple

import numpy as np

from visgen.distances.permutation_tests.matrices import NOISE

_CHUNK = 2**21  # numbers held at a time


class Association(NamedTuple):
    """A statistic, its one-sided p-value, its mean over the permutations, and n_taxa."""

    value: float
    p: float
    null_mean: float
    n_taxa: int


def unit(values: np.ndarray) -> np.ndarray:
    """Return values of unit sum of squares, of the same shape."""
    return values / np.linalg.norm(values)


def taxon_orders(n_taxa: int, permutations: int, seed: int) -> np.ndarray:
    """Return (permutations + 1, n_taxa) orders of the taxa, the first of them as it is."""
    orders = np.tile(np.arange(n_taxa), (permutations + 1, 1))
    orders[1:] = np.random.default_rng(seed).permuted(orders[1:], axis=1)
    return orders


def orders_within(codes: np.ndarray, permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Return (permutations, n_taxa) orders of the taxa that keep each in its group.

    Parameters
    ----------
    codes
        (n_taxa,) group of each taxon, numbered from 0.
    permutations, rng
        How many, and what draws them.
    """
    orders = np.tile(np.arange(len(codes)), (permutations, 1))
    for code in range(codes.max() + 1):
        members = np.flatnonzero(codes == code)
        orders[:, members] = rng.permuted(orders[:, members], axis=1)
    return orders


def chunks(orders: np.ndarray, numbers_each: int) -> list[np.ndarray]:
    """Return the orders in parts; `numbers_each` is how many numbers each order takes."""
    return np.array_split(orders, max(1, len(orders) * numbers_each // _CHUNK))


def products(square: np.ndarray, pairs: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return (n_orders, n_columns) products of a permuted square with columns of pairs."""
    first, second = np.triu_indices(len(square), k=1)
    return np.concatenate(
        [square[some[:, first], some[:, second]] @ pairs for some in chunks(orders, len(pairs))]
    )


def association_of(values: np.ndarray, n_taxa: int) -> Association:
    """Return the result from statistics of which the first is the observed one."""
    p = (values >= values[0] - NOISE).mean()  # the observed one counts, so p > 0
    return Association(float(values[0]), float(p), float(values[1:].mean()), n_taxa)
