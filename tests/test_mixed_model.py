import numpy as np
import pytest
from random_distances import random_matrix
from scipy.linalg import helmert
from scipy.stats import multivariate_normal
from signal_study import evolve, tree_distances
from visgen.signal.covariance import BROWNIAN, SCALES, centre_square, phylogenetic_covariance
from visgen.signal.lambda_test import lambda_test
from visgen.signal.likelihood import likelihood_of
from visgen.signal.mixed_model import between_taxa, fit_mixed_model, root_means

NOISES = [None, 1 / np.array([1, 1, 2, 3, 3, 5, 7, 9, 1, 2, 4, 30, 2])]


def direct(traits, noise, covariance, signal, variance):
    """Restricted likelihood of Gaussian contrasts, axis by axis, by scipy."""
    contrasts = helmert(len(traits))
    observed = variance * (signal * covariance + (1 - signal) * np.eye(len(traits)))
    observed += np.diag(np.zeros(len(traits)) if noise is None else noise)
    normal = multivariate_normal(cov=contrasts @ observed @ contrasts.T)
    total = sum(normal.logpdf(contrasts @ axis) for axis in traits.T)
    return total + traits.shape[1] * (len(traits) - 1) / 2 * np.log(2 * np.pi)


@pytest.mark.parametrize("noise", NOISES, ids=["exact", "noisy"])
def test_likelihood_is_that_of_gaussian_contrasts_with_the_best_variance(noise):
    distances = tree_distances(13, 1)
    traits = 2 * evolve(distances, 3, 0.6, np.random.default_rng(2))
    covariance = phylogenetic_covariance(distances, 0.5).values
    fit = likelihood_of(traits, noise, covariance)
    for signal in (0.0, 0.3, 0.8):
        found = fit(signal)
        expected = direct(traits, noise, covariance, signal, found.variance)
        assert found.log_likelihood == pytest.approx(expected)
        for factor in (0.9, 1.1):
            assert direct(traits, noise, covariance, signal, factor * found.variance) < expected


@pytest.mark.parametrize("noise", NOISES, ids=["exact", "noisy"])
def test_no_other_lambda_or_scale_is_more_likely(noise):
    distances = tree_distances(13, 3)
    traits = 2 * evolve(distances, 5, 0.6, np.random.default_rng(4))
    model = fit_mixed_model(traits, noise, distances)
    likelihoods = [
        likelihood_of(traits, noise, phylogenetic_covariance(distances, scale).values)(signal)
        for scale in SCALES
        for signal in np.linspace(0, 1, 41)
    ]
    assert model.log_likelihood >= max(one.log_likelihood for one in likelihoods) - 1e-3
    covariance = phylogenetic_covariance(distances, model.scale).values
    found = direct(traits, noise, covariance, model.signal, model.variance)
    assert model.log_likelihood == pytest.approx(found)


def test_turning_the_axes_changes_nothing():
    rng = np.random.default_rng(20)
    distances = tree_distances(13, 3)
    traits = evolve(distances, 5, 0.6, rng)
    turned = traits @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    one, other = (fit_mixed_model(x, NOISES[1], distances) for x in (traits, turned))
    assert one[:5] == pytest.approx(other[:5])
    assert lambda_test(traits, NOISES[1], distances, 99, seed=1) == pytest.approx(
        lambda_test(turned, NOISES[1], distances, 99, seed=1)
    )


def test_effective_axes_are_few_where_axes_vary_together():
    rng = np.random.default_rng(21)
    distances = tree_distances(61, 22)
    traits = evolve(distances, 40, 0.5, rng)
    covariance = phylogenetic_covariance(distances, BROWNIAN).values
    deviations = np.exp(-np.arange(40) / 4)
    expected = (deviations**2).sum() ** 2 / (deviations**4).sum()  # 4
    for x, axes in ((traits, 40), (traits * deviations, expected)):
        found = likelihood_of(x, None, covariance)(0.5).effective_axes
        assert found == pytest.approx(axes, rel=0.25)
    copied = np.repeat(evolve(distances, 3, 0.5, rng), 7, axis=1)
    assert likelihood_of(copied, None, covariance)(0.5).effective_axes < 3.5


def test_an_interval_of_copied_axes_is_that_of_one():
    distances = tree_distances(31, 5)
    one = evolve(distances, 1, 0.6, np.random.default_rng(6))
    found, copied = (
        fit_mixed_model(x, None, distances, [BROWNIAN]) for x in (one, np.repeat(one, 9, axis=1))
    )
    assert copied[:3] == pytest.approx(found[:3], abs=0.02)


def test_ends_of_the_interval_lie_where_chi_square_has_them():
    distances = tree_distances(31, 5)
    traits = evolve(distances, 7, 0.6, np.random.default_rng(6))
    model = fit_mixed_model(traits, None, distances, [BROWNIAN])
    fit = likelihood_of(traits, None, phylogenetic_covariance(distances, BROWNIAN).values)
    assert 0 < model.ci_low < model.signal < model.ci_high < 1
    for end in (model.ci_low, model.ci_high):
        drop = model.log_likelihood - fit(end).log_likelihood
        assert 2 * drop * model.effective_axes / 7 == pytest.approx(3.8415, abs=0.05)


@pytest.mark.parametrize("signal", [0, 0.4, 1])
def test_lambda_is_found_through_noise(signal):
    rng = np.random.default_rng(7)
    distances = tree_distances(47, 8)
    noise = 1 / rng.integers(1, 9, 47)
    traits = 2 * evolve(distances, 11, signal, rng)
    traits += rng.normal(size=traits.shape) * np.sqrt(noise)[:, None]
    model = fit_mixed_model(traits, noise, distances, [BROWNIAN])
    assert model.signal == pytest.approx(signal, abs=0.17)
    assert model.ci_low <= signal <= model.ci_high
    assert model.variance == pytest.approx(4, rel=0.35)
    blind = fit_mixed_model(traits, None, distances, [BROWNIAN])
    assert blind.signal <= model.signal + 0.01


def test_means_are_those_of_generalised_least_squares():
    distances = tree_distances(13, 9)
    traits = evolve(distances, 2, 0.5, np.random.default_rng(10))
    between = between_taxa(phylogenetic_covariance(distances, 0.5).values, 0.7, 3.0)
    inverse = np.linalg.inv(between + np.diag(NOISES[1]))
    for axis, mean in zip(traits.T, root_means(traits, NOISES[1], between), strict=True):
        assert mean == pytest.approx((inverse @ axis).sum() / inverse.sum())


def test_between_taxa_mixes_descent_and_identity():
    covariance = np.array([[1, 0.5], [0.5, 1]])
    np.testing.assert_allclose(between_taxa(covariance, 0.2, 3.0), [[3, 0.3], [0.3, 3]])


# Covariance


def test_covariance_falls_with_distance():
    distances = np.array([[0, 1, 4], [1, 0, 4], [4, 4, 0.0]])
    np.testing.assert_allclose(
        phylogenetic_covariance(distances, 0.5).values, np.exp(-distances / 2)
    )
    brownian = phylogenetic_covariance(distances, BROWNIAN)
    np.testing.assert_allclose(brownian.values, [[1, 0.75, 0], [0.75, 1, 0], [0, 0, 1]])
    assert brownian.clipped == 0


def test_a_covariance_of_no_tree_is_clipped_and_says_how_much():
    distances = np.random.default_rng(11).uniform(0.1, 1, (12, 12))
    distances = distances + distances.T
    np.fill_diagonal(distances, 0)
    values = np.linalg.eigvalsh(centre_square(1 - distances / distances.max()))
    share = np.abs(values[values < 0]).sum() / np.abs(values).sum()
    found = phylogenetic_covariance(distances, BROWNIAN)
    assert found.clipped == pytest.approx(share)
    assert share > 0.05
    assert np.linalg.eigvalsh(centre_square(found.values)).min() > -1e-9


@pytest.mark.parametrize("scale", [0.5, BROWNIAN])
def test_a_star_tree_is_refused(scale):
    distances = 2.0 - 2 * np.eye(7)
    with pytest.raises(ValueError, match=r"same phylogenetic distance 2 \(a star tree"):
        phylogenetic_covariance(distances, scale)


def test_constant_traits_and_taxa_without_noise_are_refused():
    distances = tree_distances(13, 1)
    traits = evolve(distances, 3, 1, np.random.default_rng(2))
    with pytest.raises(ValueError, match="all taxa have the same traits"):
        fit_mixed_model(np.ones((13, 2)), None, distances)
    with pytest.raises(ValueError, match="noise of a taxon is 0"):
        fit_mixed_model(traits, np.zeros(13), distances)


# The test of λ


def test_ratio_is_twice_the_gain_in_likelihood_where_traits_are_exact():
    distances = tree_distances(13, 3)
    traits = evolve(distances, 3, 0.5, np.random.default_rng(4))
    fit = likelihood_of(traits, None, phylogenetic_covariance(distances, BROWNIAN).values)
    likelihoods = [fit(signal).log_likelihood for signal in np.linspace(0, 1, 21)]
    test = lambda_test(traits, None, distances, 19, seed=1)
    assert test.value == pytest.approx(2 * (max(likelihoods) - likelihoods[0]))
    alike = lambda_test(traits, np.full(13, 0.2), distances, 19, seed=1)
    assert alike == pytest.approx(test)


def test_p_is_the_share_of_orders_of_taxa_that_fit_as_well():
    distances = tree_distances(11, 5)
    traits = evolve(distances, 2, 0.3, np.random.default_rng(6))
    scales = [0.3, BROWNIAN]

    def ratio(values):
        model = fit_mixed_model(values, None, distances, scales)
        return 2 * (model.log_likelihood - model.log_likelihood_without)

    test = lambda_test(traits, None, distances, 39, seed=7, scales=scales)
    rng = np.random.default_rng(7)
    orders = rng.permuted(np.tile(np.arange(11), (39, 1)), axis=1)
    as_well = sum(ratio(traits[order]) >= ratio(traits) for order in orders)
    assert test.p == pytest.approx((1 + as_well) / 40)


def test_clustered_noise_is_no_signal():
    rng = np.random.default_rng(8)
    distances = tree_distances(31, 9)
    noise = np.where(distances[0] < np.median(distances[0]), 5.0, 0.1)  # one clade is noisy
    ps = [
        lambda_test(
            rng.normal(size=(31, 7)) * np.sqrt(1 + noise)[:, None], noise, distances, 59, seed=1
        ).p
        for _ in range(100)
    ]
    assert np.mean(np.array(ps) <= 0.05) < 0.1


def test_signal_is_seen_through_noise():
    rng = np.random.default_rng(10)
    distances = tree_distances(41, 11)
    noise = 1 / rng.integers(1, 9, 41)
    traits = evolve(distances, 10, 0.7, rng) + rng.normal(size=(41, 10)) * np.sqrt(noise)[:, None]
    assert lambda_test(traits, noise, distances, 199, seed=1).p == pytest.approx(1 / 200)


def test_distances_need_not_be_ultrametric():
    distances = random_matrix(17, 12).data
    traits = evolve(tree_distances(17, 1), 4, 0, np.random.default_rng(13))
    model = fit_mixed_model(traits, None, distances, [BROWNIAN])
    assert 0 <= model.ci_low <= model.signal <= model.ci_high <= 1
