"""Traits of many orders of the taxa at once, multiplied in one product, which is fast."""

import numpy as np


def permuted_traits(traits: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return (n_taxa, n_orders, q) of (n_taxa, q) traits and (n_orders, n_taxa) orders."""
    return traits[orders.T]


def columns_product(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return (m, n_orders, q) of (m, n) and (n, n_orders, q)."""
    flat = columns.reshape(len(columns), -1)
    return (matrix @ flat).reshape(len(matrix), *columns.shape[1:])
