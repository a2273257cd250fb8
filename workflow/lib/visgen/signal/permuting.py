"""Quadratic forms and products of traits, over many orders of the taxa at once."""

from collections.abc import Sequence

import numpy as np

from visgen.distances.permutation_tests.association import chunks


def permuted_forms(
    traits: np.ndarray, forms: Sequence[np.ndarray], orders: np.ndarray
) -> np.ndarray:
    """Return (n_orders, n_forms) sums over axes y of y'Fy, the taxa of y in each order.

    Parameters
    ----------
    traits
        (n_taxa, q).
    forms
        (n_taxa, n_taxa) F.
    orders
        (n_orders, n_taxa).

    Notes
    -----
    In closed form of the products between taxa, whatever the number of axes.
    """
    squares = traits @ traits.T
    flat = np.stack([form.ravel() for form in forms], axis=1)  # (n_taxa², n_forms)
    sums = []
    for some in chunks(orders, len(flat)):
        permuted = np.empty((len(some), *squares.shape))
        for square, order in zip(permuted, some, strict=True):
            square[:] = squares[order].take(order, axis=1)
        sums.append(permuted.reshape(len(some), -1) @ flat)
    return np.concatenate(sums)


def permuted_traits(traits: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return (n_taxa, n_orders, q) of (n_taxa, q) traits and (n_orders, n_taxa) orders."""
    return traits[orders.T]


def columns_product(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return (m, n_orders, q) of (m, n) and (n, n_orders, q)."""
    flat = columns.reshape(len(columns), -1)
    return (matrix @ flat).reshape(len(matrix), *columns.shape[1:])
