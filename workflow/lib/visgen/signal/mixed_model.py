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
    variance
        B, between taxa, without noise, of an axis on average.
    means
        (q,) of the root, by generalised least squares.
    log_likelihood, log_likelihood_without
        Restricted; of the fit, and of λ = 0.
    effective_axes
        Of `visgen.signal.likelihood.Fit`.
    clipped
        Of the covariance of that scale.
    """

    signal: float
    ci_low: float
    ci_high: float
    scale: float
    variance: float
    means: np.ndarray
    log_likelihood: float
    log_likelihood_without: float
    effective_axes: float
    clipped: float


def fit_mixed_model(
    traits: np.ndarray,
    noise: np.ndarray | None,
    distances: np.ndarray,
    scales: Sequence[float] = SCALES,
) -> MixedModel:
    """Fit by restricted maximum likelihood (Lynch 1991; Housworth, Martins & Lynch 2004).

    An axis is a mean, what follows the tree, what does not, and noise: its covariance between
    taxa is B (λ C + (1 − λ) I) + diag(noise), of all axes on average. λ is Pagel's (1999).

    Parameters
    ----------
    traits
        (n_taxa, q), any number of axes; turning them changes nothing.
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
        As `visgen.signal.likelihood.likelihood_of` and
        `visgen.signal.covariance.phylogenetic_covariance`.

    Notes
    -----
    Do not choose axes by how much taxa differ on them. Of many features the leading principal
    components of taxa are those that look most like a tree: a λ of .3 is found as .5 on 7 of 64
    axes of 30 taxa. A variance for each principal component has the same fault.

    Axes vary together and unequally, so the likelihood as of independent ones is too sure. Its
    drop at the ends of the interval is therefore scaled by effective_axes / q, as of composite
    likelihoods (Rotnitzky & Jewell 1990).
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
    place = int(np.argmax([fit(signal).log_likelihood for fit in fits]))
    fit, covariance = fits[place](signal), covariances[place]
    drop = _DROP * traits.shape[1] / fit.effective_axes
    low, high = _interval(loss, losses, signal, least + drop)
    return MixedModel(
        signal,
        low,
        high,
        scales[place],
        fit.variance,
        root_means(traits, noise, between_taxa(covariance.values, signal, fit.variance)),
        -least,
        -losses[0],
        fit.effective_axes,
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


def root_means(traits: np.ndarray, noise: np.ndarray | None, between: np.ndarray) -> np.ndarray:
    """Return (q,) means by generalised least squares, with `between_taxa` as covariance."""
    observed = between.copy()
    observed[np.diag_indices_from(observed)] += LEAST * between.max() if noise is None else noise
    weights = np.linalg.solve(observed, np.ones(len(traits)))
    return weights @ traits / weights.sum()


def _interval(
    loss: Callable[[float], float], losses: list[float], signal: float, limit: float
) -> tuple[float, float]:
    """Return the λ on both sides of the best at which the loss reaches the limit, or 0 and 1."""

    def beyond(other: float) -> float:
        return loss(other) - limit

    ends = []
    for side, end in (
        (-1, 0.0),
        (1, 1.0),
    ):  # outwards over the grid, then between two of its points
        inner = signal
        for place in range(len(_GRID))[::side]:
            outer = float(_GRID[place])
            if side * (outer - signal) <= 0:
                continue
            if losses[place] > limit:
                end = brentq(beyond, *sorted((inner, outer)), xtol=1e-3)
                break
            inner = outer
        ends.append(float(end))
    return ends[0], ends[1]
