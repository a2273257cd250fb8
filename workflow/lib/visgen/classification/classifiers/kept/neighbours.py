"""Squared distances, and votes of the nearest training rows."""

from collections.abc import Callable

import numpy as np

_BLOCK = 1024  # training rows at a time


def squared_distances(x: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Return (n, n_to) squared Euclidean distances of (n, n_columns) and (n_to, n_columns).

    In float64 as |x|² - 2xy + |y|², like scikit-learn's.
    """
    x, to = x.astype(np.float64), to.astype(np.float64)
    squares = -2 * (x @ to.T)
    squares += np.einsum("ij,ij->i", x, x)[:, None]
    squares += np.einsum("ij,ij->i", to, to)
    return np.maximum(squares, 0, out=squares)


def neighbours_asked(
    rows: np.ndarray, taxa: np.ndarray, n_present: int, neighbours: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives the (n_images, n_present) shares of the votes of the nearest rows.

    Parameters
    ----------
    rows
        (n_rows, n_columns) float32.
    taxa
        (n_rows,) place of the taxon of each among those present.
    n_present
        Number of taxa present.
    neighbours
        How many vote, with the inverse of their distance; those at no distance alone. Which of
        several rows equally far is the last to vote is left open, as in scikit-learn.
    """

    def ask(x: np.ndarray) -> np.ndarray:
        squares, voters = np.empty((len(x), 0)), np.empty((len(x), 0), np.int64)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            places = np.broadcast_to(np.arange(start, start + len(block)), (len(x), len(block)))
            squares = np.hstack([squares, squared_distances(x, block)])
            voters = np.hstack([voters, places])
            if squares.shape[1] > neighbours:
                nearest = np.argpartition(squares, neighbours - 1, axis=1)[:, :neighbours]
                squares = np.take_along_axis(squares, nearest, axis=1)
                voters = np.take_along_axis(voters, nearest, axis=1)
        here = squares == 0
        with np.errstate(divide="ignore"):
            weights = np.where(here.any(axis=1)[:, None], here, 1 / np.sqrt(squares))
        votes = np.zeros((len(x), n_present))
        np.add.at(votes, (np.arange(len(x))[:, None], taxa[voters]), weights)
        return votes / votes.sum(axis=1, keepdims=True)

    return ask
