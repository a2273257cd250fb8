"""Intervals of what a correlation is on average over fresh looks of the same taxa."""

from collections.abc import Callable, Hashable, Mapping

import numpy as np
from numpy.polynomial import Polynomial

from visgen.signal.fresh_traits import FreshTraits

#: Signals at which fresh vectors are drawn.
SIGNALS = (0.0, 0.15, 0.4, 0.7, 1.0)
#: Draws at each.
DRAWS = 60
_Z_95 = 1.959963984540054
_CONSTANT = 1e-9  # deviation that is rounding


def fresh_statistics(
    traits: FreshTraits,
    measure: Callable[[np.ndarray], Mapping[Hashable, float]],
    *,
    draws: int = DRAWS,
    seed: int,
) -> dict[Hashable, np.ndarray]:
    """Measure fresh vectors of the same taxa at every signal.

    Parameters
    ----------
    traits
        What they are drawn from.
    measure
        From (n_taxa, n_axes) vectors, around a mean of zero, to numbers by name.
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
        root = traits.trait_root(signal)
        for _ in range(draws):
            for name, value in measure(traits.draw(signal, root, rng)).items():
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
        inverted (parametric bootstrap; Davison & Hinkley 1997, chapter 5). Deviation and
        skewness of fresh draws vary with their expectation; beyond the signals 0 and 1 they stay
        as they are there. NaN where the statistic is not defined in a draw, or is
        the same in all draws at a signal.
    """
    if not np.isfinite(fresh).all() or not np.isfinite(value):
        return np.nan, np.nan
    means, sds = fresh.mean(axis=1), fresh.std(axis=1, ddof=1)
    if sds.min() <= _CONSTANT:
        return np.nan, np.nan
    skews = (((fresh - means[:, None]) / sds[:, None]) ** 3).mean(axis=1)
    tried = np.linspace(-1, 1, 4001)
    inside = np.clip(tried, means.min(), means.max())
    sd = np.exp(Polynomial.fit(means, np.log(sds), 2)(inside))
    # Quantiles by skewness (Cornish & Fisher 1938).
    shift = (_Z_95**2 - 1) * Polynomial.fit(means, skews, 1)(inside) / 6
    within = tried[np.abs(value - tried - sd * shift) <= _Z_95 * sd]
    if not len(within):
        return np.nan, np.nan
    return float(within.min()), float(within.max())


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
        those at signal 0.
    """
    return float((fresh[-1] >= fresh[0].mean() + _Z_95 * fresh[0].std(ddof=1)).mean())
