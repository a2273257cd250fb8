"""The phylogenetic mixed model: how much of what differs between taxa follows the tree."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from visgen.signal.covariance import SCALES, contrast_basis, phylogenetic_covariance

_GRID = np.linspace(0, 1, 11)  # of λ, before refining
_DROP = chi2.ppf(0.95, 1) / 2  # of the log likelihood, at the ends of an interval of 95 %
_LEAST = 1e-9  # variance of a contrast of variance 1: two tips without any distance


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


class AxisFit(NamedTuple):
    """Restricted log likelihood summed over axes, and the (q,) variances that make it largest."""

    log_likelihood: float
    variances: np.ndarray


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
        observed[np.diag_indices_from(observed)] += _LEAST * variance if noise is None else noise
        weights = np.linalg.solve(observed, np.ones(len(axis)))
        means.append(weights @ axis / weights.sum())
    return np.array(means)


def likelihood_of(
    traits: np.ndarray, noise: np.ndarray | None, covariance: np.ndarray
) -> Callable[[float], AxisFit]:
    """Return the restricted likelihood of λ, each axis with its own best variance.

    Parameters
    ----------
    traits, noise
        As in `fit_mixed_model`.
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
    if not (squares > _LEAST * np.abs(traits).max() ** 2).all():
        raise ValueError("all taxa have the same value on an axis")
    if noise is None:
        values, vectors = np.linalg.eigh(inner)
        rotated = (vectors.T @ contrasts) ** 2

        def without_noise(signal: float) -> AxisFit:
            spread = np.maximum(signal * values + 1 - signal, _LEAST)
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
        points = _GRID[_GRID < signal][::-1] if side < 0 else _GRID[_GRID > signal]
        for outer in points:
            if not inside[np.searchsorted(_GRID, outer)]:
                ends.append(brentq(beyond, *sorted((inner, outer)), xtol=1e-3))
                break
            inner = outer
        else:
            ends.append(0.0 if side < 0 else 1.0)
    return float(ends[0]), float(ends[1])
