import statistics

import numpy as np
import pytest
from numpy.polynomial.polynomial import polyfit, polyval
from scipy.stats import binom
from signal_study import tree_distances
from visgen.signal.expectation import SIGNALS, expected_interval, fresh_statistics, power
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


def test_with_the_same_deviation_everywhere_it_goes_as_far_to_both_sides():
    low, high = expected_interval(symmetric(MEANS, [0.07] * 5), 0.3)
    assert (low, high) == pytest.approx((0.3 - Z * 0.07, 0.3 + Z * 0.07), abs=STEP)


def parabola(fresh):
    """Deviation by expectation: relative errors of a parabola are smallest."""
    means = [row.mean() for row in fresh]
    deviations = [row.std(ddof=1) for row in fresh]
    weights = 1 / np.array(deviations)
    fitted = polyfit(means, deviations, 2, w=weights)

    def at(expected):
        inside = min(max(expected, min(means)), max(means))
        return max(polyval(inside, fitted), min(deviations) / 2)

    return at


def test_beyond_the_signals_the_deviation_stays():
    fresh = symmetric(MEANS, [0.02, 0.03, 0.05, 0.07, 0.09])
    deviation = parabola(fresh)
    below, above = Z * deviation(MEANS[0]), Z * deviation(MEANS[-1])
    found = expected_interval(fresh, -0.3)
    assert found == pytest.approx((-0.3 - below, -0.3 + below), abs=STEP)
    assert expected_interval(fresh, 0.7)[1] == pytest.approx(0.7 + above, abs=STEP)


@pytest.mark.parametrize("value", [0.0, 0.15, 0.4])
def test_limits_are_195_deviations_away_step_by_step(value):
    fresh = skewed(MEANS, [0.03, 0.04, 0.05, 0.07, 0.09], np.random.default_rng(3))
    deviation = parabola(fresh)
    found = []
    for sign in (-1, 1):
        limit, gone = value, 0.0
        while gone < Z:  # in steps that are small beside the deviation
            limit += sign * 1e-4
            gone += 1e-4 / deviation(limit)
        found.append(limit)
    assert expected_interval(fresh, value) == pytest.approx(tuple(found), abs=STEP)


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
