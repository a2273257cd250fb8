import statistics

import numpy as np
import pytest
from numpy.polynomial.polynomial import polyfit, polyval
from scipy.stats import binom
from scipy.stats import t as student
from signal_study import tree_distances
from visgen.signal.expectation import (
    SIGNALS,
    expected_interval,
    fresh_statistics,
    power,
    reach,
)
from visgen.signal.fresh_traits import FreshTraits
from visgen.signal.new_specimens import Looks

Z = 1.959964
STEP = 0.0005  # between the expectations that are tried


def symmetric(means, deviations, draws=60):
    """Draws without skewness, of exactly these means and deviations."""
    half = np.abs(np.random.default_rng(1).normal(size=draws // 2))
    standard = np.concatenate([half, -half])
    standard /= standard.std(ddof=1)
    return np.array([m + s * standard for m, s in zip(means, deviations, strict=True)])


def skewed(means, deviations, rng, draws=60, shape=4.0):
    """Gamma draws; their skewness is 2 / √shape."""
    standard = (rng.gamma(shape, size=(len(means), draws)) - shape) / np.sqrt(shape)
    return np.array(means)[:, None] + np.array(deviations)[:, None] * standard


MEANS = [0.02, 0.1, 0.2, 0.35, 0.5]


def reached(fresh):
    """How far draws reach by expectation: deviation a parabola, with Student's t."""
    means, deviations = fresh.mean(axis=1), fresh.std(axis=1, ddof=1)
    free, weights = fresh.shape[1] - 1, 1 / deviations
    for _ in range(4):
        last = weights
        fitted = polyval(means, polyfit(means, deviations, 2, w=last))
        weights = 1 / fitted

    def at(expected):
        inside = min(max(expected, means.min()), means.max())
        # What the fit makes of a deviation of 1 at a signal alone.
        shares = [polyval(inside, polyfit(means, one, 2, w=last)) for one in np.eye(len(means))]
        deviation = polyval(inside, polyfit(means, deviations, 2, w=last))
        variance = sum((share / w) ** 2 for share, w in zip(shares, weights, strict=True))
        error = variance / deviation**2
        return deviation * (1 + (1 - error) / (4 * free)) * student.ppf(0.975, free / error)

    return at


def test_with_the_same_deviation_everywhere_it_goes_as_far_to_both_sides():
    fresh = symmetric(MEANS, [0.07] * 5)
    low, high = expected_interval(fresh, MEANS[2])
    assert low + high == pytest.approx(2 * MEANS[2], abs=0.003)
    # Of 59 degrees of freedom at each of the signals at least, of those of all at most.
    half = (high - low) / 2
    assert 0.07 * student.ppf(0.975, 5 * 59) - STEP < half < 0.07 * student.ppf(0.975, 59) + STEP


def test_beyond_the_signals_the_deviation_stays():
    fresh = symmetric(MEANS, [0.02, 0.03, 0.05, 0.07, 0.09])
    reach_of = reached(fresh)
    below, above = reach_of(MEANS[0]), reach_of(MEANS[-1])
    found = expected_interval(fresh, -0.3)
    assert found == pytest.approx((-0.3 - below, -0.3 + below), abs=STEP)
    assert expected_interval(fresh, 0.7)[1] == pytest.approx(0.7 + above, abs=STEP)


@pytest.mark.parametrize("value", [0.0, 0.15, 0.4])
@pytest.mark.parametrize("draws", [8, 60])
def test_limits_are_as_far_as_draws_reach_step_by_step(value, draws):
    rng = np.random.default_rng(3)
    fresh = skewed(MEANS, [0.03, 0.04, 0.05, 0.07, 0.09], rng, draws=draws)
    reach_of = reached(fresh)
    found = []
    for sign in (-1, 1):
        limit, gone = value, 0.0
        while gone < 1:  # in steps that are small beside the deviation
            limit += sign * 2e-4
            gone += 2e-4 / reach_of(limit)
        found.append(limit)
    assert expected_interval(fresh, value) == pytest.approx(tuple(found), abs=STEP)


@pytest.mark.parametrize("draws", [8, 20])
def test_few_draws_reach_as_far_as_many(draws):
    # A deviation that is taken as it is found from 8 draws, 1.96 times, holds 91 %.
    rng = np.random.default_rng(11)
    n_studies = 1500
    missed = np.zeros(len(MEANS))
    for _ in range(n_studies):
        fresh = np.array(MEANS)[:, None] + 0.06 * rng.standard_normal((len(MEANS), draws))
        reach_of = reach(fresh.mean(axis=1), fresh.std(axis=1, ddof=1), draws)
        missed += np.abs(0.06 * rng.standard_normal(len(MEANS))) > reach_of(np.array(MEANS))
    assert (missed <= binom.ppf(0.999, n_studies, 0.055)).all()
    assert (missed >= binom.ppf(0.001, n_studies, 0.045)).all()


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 2, 4])
def test_the_expectation_is_covered_by_95_percent_where_draws_are_skewed(place):
    rng = np.random.default_rng(5)
    deviations = [0.03, 0.04, 0.05, 0.07, 0.09]
    below = above = 0
    for _ in range(300):
        value = skewed(MEANS, deviations, rng, draws=1)[place, 0]
        low, high = expected_interval(skewed(MEANS, deviations, rng), value)
        below += high < MEANS[place]
        above += low > MEANS[place]
    assert below + above <= binom.ppf(0.999, 300, 0.06)
    assert max(below, above) <= binom.ppf(0.999, 300, 0.035)
    assert below + above >= binom.ppf(0.001, 300, 0.04)


def test_there_is_no_interval_where_the_statistic_is_not_defined():
    fresh = symmetric(MEANS, [0.07] * 5)
    gap, constant, rounding = fresh.copy(), fresh.copy(), fresh.copy()
    gap[2, 3] = np.nan
    constant[4] = 1.0
    rounding[4] = 1 + 1e-16 * np.arange(60)
    for draws, value in ((gap, 0.3), (constant, 0.3), (rounding, 0.3), (fresh, np.nan)):
        assert np.isnan(expected_interval(draws, value)).all()


def test_power_is_how_many_draws_of_inherited_look_exceed_those_of_chance():
    rng = np.random.default_rng(7)
    centres = np.array([[0], [0.3], [0.6], [1.0], [2.0]])
    many = rng.normal(size=(5, 40000)) + centres
    assert power(many) == pytest.approx((many[4] >= Z * many[0].std()).mean(), abs=0.01)
    few = rng.normal(size=(5, 8)) + centres
    bar = few[0].mean() + Z * statistics.stdev(few[0])
    inherited = statistics.NormalDist(few[4].mean(), statistics.stdev(few[4]))
    assert power(few) == pytest.approx(1 - inherited.cdf(bar))
    assert power(np.array([[0.0, 1.0], [9.0, 9.0]])) == 1
    assert power(np.array([[0.0, 1.0], [0.5, 0.5]])) == 0
    assert np.isnan(power(np.array([[0.0, np.nan], [0.5, 0.5]])))


def study():
    rng = np.random.default_rng(9)
    distances = tree_distances(23, 1)
    vectors = rng.normal(size=(23, 5))
    traits = FreshTraits(distances, vectors, 0.1 * np.eye(5), np.full(23, 3.0))
    return Looks(traits, np.eye(5), np.zeros(5), 0.5)


def test_fresh_vectors_follow_the_tree_the_more_the_larger_the_signal():
    looks = study()
    upper = np.triu_indices(23, 1)

    def measure(vectors):
        assert vectors.shape == (23, 6) and (vectors[:, -1] == 0.5).all()
        squares = ((vectors[:, None] - vectors) ** 2).sum(axis=2)
        r = np.corrcoef(squares[upper], looks.traits.distances[upper])[0, 1]
        return {"r": r, ("other", 1): 2 * r}

    fresh = fresh_statistics(looks, measure, draws=20, seed=1)
    assert set(fresh) == {"r", ("other", 1)}
    assert fresh["r"].shape == (len(SIGNALS), 20)
    np.testing.assert_allclose(fresh["other", 1], 2 * fresh["r"])
    means = fresh["r"].mean(axis=1)
    assert (np.diff(means) > 0).all() and abs(means[0]) < 0.05
    same, other = (fresh_statistics(looks, measure, draws=20, seed=s)["r"] for s in (1, 2))
    np.testing.assert_array_equal(same, fresh["r"])
    assert not np.allclose(other, same)
