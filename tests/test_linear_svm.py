import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from sklearn.utils.class_weight import compute_class_weight
from visgen.classification.classifiers.linear_svm import LinearSVM


def problem(n=311, n_features=17, n_taxa=5, seed=1):
    rng = np.random.default_rng(seed)
    y = rng.choice(n_taxa, n, p=np.arange(1, n_taxa + 1) / sum(range(1, n_taxa + 1)))
    x = rng.normal(size=(n_taxa, n_features))[y] + rng.normal(0, 1.5, (n, n_features))
    return x.astype(np.float32), y


def objective(coef, intercept, x, y, c, weight):
    """The loss that LIBLINEAR minimises, in double precision."""
    sign = np.where(y[:, None] == np.arange(len(coef)), 1, -1)
    weights = np.where(sign > 0, weight, 1)
    short = np.maximum(1 - sign * (x.astype(np.float64) @ coef.T + intercept), 0)
    return (coef**2).sum() / 2 + (intercept**2).sum() / 2 + c * (weights * short**2).sum()


@pytest.mark.parametrize("shape", [(311, 17, 5), (53, 101, 3)])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("c", [0.1, 1.0, 10.0])
def test_machines_are_as_good_as_those_of_scikit_learn(shape, class_weight, c):
    x, y = problem(*shape)
    ours = LinearSVM(C=c, class_weight=class_weight).fit(x, y)
    theirs = LinearSVC(C=c, class_weight=class_weight, dual=False, tol=1e-9, max_iter=100_000)
    theirs.fit(x.astype(np.float64), y)
    weight = compute_class_weight(class_weight, classes=np.unique(y), y=y)
    best = objective(theirs.coef_, theirs.intercept_, x, y, c, weight)
    found = objective(
        ours.coef_.astype(np.float64), ours.intercept_.astype(np.float64), x, y, c, weight
    )
    assert found == pytest.approx(best, rel=3e-3)  # sums in float32 end at 1.3e-3 on some machines
    assert (ours.predict(x) == theirs.predict(x)).mean() > 0.98


def test_two_taxa_have_opposite_machines():
    machine = LinearSVM().fit(*problem(89, 7, 2))
    assert np.allclose(machine.coef_[0], -machine.coef_[1], atol=1e-5)


def test_probabilities_sum_to_one_and_rank_as_decisions_do():
    x, y = problem()
    machine = LinearSVM().fit(x, y)
    odds = machine.predict_proba(x)
    assert np.allclose(odds.sum(axis=1), 1)
    assert (odds.argmax(axis=1) == machine.predict(x)).all()


def test_blocks_of_rows_make_no_difference(monkeypatch):
    x, y = problem()
    whole = LinearSVM().fit(x, y).coef_
    monkeypatch.setattr("visgen.classification.classifiers.linear_svm._BLOCK", 13)
    assert np.allclose(LinearSVM().fit(x, y).coef_, whole, atol=5e-3)


def test_ending_before_it_converged_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="linear SVM: STOP"):
        machine = LinearSVM(max_iter=3).fit(*problem())
    assert machine.n_iter_ == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert LinearSVM().fit(*problem()).n_iter_ > 3


def test_the_features_are_left_as_they_are():
    x, y = problem()
    before = x.copy()
    LinearSVM().fit(x, y)
    assert np.array_equal(x, before)
