import numpy as np
import pytest
from signal_study import tree_distances
from visgen.signal.fresh_traits import FreshTraits

#: Of the tips of ((a:1,b:2):1,(c:3,d:1):0.5,e:4), which is not ultrametric: from the root down to
#: each tip, and together to each pair.
PATHS = np.array(
    [
        [2, 1, 0, 0, 0],
        [1, 3, 0, 0, 0],
        [0, 0, 3.5, 0.5, 0],
        [0, 0, 0.5, 1.5, 0],
        [0, 0, 0, 0, 4],
    ]
)


def between_tips(paths):
    height = np.diag(paths)
    return height[:, None] + height - 2 * paths


def without_mean(square):
    centring = np.eye(len(square)) - 1 / len(square)
    return centring @ square @ centring


def root_of(covariance):
    values, axes = np.linalg.eigh(covariance)
    return axes * np.sqrt(np.clip(values, 0, None))


def random_covariance(n_axes, rng, steep=1.0):
    turned = np.linalg.qr(rng.normal(size=(n_axes, n_axes)))[0]
    return turned * np.exp(-steep * np.arange(n_axes)) @ turned.T


def test_contrasts_have_the_variance_of_brownian_motion_along_the_tree():
    fresh = FreshTraits(between_tips(PATHS), np.zeros((5, 2)), np.eye(2), np.ones(5))
    contrasts, variances = fresh._contrasts
    np.testing.assert_allclose(contrasts * variances @ contrasts.T, without_mean(PATHS), atol=1e-12)
    np.testing.assert_allclose(contrasts.T @ contrasts, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(contrasts.sum(axis=0), 0, atol=1e-12)


def test_the_root_of_the_tree_does_not_matter():
    elsewhere = PATHS + 7  # on a branch that all tips share
    fresh = [
        FreshTraits(between_tips(paths), np.zeros((5, 2)), np.eye(2), np.ones(5))
        for paths in (PATHS, elsewhere)
    ]
    np.testing.assert_allclose(fresh[0]._contrasts[1], fresh[1]._contrasts[1], atol=1e-12)


@pytest.mark.parametrize("signal", [0.0, 0.5, 1.0])
def test_trait_covariance_is_unbiased_whatever_the_noise(signal):
    # That of a specimen is as large as what taxa differ by, along other axes; 1 to 29 a taxon.
    n_taxa, n_axes, n_studies = 31, 5, 300
    rng = np.random.default_rng(3)
    distances = tree_distances(n_taxa, 1)
    height = distances.max() / 2
    between = signal * (height - distances / 2) + (1 - signal) * height * np.eye(n_taxa)
    of_taxa = root_of(between)
    covariance = random_covariance(n_axes, rng)
    noise = random_covariance(n_axes, rng) * height
    n_specimens = rng.choice([1, 2, 3, 5, 29], n_taxa)
    of_traits, of_noise = root_of(covariance), root_of(noise)
    totals, squares = [], []
    for _ in range(n_studies):
        vectors = of_taxa @ rng.normal(size=(n_taxa, n_axes)) @ of_traits.T
        errors = rng.normal(size=(n_taxa, n_axes)) @ of_noise.T
        vectors += errors / np.sqrt(n_specimens)[:, None] + 11
        found = FreshTraits(distances, vectors, noise, n_specimens).trait_root(signal)
        found = found @ found.T
        totals.append(np.trace(found))
        squares.append((found**2).sum())
    for values, expected in ((totals, np.trace(covariance)), (squares, (covariance**2).sum())):
        error = np.std(values) / np.sqrt(n_studies)
        assert abs(np.mean(values) - expected) < 4 * error
        assert error < 0.1 * expected


@pytest.mark.parametrize("signal", [0.0, 0.3, 1.0])
def test_draws_have_the_covariance_of_the_model(signal):
    rng = np.random.default_rng(5)
    distances, noise = between_tips(PATHS), random_covariance(2, rng)
    n_specimens = np.array([1, 2, 3, 5, 29])
    fresh = FreshTraits(distances, rng.normal(size=(5, 2)), noise, n_specimens)
    root = root_of(random_covariance(2, rng))
    n_draws = 6000
    drawn = np.array([fresh.draw(signal, root, rng).ravel() for _ in range(n_draws)])
    taxa = signal * PATHS + (1 - signal) * distances.max() / 2 * np.eye(5)
    expected = np.kron(without_mean(taxa), root @ root.T)
    expected += np.kron(np.diag(1 / n_specimens), noise)
    variance = np.diag(expected)
    error = np.sqrt((np.outer(variance, variance) + expected**2) / n_draws)
    assert (np.abs(np.cov(drawn.T) - expected) < 4.5 * error).all()
    assert (np.abs(drawn.mean(axis=0)) < 4.5 * np.sqrt(variance / n_draws)).all()


@pytest.mark.parametrize(("of_tree", "of_look"), [(1e4, 1.0), (1.0, 1e-5)])
def test_units_of_the_tree_and_of_look_do_not_matter(of_tree, of_look):
    rng = np.random.default_rng(7)
    distances, vectors = tree_distances(13, 1), rng.normal(size=(13, 3)) * [5, 2, 1]
    noise, n_specimens = random_covariance(3, rng), rng.choice([1, 2, 7], 13)
    one = FreshTraits(distances, vectors, noise, n_specimens)
    other = FreshTraits(of_tree * distances, of_look * vectors, of_look**2 * noise, n_specimens)
    for signal in (0.0, 0.5, 1.0):
        roots = [fresh.trait_root(signal) for fresh in (one, other)]
        plain, scaled = (root @ root.T for root in roots)
        plain *= of_look**2 / of_tree
        np.testing.assert_allclose(scaled, plain, rtol=1e-5, atol=1e-9 * plain.max())


def test_look_that_is_noise_alone_has_next_to_no_traits():
    rng = np.random.default_rng(9)
    noise = np.eye(3) * 1e3
    fresh = FreshTraits(tree_distances(13, 1), rng.normal(size=(13, 3)), noise, np.ones(13))
    root = fresh.trait_root(0.5)
    assert np.isfinite(root).all()
    assert np.trace(root @ root.T) < 1e-6


def test_tips_without_distance_inherit_the_same():
    rng = np.random.default_rng(11)
    distances = tree_distances(13, 1)
    distances[1], distances[:, 1] = distances[0], distances[:, 0]
    distances[1, 1] = 0
    fresh = FreshTraits(distances, rng.normal(size=(13, 3)), np.zeros((3, 3)), np.ones(13))
    drawn = fresh.draw(1.0, fresh.trait_root(1.0), rng)
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-6 * np.abs(drawn).max())
    assert not np.allclose(drawn[0], drawn[2])
    apart = fresh.draw(0.5, fresh.trait_root(0.5), rng)
    assert not np.allclose(apart[0], apart[1])


def test_two_clusters_of_tips_without_distance_leave_one_axis():
    cluster = np.repeat([0, 1], [3, 4])
    distances = 1.0 * (cluster[:, None] != cluster)
    vectors = np.random.default_rng(13).normal(size=(7, 3))
    root = FreshTraits(distances, vectors, np.zeros((3, 3)), np.ones(7)).trait_root(1.0)
    assert np.isfinite(root).all() and np.trace(root @ root.T) > 0
