import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC
from visgen.classification.classifiers import rbf_svm
from visgen.classification.classifiers.linear_svm import LinearSVM
from visgen.classification.classifiers.rbf_svm import RbfSVM


def rings(n=307, seed=1):
    """Two rings around one centre, which no plane divides."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, n), 1 + 2 * y + rng.normal(0, 0.2, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32), y


def test_taxa_around_each_other_are_told_apart():
    (x, y), (asked, truth) = rings(), rings(seed=2)
    assert (RbfSVM().fit(x, y).predict(asked) == truth).mean() > 0.98
    assert (LinearSVM().fit(x, y).predict(asked) == truth).mean() < 0.7


def test_landmarks_at_every_row_give_the_kernel_itself():
    x, y = rings(83)
    machine = RbfSVM(gamma=0.7).fit(x, y)
    values = machine.map_.transform(x)
    assert np.allclose(values @ values.T, rbf_kernel(x, gamma=0.7), atol=1e-3)
    asked = rings(97, seed=3)[0]
    exact = SVC(gamma=0.7).fit(x, y)
    assert (machine.predict(asked) == exact.predict(asked)).mean() > 0.95


def test_width_is_the_median_distance_of_different_rows():
    x = np.array([[0], [0], [1], [3]], np.float32)  # squares 0 1 9 1 9 4
    assert RbfSVM().fit(x, [0, 1, 0, 1]).gamma_ == pytest.approx(1 / 4)
    assert RbfSVM(gamma=0.3).fit(x, [0, 1, 0, 1]).gamma_ == 0.3
    assert RbfSVM().fit(x * 0, [0, 1, 0, 1]).gamma_ == 1


def test_blocks_make_no_difference_and_the_seed_draws_the_landmarks(monkeypatch):
    monkeypatch.setattr(rbf_svm, "_LANDMARKS", 17)
    x, y = rings()
    asked = rings(seed=2)[0]
    whole = RbfSVM(random_state=1).fit(x, y).predict_proba(asked)
    other = RbfSVM(random_state=2).fit(x, y).predict_proba(asked)
    monkeypatch.setattr(rbf_svm, "_BLOCK", 29)
    assert np.allclose(RbfSVM(random_state=1).fit(x, y).predict_proba(asked), whole, atol=5e-3)
    assert not np.allclose(whole, other, atol=0.01)


def test_class_weight_and_penalty_reach_the_machines():
    x, y = rings(89)
    rare = (y == 0) | (np.arange(89) % 7 == 0)
    weighted, plain = (
        RbfSVM(C=0.01, class_weight=weight).fit(x[rare], y[rare]).predict_proba(x).mean(axis=0)
        for weight in ("balanced", None)
    )
    assert weighted[1] > plain[1]
    strict = RbfSVM(C=100).fit(x, y).predict_proba(x)
    assert strict.max(axis=1).mean() > RbfSVM(C=0.01).fit(x, y).predict_proba(x).max(axis=1).mean()
