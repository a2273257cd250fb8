"""A support vector machine whose kernel is Gaussian, approximated from landmarks."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import euclidean_distances

from visgen.classification.classifiers.linear_svm import LinearSVM

_BLOCK = 1024  # rows at a time
_LANDMARKS = 1000
_SAMPLE = 1000  # rows whose distances give the width of the kernel


class RbfSVM(ClassifierMixin, BaseEstimator):
    """The machines of `LinearSVM` on the kernel's values at landmarks (Williams & Seeger 2001).

    scikit-learn's ``SVC`` compares all training images with one another, for every pair of taxa.
    Here at most 1,000 training rows, drawn, stand for them, and the training part needs a second
    matrix of so many columns.

    Parameters
    ----------
    C, class_weight
        As those of `LinearSVM`.
    gamma
        The kernel is exp(-gamma d²); None takes one over the median d² between drawn rows.
    random_state
        Seed of landmarks and of the rows behind `gamma`.

    Attributes
    ----------
    classes_
        (n_taxa,), sorted.
    gamma_
        That was used.
    map_
        Kernel at the landmarks.
    machines_
        On what the map gives.
    n_iter_
        Steps that the machines took.
    """

    def __init__(
        self,
        C: float = 1.0,
        class_weight: str | None = None,
        gamma: float | None = None,
        random_state: int = 0,
    ):
        self.C = C
        self.class_weight = class_weight
        self.gamma = gamma
        self.random_state = random_state

    def fit(self, x: np.ndarray, y: np.ndarray) -> "RbfSVM":
        """Fit to (n, n_features) float32 and the (n,) taxa."""
        self.gamma_ = _inverse_square(x, self.random_state) if self.gamma is None else self.gamma
        n_landmarks = min(_LANDMARKS, len(x))
        self.map_ = Nystroem(
            gamma=self.gamma_, n_components=n_landmarks, random_state=self.random_state
        ).fit(x)
        values = np.empty((len(x), n_landmarks), np.float32)
        for start in range(0, len(x), _BLOCK):
            values[start : start + _BLOCK] = self.map_.transform(x[start : start + _BLOCK])
        self.machines_ = LinearSVM(C=self.C, class_weight=self.class_weight).fit(values, y)
        self.classes_, self.n_iter_ = self.machines_.classes_, self.machines_.n_iter_
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) softmax of the decision values: in order of odds, not calibrated."""
        return self.machines_.predict_proba(self.map_.transform(x))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the taxon with the largest decision value."""
        return self.machines_.predict(self.map_.transform(x))


def _inverse_square(x: np.ndarray, seed: int) -> float:
    """Return one over the median squared distance between different rows, of a sample of them."""
    rows = np.random.default_rng(seed).permutation(len(x))[:_SAMPLE]
    squares = euclidean_distances(x[np.sort(rows)], squared=True)
    squares = squares[np.triu_indices_from(squares, 1)]
    apart = squares[squares > 0]
    return float(1 / np.median(apart)) if len(apart) else 1.0
