"""Restricted likelihood of the phylogenetic mixed model, each axis with its best variance."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from visgen.signal.covariance import contrast_basis

#: Least variance of a contrast whose expected one is 1: that of two tips without any distance.
LEAST = 1e-9


class AxisFit(NamedTuple):
    """Restricted log likelihood summed over axes, and the (q,) variances that make it largest."""

    log_likelihood: float
    variances: np.ndarray


def likelihood_of(
    traits: np.ndarray, noise: np.ndarray | None, covariance: np.ndarray
) -> Callable[[float], AxisFit]:
    """Return the restricted likelihood of λ, each axis with its own best variance.

    Parameters
    ----------
    traits, noise
        As in `visgen.signal.mixed_model.fit_mixed_model`.
    covariance
        (n_taxa, n_taxa) C.

    Notes
    -----
    Without noise C is decomposed once. With it, λ C + (1 − λ) I is decomposed relative to the
    noise for each λ, after which every variance of every axis costs a sum.
    """
    basis = contrast_basis(len(traits))
    contrasts, inner = basis.T @ traits, basis.T @ covariance @ basis  # without the mean
    squares = (contrasts**2).mean(axis=0)
    if not (squares > LEAST * np.abs(traits).max() ** 2).all():
        raise ValueError("all taxa have the same value on an axis")
    if noise is None:
        values, vectors = np.linalg.eigh(inner)
        rotated = (vectors.T @ contrasts) ** 2

        def without_noise(signal: float) -> AxisFit:
            spread = np.maximum(signal * values + 1 - signal, LEAST)
            variances = (rotated / spread[:, None]).mean(axis=0)
            logs = len(spread) * np.log(variances).sum() + len(variances) * np.log(spread).sum()
            return AxisFit(float(-0.5 * (logs + rotated.size)), variances)

        return without_noise
    if not (noise > 0).all():
        raise ValueError(f"noise of a taxon is {noise.min():g}, expected above 0")
    root = np.linalg.cholesky(basis.T @ (noise[:, None] * basis))
    white = np.linalg.solve(root, contrasts)
    log_noise = 2 * np.log(np.diag(root)).sum()
    identity = np.eye(len(inner))

    def with_noise(signal: float) -> AxisFit:
        of_taxa = signal * inner + (1 - signal) * identity
        relative = np.linalg.solve(root, np.linalg.solve(root, of_taxa).T)
        values, vectors = np.linalg.eigh((relative + relative.T) / 2)
        rotated = (vectors.T @ white) ** 2
        variances, loss = _best_variances(np.maximum(values, 0), rotated, squares)
        return AxisFit(float(-0.5 * (loss.sum() + log_noise * len(squares))), variances)

    return with_noise


def _best_variances(
    values: np.ndarray, squares: np.ndarray, guess: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the (q,) B with the least Σ log(B values + 1) + squares / (B values + 1), and that.

    A grid of factors of the guess, then golden sections of all axes at once.
    """

    def loss(logs: np.ndarray) -> np.ndarray:  # (..., q)
        spread = np.exp(logs)[..., None, :] * values[:, None] + 1
        return (np.log(spread) + squares / spread).sum(axis=-2)

    step = 0.5 * np.log(10)
    grid = np.log(guess) + step * np.arange(-12, 6)[:, None]
    middle = np.take_along_axis(grid, np.argmin(loss(grid), axis=0)[None], axis=0)[0]
    low, high = middle - step, middle + step
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(14):
        left, right = high - golden * (high - low), low + golden * (high - low)
        nearer = loss(left) < loss(right)
        low, high = np.where(nearer, low, left), np.where(nearer, right, high)
    middle = (low + high) / 2
    return np.exp(middle), loss(middle)
