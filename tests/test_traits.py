import numpy as np
import pytest
from sklearn.decomposition import PCA
from visgen.features.within_covariance import NoSpreadError
from visgen.signal.traits import leading_axes, whitened_means


def collection(rng, n_taxa=30, n_specimens=12, n_images=1):
    """Specimens of a taxon differ 20 times as much in one direction as in another."""
    spread = np.array([20, 5, 3, 2, 1.0])
    taxa = np.repeat(np.arange(n_taxa), n_specimens)
    x = rng.normal(size=(n_taxa, 5))[taxa] * 10 + rng.normal(size=(len(taxa), 5)) * spread
    return np.repeat(x, n_images, axis=0).astype(np.float32), np.repeat(taxa, n_images)


def test_specimens_of_a_taxon_vary_by_one_in_all_directions():
    rng = np.random.default_rng(1)
    x, taxa = collection(rng, n_specimens=60)
    found = whitened_means(x, taxa, np.arange(len(x)))
    np.testing.assert_allclose(found.noise, 1 / 60)
    # vectors are a linear map of means over images: that map of the residuals
    means = x.reshape(30, 60, 5).mean(axis=1)
    centred = means - means.mean(axis=0)
    linear = np.linalg.lstsq(centred, found.values - found.values.mean(axis=0))[0]
    residuals = (x.reshape(30, 60, 5) - means[:, None]).reshape(-1, 5) @ linear
    np.testing.assert_allclose(residuals.T @ residuals / (1800 - 30), np.eye(5), atol=0.1)


def test_noise_counts_specimens_not_images():
    rng = np.random.default_rng(2)
    x, taxa = collection(rng, n_specimens=4, n_images=3)
    specimens = np.repeat(np.arange(len(x) // 3), 3)
    found = whitened_means(x + rng.normal(size=x.shape).astype("f") / 1000, taxa, specimens)
    np.testing.assert_allclose(found.noise, 1 / 4)
    one_each = whitened_means(x[::3], taxa[::3], specimens[::3])
    np.testing.assert_allclose(np.abs(found.values), np.abs(one_each.values), atol=0.01)


def test_a_specimen_of_many_images_weighs_more_and_leaves_more_noise():
    x, taxa = collection(np.random.default_rng(3), n_specimens=3)
    images = np.repeat(np.arange(len(x)), np.tile([4, 1, 1], 30))
    found = whitened_means(x[images], taxa[images], images)
    np.testing.assert_allclose(found.noise, (16 + 1 + 1) / 36)
    means = np.array([x[images][taxa[images] == taxon].mean(axis=0) for taxon in range(30)])
    # a linear map of the mean over images
    design = np.column_stack([means, np.ones(30)])
    left = np.linalg.lstsq(design, found.values, rcond=None)[1]
    np.testing.assert_allclose(left, 0, atol=1e-5)


def test_without_replicates_nothing_is_known_of_the_noise():
    x, taxa = collection(np.random.default_rng(4), n_specimens=1, n_images=3)
    with pytest.raises(NoSpreadError):
        whitened_means(x, taxa, taxa)


@pytest.mark.parametrize(("n_taxa", "expected"), [(3, 1), (7, 1), (8, 2), (74, 18), (230, 50)])
def test_a_quarter_as_many_axes_as_taxa(n_taxa, expected):
    vectors = np.random.default_rng(5).normal(size=(n_taxa, 61))
    axes = leading_axes(vectors)
    assert axes.shape == (n_taxa, expected)
    scores = PCA(expected, svd_solver="full").fit_transform(vectors)
    np.testing.assert_allclose(np.abs(axes), np.abs(scores), atol=1e-9)


def test_vectors_of_few_dimensions_have_fewer_axes():
    rng = np.random.default_rng(6)
    vectors = rng.normal(size=(31, 3)) @ rng.normal(size=(3, 11)) + 100
    assert leading_axes(vectors).shape == (31, 3)


def test_equal_vectors_are_refused():
    with pytest.raises(ValueError, match="all taxa have the same vector"):
        leading_axes(np.full((9, 4), 0.1))
