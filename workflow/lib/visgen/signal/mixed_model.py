"""The phylogenetic mixed model: how much of what differs between taxa follows the tree."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from visgen.signal.covariance import SCALES, phylogenetic_covariance
from visgen.signal.likelihood import LEAST, likelihood_of

_GRID = np.linspace(0, 1, 11)  # of λ, before refining
_DROP = chi2.ppf(0.95, 1) / 2  # of the log likelihood, at the ends of an interval of 95 %


class MixedModel(NamedTuple):
    """A phylogenetic mixed model that was fitted.

    Attributes
    ----------
    signal
        Pagel's λ, 0 to 1.
    ci_low, ci_high
        The λ whose profile likelihood no test at 5 % tells from the best.
    scale
        Of `visgen.signal.covariance.phylogenetic_covariance`, as a share of the median distance.
    variances
        (q,) B, variances between taxa, without noise.
    means
        (q,) of the root, by generalised least squares.
    log_likelihood, log_likelihood_without
        Restricted; of the fit, and of λ = 0.
    clipped
        Of the covariance of that scale.
    """

    signal: float
    ci_low: float
    ci_high: float
    scale: float
    variances: np.ndarray
    means: np.ndarray
    log_likelihood: float
    log_likelihood_without: float
    clipped: float


def fit_mixed_model(
    traits: np.ndarray,
    noise: np.ndarray | None,
    distances: np.ndarray,
    scales: Sequence[float] = SCALES,
) -> MixedModel:
    """Fit by restricted maximum likelihood (Lynch 1991; Housworth, Martins & Lynch 2004).

    Axis j is a mean, what follows the tree, what does not, and noise: its covariance between taxa
    is B_j (λ C + (1 − λ) I) + diag(noise). λ (Pagel 1999) and the scale of C are shared by the
    axes, B_j is not.

    Parameters
    ----------
    traits
        (n_taxa, q).
    noise
        (n_taxa,) variances of the traits as estimates, the same for each axis; None where
        nothing is known of them.
    distances
        (n_taxa, n_taxa) phylogenetic distances.
    scales
        Among which the scale of C is chosen. λ is the share that follows the tree as Pagel meant
        it with `visgen.signal.covariance.BROWNIAN` alone: with a small scale even taxa without
        signal fit λ = 1, since C is then nearly I.

    Raises
    ------
    ValueError
        If an axis is constant, noise is not positive, or as
        `visgen.signal.covariance.phylogenetic_covariance`.

    Notes
    -----
    Axes are taken as independent, so the interval is too narrow where taxa of one clade lie off
    in several axes at once.
    """
    covariances = [phylogenetic_covariance(distances, scale) for scale in scales]
    fits = [likelihood_of(traits, noise, one.values) for one in covariances]

    def loss(signal: float) -> float:
        return -max(fit(signal).log_likelihood for fit in fits)

    losses = [loss(signal) for signal in _GRID]
    best = int(np.argmin(losses))
    around = _GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)]
    found = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-3})
    signal, least = float(found.x), float(found.fun)
    if losses[best] <= least:
        signal, least = float(_GRID[best]), losses[best]
    low, high = _interval(loss, losses, signal, least)
    place = int(np.argmax([fit(signal).log_likelihood for fit in fits]))
    variances = fits[place](signal).variances
    covariance = covariances[place]
    return MixedModel(
        signal,
        low,
        high,
        scales[place],
        variances,
        root_means(traits, noise, covariance.values, signal, variances),
        -least,
        -losses[0],
        covariance.clipped,
    )


def between_taxa(covariance: np.ndarray, signal: float, variance: float) -> np.ndarray:
    """Return B (λ C + (1 − λ) I), how taxa covary on an axis, without noise.

    Parameters
    ----------
    covariance
        (n_taxa, n_taxa) C.
    signal
        λ.
    variance
        B.
    """
    values = variance * signal * covariance
    values[np.diag_indices_from(values)] += variance * (1 - signal)
    return values


def root_means(
    traits: np.ndarray,
    noise: np.ndarray | None,
    covariance: np.ndarray,
    signal: float,
    variances: np.ndarray,
) -> np.ndarray:
    """Return (q,) means by generalised least squares; parameters as in `between_taxa`."""
    means = []
    for axis, variance in zip(traits.T, variances, strict=True):
        observed = between_taxa(covariance, signal, variance)
        observed[np.diag_indices_from(observed)] += LEAST * variance if noise is None else noise
        weights = np.linalg.solve(observed, np.ones(len(axis)))
        means.append(weights @ axis / weights.sum())
    return np.array(means)


def _interval(
    loss: Callable[[float], float], losses: list[float], signal: float, least: float
) -> tuple[float, float]:
    """Return the λ between which the profile likelihood is at most `_DROP` below its best."""

    def beyond(other: float) -> float:
        return loss(other) - least - _DROP

    inside = np.array(losses) - least <= _DROP
    inside |= np.isclose(_GRID, signal)
    ends = []
    for side in (-1, 1):  # walk outwards over the grid, then look between two of its points
        inner = signal
        points = _GRID[::side]
        points = points[side * (points - signal) > 0]
        for outer in points:
            if not inside[np.searchsorted(_GRID, outer)]:
                ends.append(brentq(beyond, *sorted((inner, outer)), xtol=1e-3))
                break
            inner = outer
        else:
            ends.append(0.0 if side < 0 else 1.0)
    return float(ends[0]), float(ends[1])
