import numpy as np
import pytest
from numpy.polynomial.polynomial import polyfit, polyval
from scipy.stats import binom
from signal_study import tree_distances
from visgen.signal.expectation import SIGNALS, expected_interval, fresh_statistics, power
from visgen.signal.fresh_traits import FreshTraits

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


def test_beyond_the_signals_the_deviation_stays():
    deviations = [0.02, 0.03, 0.05, 0.07, 0.09]
    fresh = symmetric(MEANS, deviations)
    logs = polyfit(MEANS, np.log(deviations), 2)
    below, above = (np.exp(polyval(MEANS[end], logs)) for end in (0, -1))
    low, high = expected_interval(fresh, -0.3)
    assert (low, high) == pytest.approx((-0.3 - Z * below, -0.3 + Z * below), abs=STEP)
    low, high = expected_interval(fresh, 0.8)
    assert (low, high) == pytest.approx((0.8 - Z * above, 0.8 + Z * above), abs=STEP)


@pytest.mark.parametrize("value", [0.0, 0.15, 0.4])
def test_the_value_lies_at_a_quantile_of_what_is_drawn_around_each_limit(value):
    fresh = skewed(MEANS, [0.03, 0.04, 0.05, 0.07, 0.09], np.random.default_rng(3))
    means = [row.mean() for row in fresh]
    logs, skews = [], []
    for row in fresh:
        deviation = np.sqrt(sum((one - row.mean()) ** 2 for one in row) / (len(row) - 1))
        logs.append(np.log(deviation))
        skews.append(sum(((one - row.mean()) / deviation) ** 3 for one in row) / len(row))
    logs, skews = polyfit(means, logs, 2), polyfit(means, skews, 1)
    inside = []
    for tried in np.linspace(-1, 1, 4001):
        at = min(max(tried, min(means)), max(means))
        deviation, skew = np.exp(polyval(at, logs)), polyval(at, skews)
        lowest = tried + deviation * (-Z + skew * (Z**2 - 1) / 6)
        highest = tried + deviation * (Z + skew * (Z**2 - 1) / 6)
        if lowest <= value <= highest:
            inside.append(tried)
    found = expected_interval(fresh, value)
    assert found == pytest.approx((min(inside), max(inside)), abs=1.1 * STEP)
    assert found[0] < value < found[1]


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
    assert np.isnan(expected_interval(fresh, 1.5)).all()  # no expectation is near


def test_power_is_how_many_draws_of_inherited_look_exceed_those_of_chance():
    rng = np.random.default_rng(7)
    fresh = rng.normal(size=(5, 60)) + np.array([[0], [0.3], [0.6], [1.0], [2.0]])
    bar = sum(fresh[0]) / 60 + Z * np.sqrt(sum((fresh[0] - fresh[0].mean()) ** 2) / 59)
    expected = sum(value >= bar for value in fresh[4]) / 60
    assert 0.2 < expected < 0.8
    assert power(fresh) == pytest.approx(expected)
    assert power(np.array([[0.0, 1.0], [9.0, 9.0]])) == 1
    assert power(np.array([[0.0, 1.0], [0.5, 0.5]])) == 0


def study():
    rng = np.random.default_rng(9)
    distances = tree_distances(23, 1)
    return FreshTraits(distances, rng.normal(size=(23, 5)), 0.1 * np.eye(5), np.full(23, 3.0))


def test_fresh_vectors_follow_the_tree_the_more_the_larger_the_signal():
    traits = study()
    upper = np.triu_indices(23, 1)

    def measure(vectors):
        assert vectors.shape == (23, 5)
        squares = ((vectors[:, None] - vectors) ** 2).sum(axis=2)
        r = np.corrcoef(squares[upper], traits.distances[upper])[0, 1]
        return {"r": r, ("other", 1): 2 * r}

    fresh = fresh_statistics(traits, measure, draws=20, seed=1)
    assert set(fresh) == {"r", ("other", 1)}
    assert fresh["r"].shape == (len(SIGNALS), 20)
    np.testing.assert_allclose(fresh["other", 1], 2 * fresh["r"])
    means = fresh["r"].mean(axis=1)
    assert (np.diff(means) > 0).all() and abs(means[0]) < 0.05
    same, other = (fresh_statistics(traits, measure, draws=20, seed=s)["r"] for s in (1, 2))
    np.testing.assert_array_equal(same, fresh["r"])
    assert not np.allclose(other, same)
