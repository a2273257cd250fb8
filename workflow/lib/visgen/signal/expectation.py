"""Intervals of what a correlation is on average over fresh looks of the same taxa."""

from collections.abc import Callable, Hashable, Mapping

import numpy as np
from numpy.polynomial.polynomial import polyvander
from scipy.special import stdtrit
from scipy.stats import norm

from visgen.signal.new_specimens import Looks

#: Signals at which fresh vectors are drawn.
SIGNALS = (0.0, 0.1, 0.3, 0.6, 1.0)
#: Draws at each.
DRAWS = 60
_TRIED = 8001  # expectations between -1 and 1
_Z_95 = 1.959963984540054
_ROUNDS = 4
_CONSTANT = 1e-9  # deviation that is rounding


def fresh_statistics(
    looks: Looks,
    measure: Callable[[np.ndarray], Mapping[Hashable, float]],
    *,
    draws: int = DRAWS,
    seed: int,
) -> dict[Hashable, np.ndarray]:
    """Measure fresh vectors of the same taxa at every signal.

    Parameters
    ----------
    looks
        What they are drawn from.
    measure
        From (n_taxa, n_axes) vectors to numbers by name.
    draws
        At each signal.
    seed
        Of the draws.

    Returns
    -------
    dict
        By name, (n_signals, draws), signals as in `SIGNALS`.
    """
    rng = np.random.default_rng([seed, 7])
    found: dict[Hashable, list[list[float]]] = {}
    for row, signal in enumerate(SIGNALS):
        root = looks.traits.trait_root(signal)
        for _ in range(draws):
            for name, value in measure(looks.draw(signal, root, rng)).items():
                found.setdefault(name, [[] for _ in SIGNALS])[row].append(value)
    return {name: np.array(values) for name, values in found.items()}


def expected_interval(fresh: np.ndarray, value: float) -> tuple[float, float]:
    """Return the 95 % interval of the expectation that a value was drawn around.

    Parameters
    ----------
    fresh
        (n_signals, draws) of the same statistic, as `fresh_statistics` returns them.
    value
        That of the study.

    Returns
    -------
    low, high
        All expectations from which the value is no farther than 95 % of fresh draws are: a test,
        inverted (parametric bootstrap; Davison & Hinkley 1997, chapter 5). How much draws vary
        rises or falls with their expectation, so distances are taken on the scale on which they
        `reach` as far throughout. Beyond the signals 0 and 1 they vary as there. NaN where the
        statistic is not defined in a draw, or is the same in all draws at a signal.
    """
    if not np.isfinite(fresh).all() or not np.isfinite(value):
        return np.nan, np.nan
    means, sds = fresh.mean(axis=1), fresh.std(axis=1, ddof=1)
    if sds.min() <= _CONSTANT:
        return np.nan, np.nan
    fitted = reach(means, sds, fresh.shape[1])
    tried = np.linspace(-1, 1, _TRIED)
    between = (tried[1:] + tried[:-1]) / 2
    scale = np.concatenate([[0], np.cumsum(np.diff(tried) / fitted(between))])
    at_value = np.interp(value, tried, scale)
    low, high = np.interp([at_value - 1, at_value + 1], scale, tried)
    return float(low), float(high)


def reach(means: np.ndarray, sds: np.ndarray, draws: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return how far from their expectation 95 % of fresh draws are at most, by that expectation.

    Parameters
    ----------
    means, sds
        (n_signals,) of the draws at each signal.
    draws
        At each signal.

    Notes
    -----
    Their standard deviation is taken for a parabola of the expectation. Relative errors are alike,
    so weights are one over it, of the fitted one: 1/sd would favour those that happen to be small,
    and make an interval from 8 draws a tenth too short. As that deviation is known from few draws,
    it counts Student's t times, with as many degrees of freedom as its error is worth
    (Satterthwaite 1946).
    """
    low, high = means.min(), means.max()
    free = draws - 1

    def powers(expected: np.ndarray) -> np.ndarray:
        return polyvander((np.clip(expected, low, high) - low) / ((high - low) or 1), 2)

    at_signals, fitted = powers(means), sds
    for _ in range(_ROUNDS):
        fit = np.linalg.pinv(at_signals / fitted[:, None]) / fitted  # (3, n_signals)
        fitted = np.clip(at_signals @ fit @ sds, sds.min() / 2, None)

    def at(expected: np.ndarray) -> np.ndarray:
        shares = powers(expected) @ fit  # (..., n_signals) of each sd
        sd = np.clip(shares @ sds, sds.min() / 2, None)
        # Its squared error, in units of that of the draws at one signal alone.
        error = np.minimum(np.square(shares * fitted).sum(axis=-1) / sd**2, 1)
        unbiased = 1 + (1 - error) / (4 * free)  # of the square, which t asks for
        return sd * unbiased * stdtrit(free / error, 0.975)

    return at


def power(fresh: np.ndarray) -> float:
    """Return how often look that is wholly inherited would be told from look that is not at all.

    Parameters
    ----------
    fresh
        As in `expected_interval`.

    Returns
    -------
    float
        Share of draws at signal 1 that are 1.96 standard deviations or more above the mean of
        those at signal 0, were they normal: of few draws no share can be counted. NaN as in
        `expected_interval`.
    """
    none, whole = fresh[0], fresh[-1]
    if not np.isfinite([none, whole]).all():
        return np.nan
    excess = whole.mean() - none.mean() - _Z_95 * none.std(ddof=1)
    return float(norm.cdf(excess / max(whole.std(ddof=1), _CONSTANT)))
