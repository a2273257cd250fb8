import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from visgen.classification.classifiers import linear_discriminants
from visgen.classification.classifiers.linear_discriminants import LinearDiscriminants
from visgen.features import whitening, within_covariance
from visgen.features.taxon_means import taxon_means
from visgen.features.whitening import Whitening
from visgen.features.within_covariance import NoSpreadError

SIZES = [1, 2, 3, 5, 29]


def problem(sizes=SIZES, n_features=7, seed=1):
    """Taxa of some sizes whose images differ more along some directions than along others."""
    rng = np.random.default_rng(seed)
    code = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    mixing = rng.normal(size=(n_features, n_features))
    spread = rng.normal(size=(len(code), n_features)) @ mixing
    x = 3 + rng.normal(size=(len(sizes), n_features))[code] + spread
    return x.astype(np.float32), code


def residuals(x, code):
    x = x.astype(np.float64)
    return x - np.array([x[code == taxon].mean(axis=0) for taxon in code])


def covariance(x, code):
    return within_covariance.within_covariance(x, code, taxon_means(x, code))


def test_means_of_taxa_are_those_of_a_loop():
    x, code = problem()
    expected = [x[code == taxon].mean(axis=0) for taxon in range(len(SIZES))]
    assert np.allclose(taxon_means(x, code), expected, atol=1e-5)


@pytest.mark.parametrize("n_features", [7, 53])
@pytest.mark.parametrize("block", [11, 1024])
def test_covariance_within_taxa_is_shrunk_as_scikit_learn_does(monkeypatch, n_features, block):
    monkeypatch.setattr(within_covariance, "_BLOCK", block)
    x, code = problem(n_features=n_features)
    shrunk, share = ledoit_wolf(residuals(x, code), assume_centered=True)
    assert 0.01 < share < 0.99
    n, n_taxa = len(x), len(SIZES)
    assert np.allclose(covariance(x, code), shrunk * n / (n - n_taxa), rtol=1e-4, atol=1e-4)


def test_variance_within_taxa_is_not_biased_by_their_small_numbers():
    rng = np.random.default_rng(1)
    code = np.repeat(np.arange(1009), 2)
    x = (rng.normal(0, 3, (1009, 1))[code] + rng.normal(0, 2, (2018, 1))).astype(np.float32)
    assert covariance(x, code).item() == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("copies", [1, 3])
def test_taxa_of_one_image_and_its_copies_have_no_spread(copies):
    x, code = problem([1] * 13)
    x, code = np.repeat(x, copies, axis=0), np.repeat(code, copies)
    for fit in (Whitening().fit, LinearDiscriminants().fit):
        with pytest.raises(NoSpreadError, match="no two training rows of a taxon differ"):
            fit(x, code)


def test_rows_that_are_all_the_same_have_no_spread():
    with pytest.raises(NoSpreadError, match="all training rows are the same"):
        Whitening().fit(np.ones((5, 3), np.float32), np.array([0, 0, 1, 1, 1]))


def test_whitening_is_pca_and_the_inverse_root_of_the_covariance_within_taxa(monkeypatch):
    monkeypatch.setattr(whitening, "COMPONENTS", 5)
    x, code = problem(n_features=17)
    reduced = PCA(5).fit(x.astype(np.float64)).transform(x)
    shrunk, _ = ledoit_wolf(residuals(reduced, code), assume_centered=True)
    n, n_taxa = len(x), len(SIZES)
    expected = reduced @ fractional_matrix_power(shrunk * n / (n - n_taxa), -0.5)
    fitted = Whitening()
    found = fitted.fit(x, code)
    assert found.dtype == np.float32 and found.shape == (n, 5)
    # PCA leaves the sign of a component open, which the root carries over: distances are the same.
    assert np.allclose(cdist(found, found), cdist(expected, expected), atol=1e-3)
    assert np.allclose(fitted.apply(x), found, atol=1e-4)


def test_what_varies_within_taxa_counts_less_than_what_varies_between():
    rng = np.random.default_rng(1)
    code = np.arange(1009) % 7
    x = np.stack([rng.normal(0, 5, 1009), code + rng.normal(0, 0.1, 1009)], axis=1)
    x, few = x.astype(np.float32), slice(0, 28)

    def rightly_named(x):
        return (cdist(x, taxon_means(x[few], code[few])).argmin(axis=1) == code).mean()

    fitted = Whitening()
    fitted.fit(x[few], code[few])
    assert rightly_named(x) < 0.4
    assert rightly_named(fitted.apply(x)) > rightly_named(x) + 0.2


def test_a_direction_without_spread_within_taxa_leaves_finite_numbers():
    code = np.repeat(np.arange(7), 2)
    x = np.stack([np.tile([-1, 1], 7), code], axis=1).astype(np.float32)
    assert np.isfinite(Whitening().fit(x, code)).all()
    assert (LinearDiscriminants().fit(x, code).predict(x) == code).all()


def test_fewer_rows_than_features_and_constant_features_leave_finite_components():
    x, code = problem([2, 3, 2], n_features=31)
    x[:, 3] = 5
    fitted = Whitening()
    found = fitted.fit(x, code)
    assert found.shape == (7, 6) == (7, fitted.components)
    assert np.isfinite(found).all()
    other = problem([2, 3, 2], n_features=31, seed=2)[0]
    assert np.isfinite(fitted.apply(other)).all()


def test_components_without_variance_are_left_out():
    x, code = problem(n_features=5)
    doubled = np.concatenate([x, x], axis=1)
    assert Whitening().fit(doubled, code).shape == (len(x), 5)


def fixed(x, code, means):
    """A covariance within taxa that both sides can be given: a third of it is shrunk."""
    own = residuals(x, code)
    found = own.T @ own / len(x)
    mean = np.trace(found) / len(found)
    return found * 2 / 3 + np.eye(len(found)) * mean / 3


def test_discriminants_are_those_of_scikit_learn_where_the_covariance_is_the_same(monkeypatch):
    # Equal sizes: there its mean of shrunk covariances, taxon by taxon, is the shrunk mean.
    x, code = problem([13] * 5)
    monkeypatch.setattr(linear_discriminants, "within_covariance", fixed)
    names = np.array(["e", "a", "c", "d", "b"])[code]

    class Third:
        def fit(self, x):
            own = x - x.mean(axis=0)
            found = own.T @ own / len(x)
            mean = np.trace(found) / len(found)
            self.covariance_ = found * 2 / 3 + np.eye(len(found)) * mean / 3
            return self

    theirs = LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=Third())
    theirs.fit(x.astype(np.float64), names)
    ours = LinearDiscriminants().fit(x, names)
    other = problem([13] * 5, seed=2)[0]
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    assert np.allclose(ours.predict_proba(other), theirs.predict_proba(other), atol=1e-3)
    assert (ours.predict(other) == theirs.predict(other)).all()


def test_frequent_taxa_are_the_more_probable_ones():
    rng = np.random.default_rng(1)
    code = np.repeat([0, 1], [97, 11])
    x = (2 * code[:, None] + rng.normal(size=(108, 1))).astype(np.float32)
    even = (taxon_means(x, code).sum() / 2).reshape(1, 1)  # as far from one mean as from the other
    odds = LinearDiscriminants().fit(x, code).predict_proba(even)[0]
    assert odds[0] / odds[1] == pytest.approx(97 / 11, rel=1e-3)


@pytest.mark.filterwarnings("ignore:Only one sample available")
def test_one_covariance_of_all_taxa_serves_where_each_has_one_image_or_two():
    rng = np.random.default_rng(1)
    sizes = rng.choice([1, 2], 61)
    code = np.repeat(np.arange(61), sizes)
    scale = np.exp(rng.normal(0, 1, 31))
    means = rng.normal(size=(61, 31))
    x = (means[code] + scale * rng.normal(size=(len(code), 31))).astype(np.float32)
    truth = np.repeat(np.arange(61), 7)
    asked = (means[truth] + scale * rng.normal(size=(len(truth), 31))).astype(np.float32)
    ours = LinearDiscriminants().fit(x, code).predict(asked)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(x, code).predict(asked)
    assert (ours == truth).mean() > 0.2 + (theirs == truth).mean()
