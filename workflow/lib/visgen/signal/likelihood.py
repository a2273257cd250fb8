"""Restricted likelihood of the phylogenetic mixed model, with the best variance."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from visgen.signal.covariance import contrast_basis

#: Least variance of a contrast whose expected one is 1: that of two tips without any distance.
LEAST = 1e-9
_LOGS = np.log(10) * np.arange(-6, 3.5, 0.5)  # of B in units of the mean square


class Fit(NamedTuple):
    """What fits best at a λ.

    Attributes
    ----------
    log_likelihood
        Restricted, summed over axes as if they were independent.
    variance
        B, between taxa, of an axis on average.
    effective_axes
        So many independent axes of the same variance would tell as much of λ.
    """

    log_likelihood: float
    variance: float
    effective_axes: float


def likelihood_of(
    traits: np.ndarray, noise: np.ndarray | None, covariance: np.ndarray
) -> Callable[[float], Fit]:
    """Return the restricted likelihood of λ with the best variance.

    Parameters
    ----------
    traits, noise
        As in `visgen.signal.mixed_model.fit_mixed_model`.
    covariance
        (n_taxa, n_taxa) C.

    Raises
    ------
    ValueError
        If all taxa have the same traits, or noise is not positive.

    Notes
    -----
    Without noise C is decomposed once. With it, λ C + (1 − λ) I is decomposed relative to the
    noise for each λ, after which every variance costs a sum.
    """
    basis = contrast_basis(len(traits))
    contrasts, inner = basis.T @ traits, basis.T @ covariance @ basis  # without the mean
    mean_square = (contrasts**2).mean()
    if not mean_square > LEAST**2 * np.abs(traits).max() ** 2:
        raise ValueError("all taxa have the same traits")
    identity = np.eye(len(inner))
    if noise is None:
        values, vectors = np.linalg.eigh(inner)
        rotated = vectors.T @ contrasts

        def without_noise(signal: float) -> Fit:
            spread = np.maximum(signal * values + 1 - signal, LEAST)
            variance = ((rotated**2).mean(axis=1) / spread).mean()
            return _fit(rotated, variance * spread, variance)

        return without_noise
    if not (noise > 0).all():
        raise ValueError(f"noise of a taxon is {noise.min():g}, expected above 0")
    root = np.linalg.cholesky(basis.T @ (noise[:, None] * basis))
    white = np.linalg.solve(root, contrasts)
    log_noise = np.log(np.diag(root)).sum() * traits.shape[1]

    def with_noise(signal: float) -> Fit:
        of_taxa = signal * inner + (1 - signal) * identity
        relative = np.linalg.solve(root, np.linalg.solve(root, of_taxa).T)
        values, vectors = np.linalg.eigh((relative + relative.T) / 2)
        values, rotated = np.maximum(values, 0), vectors.T @ white
        squares = (rotated**2).mean(axis=1)

        def loss(log: float) -> float:
            spread = np.exp(log) * values + 1
            return float((np.log(spread) + squares / spread).sum())

        logs = np.log(mean_square) + _LOGS
        best = logs[np.argmin([loss(log) for log in logs])]
        around = best - 0.5 * np.log(10), best + 0.5 * np.log(10)
        variance = float(np.exp(minimize_scalar(loss, bounds=around, method="bounded").x))
        found = _fit(rotated, variance * values + 1, variance)
        return found._replace(log_likelihood=found.log_likelihood - log_noise)

    return with_noise


def _fit(rotated: np.ndarray, spread: np.ndarray, variance: float) -> Fit:
    """Return the fit of independent (n_contrasts, q) of (n_contrasts,) variances."""
    n_contrasts, q = rotated.shape
    scaled = rotated / np.sqrt(spread)[:, None]
    log_likelihood = -0.5 * (q * np.log(spread).sum() + (scaled**2).sum())
    # Traces of the covariance of axes and of its square, without what sampling adds to the latter.
    products = scaled @ scaled.T / n_contrasts
    trace = np.trace(products)
    square = (products**2).sum() - trace**2 / n_contrasts
    square *= n_contrasts**2 / ((n_contrasts - 1) * (n_contrasts + 2))
    effective = trace**2 / max(square, trace**2 / q)
    return Fit(float(log_likelihood), float(variance), float(max(effective, 1)))
