import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler, normalize
from visgen.classification.classifiers.feature_steps import FeatureSteps
from visgen.features.whitening import Whitening


def vectors(n=53, n_features=11, seed=1):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, n_features)) * rng.uniform(1, 9, n_features) + 2).astype(np.float32)


def steps(transform=(), best_features=None, pca=None):
    return FeatureSteps(transform, best_features, pca, seed=3, threads=1)


TAXA = np.arange(53) % 3


def test_nothing_asked_for_changes_nothing():
    assert np.array_equal(steps().fit(vectors(), TAXA), vectors())


def test_signed_square_root_keeps_the_sign():
    x = np.array([[-4, 0, 9]], np.float32)
    assert steps(["signed_sqrt"]).fit(x, TAXA[:1]).tolist() == [[-2, 0, 3]]


def test_training_vectors_are_centred_and_scaled_as_scikit_learn_does(monkeypatch):
    monkeypatch.setattr("visgen.classification.classifiers.transforms._BLOCK", 7)
    for transform, with_std in (("centre", False), ("standardise", True)):
        ours = steps([transform])
        theirs = StandardScaler(with_std=with_std).fit(vectors())
        assert np.allclose(ours.fit(vectors(), TAXA), theirs.transform(vectors()), atol=1e-4)
        assert np.allclose(
            ours.apply(vectors(seed=2)), theirs.transform(vectors(seed=2)), atol=1e-4
        )


def test_steps_are_taken_in_their_order():
    one = steps(["centre", "l2"]).fit(vectors(), TAXA)
    other = steps(["l2", "centre"]).fit(vectors(), TAXA)
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    assert np.allclose(other.mean(axis=0), 0, atol=1e-5)
    assert not np.allclose(one, other, atol=0.01)


def test_a_constant_feature_survives_standardising():
    x = vectors()
    x[:, 4] = 7
    assert np.isfinite(steps(["standardise"]).fit(x, TAXA)).all()


def test_the_features_that_tell_taxa_apart_are_kept():
    x = vectors()
    x[:, 7] += 50 * TAXA
    x[:, 2] -= 50 * (TAXA == 1)
    chosen = steps(best_features=2)
    assert np.array_equal(chosen.fit(x.copy(), TAXA), x[:, [2, 7]])
    other = vectors(seed=2)
    assert np.array_equal(chosen.apply(other.copy()), other[:, [2, 7]])


def test_principal_components_are_those_of_scikit_learn():
    ours, theirs = steps(pca=5), PCA(5, random_state=3).fit(vectors())
    assert np.allclose(ours.fit(vectors(), TAXA), theirs.transform(vectors()), atol=1e-4)
    assert np.allclose(ours.apply(vectors(seed=2)), theirs.transform(vectors(seed=2)), atol=1e-4)


def test_more_components_than_there_are_is_cut_and_logged(caplog):
    assert steps(pca=50).fit(vectors(7), TAXA[:7]).shape == (7, 7)
    assert "50 components asked for, 7 to be had" in caplog.text


def test_nothing_is_learned_from_what_is_only_transformed():
    fitted = steps(["standardise"], pca=5)
    fitted.fit(vectors(), TAXA)
    alone = fitted.apply(vectors(seed=2)[:3])
    among = fitted.apply(np.concatenate([vectors(seed=2)[:3], 1000 * vectors(seed=5)]))[:3]
    assert np.allclose(alone, among, rtol=1e-5)


def test_whitening_is_fitted_once_and_applied_to_others():
    whitened = steps(["signed_sqrt", "whiten", "l2"])
    found = whitened.fit(vectors(), TAXA)
    assert found.shape == (53, 11) and np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.allclose(whitened.apply(vectors()), found, atol=1e-4)
    alone = Whitening().fit(steps(["signed_sqrt"]).fit(vectors(), TAXA), TAXA)
    assert np.allclose(normalize(alone), found, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "of", "numbers"),
    [
        ({}, "feature", range(11)),
        ({"best_features": 2}, "feature", [2, 7]),
        ({"pca": 3}, "component", range(3)),
        ({"best_features": 5, "pca": 3}, "component", range(3)),
        ({"transform": ["whiten"]}, "component", range(11)),
    ],
)
def test_columns_that_come_out_are_named_by_what_goes_in(given, of, numbers):
    x = vectors()
    x[:, 7] += 50 * TAXA
    x[:, 2] -= 50 * (TAXA == 1)
    fitted = steps(**given)
    n = fitted.fit(x, TAXA).shape[1]
    found, own = fitted.columns(n)
    assert (found, own.tolist()) == (of, list(numbers))


def test_an_unknown_step_is_refused():
    with pytest.raises(ValueError, match="transform 'log' is unknown"):
        steps(["log"]).fit(vectors(), TAXA)
