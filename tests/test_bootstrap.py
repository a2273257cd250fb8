import numpy as np
import pytest
from visgen.bootstrap import bayesian_weights, rescaled_weights

RNG = np.random.default_rng


def test_weights_of_images_have_mean_one_and_none_is_zero():
    weights = bayesian_weights(101, 400, RNG(1))
    assert weights.shape == (400, 101)
    assert weights.mean() == pytest.approx(1, abs=0.02)
    assert weights.min() > 0


@pytest.mark.parametrize("m", [2, 3, 7])
def test_variance_of_a_taxon_s_mean_is_the_unbiased_one(m):
    values = RNG(m).normal(size=m)
    weights = rescaled_weights(np.zeros(m, int), 40_000, RNG(1))
    means = weights @ values / m
    assert means.mean() == pytest.approx(values.mean(), abs=0.02)
    assert means.var() == pytest.approx(values.var(ddof=1) / m, rel=0.05)


def test_a_taxon_always_weighs_as_many_as_it_has_specimens():
    taxon = np.array([2, 0, 0, 1, 2, 2, 2])
    weights = rescaled_weights(taxon, 53, RNG(1))
    for number, m in ((0, 2), (1, 1), (2, 4)):
        assert np.allclose(weights[:, taxon == number].sum(axis=1), m)


def test_a_single_specimen_always_weighs_one():
    weights = rescaled_weights(np.array([5, 3, 3]), 53, RNG(1))
    assert (weights[:, 0] == 1).all()
    assert np.unique(weights[:, 1]).tolist() == [0, 2]
