"""Restricted likelihood of several covariances at once, and where it is highest.

Traits of taxa covary as V = Σ θ_i C_i + diag(noise) on every axis, around a mean that is estimated.
`visgen.signal.likelihood` has one C and the identity, and every variance of a λ at once; here there
are any number of C, and a start that is near costs a few Cholesky factors.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

_STEPS = 50
_HALVINGS = 30
_TOLERANCE = 1e-4  # of the log likelihood, for each axis


class Likelihood(NamedTuple):
    """Restricted likelihood at some variances, with its slopes.

    Attributes
    ----------
    value
        Log likelihood, summed over axes as if they were independent, without constants.
    slopes
        (n_components,) by variance.
    information
        (n_components, n_components), expected.
    projection
        (n_taxa, n_taxa) P = V⁻¹ − V⁻¹11'V⁻¹ / 1'V⁻¹1.
    """

    value: float
    slopes: np.ndarray
    information: np.ndarray
    projection: np.ndarray


class Variances(NamedTuple):
    """Variances that fit best, and the likelihood there."""

    values: np.ndarray
    likelihood: Likelihood


def restricted_likelihood(
    squares: np.ndarray,
    n_axes: int,
    noise: np.ndarray,
    covariances: Sequence[np.ndarray | None],
    variances: np.ndarray,
) -> Likelihood:
    """Return the restricted likelihood (Patterson & Thompson 1971) of variances, with its slopes.

    Parameters
    ----------
    squares
        (n_taxa, n_taxa) products of the traits between taxa, YY'; of traits from any origin.
    n_axes
        Columns of Y.
    noise
        (n_taxa,) variances of the traits as estimates.
    covariances
        (n_taxa, n_taxa) each; None stands for the identity.
    variances
        (n_components,) of each, not negative.

    Raises
    ------
    ValueError
        If V is not positive definite.
    """
    observed = np.diag(noise).astype(np.float64)
    for variance, covariance in zip(variances, covariances, strict=True):
        if covariance is None:
            _diagonal(observed)[:] += variance
        elif variance:
            observed += variance * covariance
    inverse, log_determinant = invert(observed)
    rows = inverse.sum(axis=1)
    total = rows.sum()
    projection = inverse - np.outer(rows, rows) / total
    spread = projection @ squares  # (n_taxa, n_taxa)
    value = -0.5 * (n_axes * (log_determinant + np.log(total)) + np.trace(spread))
    products = [projection if c is None else projection @ c for c in covariances]
    turned = [product.T.copy() for product in products]
    slopes = [np.vdot(one, spread) - n_axes * np.trace(one) for one in turned]
    information = [[np.vdot(one, other) for other in turned] for one in products]
    return Likelihood(
        float(value), 0.5 * np.array(slopes), 0.5 * n_axes * np.array(information), projection
    )


def best_variances(
    squares: np.ndarray,
    n_axes: int,
    noise: np.ndarray,
    covariances: Sequence[np.ndarray | None],
    start: np.ndarray,
) -> Variances:
    """Return the variances of highest restricted likelihood, by Fisher scoring.

    Variances stay at zero or above; one at zero moves only where the likelihood rises from there.
    Deterministic: the same start gives the same variances.

    Parameters
    ----------
    squares, n_axes, noise, covariances
        As `restricted_likelihood` takes them.
    start
        (n_components,), not negative.

    Raises
    ------
    ValueError
        As `restricted_likelihood`.
    """
    found = np.array(start, dtype=np.float64)
    here = restricted_likelihood(squares, n_axes, noise, covariances, found)
    for _ in range(_STEPS):
        step = _step(here, found)
        if np.abs(here.slopes @ step) < _TOLERANCE * n_axes:
            break
        for halving in range(_HALVINGS):
            tried = np.maximum(found + step / 2**halving, 0.0)
            there = restricted_likelihood(squares, n_axes, noise, covariances, tried)
            if there.value >= here.value:
                break
        else:
            break
        found, here = tried, there
    return Variances(found, here)


def _step(here: Likelihood, found: np.ndarray) -> np.ndarray:
    """Return a step uphill that leaves those at zero which would become negative."""
    free = (found > 0) | (here.slopes > 0)
    step = np.zeros(len(found))
    while free.any():
        step[:] = 0
        square = np.ix_(free, free)
        step[free] = np.linalg.lstsq(here.information[square], here.slopes[free])[0]
        below = free & (found <= 0) & (step < 0)
        if not below.any():
            break
        free &= ~below
    return step


def invert(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the inverse of a positive definite square and the log of its determinant.

    Raises
    ------
    ValueError
        If it is not positive definite.
    """
    factor, failed = dpotrf(matrix, lower=1, clean=1)
    if failed:
        raise ValueError(
            f"the covariance of {len(matrix)} taxa is not positive definite (at taxon {failed})"
        )
    inverse, _ = dpotri(factor, lower=1)  # its lower triangle; above it there are zeros
    full = inverse + inverse.T
    _diagonal(full)[:] /= 2
    return full, 2 * float(np.log(np.diag(factor)).sum())


def _diagonal(square: np.ndarray) -> np.ndarray:
    """Return a view of the diagonal that can be written."""
    return np.einsum("ii->i", square)
