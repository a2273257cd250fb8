"""The taxa of the nearest training images."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier


class NearestNeighbours(ClassifierMixin, BaseEstimator):
    """Votes of the nearest training rows in Euclidean distance, weighted by its inverse.

    scikit-learn's, by comparing each row with all: it keeps the nearest of blocks of distances and
    never all distances. Weights decide where as many neighbours are of one taxon as of another;
    rows at no distance, where there are some, decide alone.

    Parameters
    ----------
    neighbours
        Number of neighbours; cut to the number of training rows.

    Attributes
    ----------
    classes_
        (n_taxa,), sorted.
    rows_
        (n, n_features) float32, those that vote.
    code_
        (n,) place of the taxon of each row in `classes_`.
    n_voters_
        Neighbours that vote.
    """

    def __init__(self, neighbours: int = 5):
        self.neighbours = neighbours

    def fit(self, x: np.ndarray, y: np.ndarray) -> "NearestNeighbours":
        """Keep (n, n_features) float32, not copied, and the (n,) taxa."""
        self.n_voters_ = min(self.neighbours, len(x))
        self._voters = KNeighborsClassifier(
            self.n_voters_, weights="distance", algorithm="brute"
        ).fit(x, y)
        self.classes_, self.code_ = np.unique(y, return_inverse=True)
        self.rows_ = x
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) shares of the votes."""
        return self._voters.predict_proba(x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the taxon with most of the votes."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]
