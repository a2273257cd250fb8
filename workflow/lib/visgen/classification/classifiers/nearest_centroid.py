"""The taxon whose mean training vector is nearest: the baseline of few-shot learning."""

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics.pairwise import euclidean_distances

from visgen.features.taxon_means import taxon_means


class NearestCentroid(ClassifierMixin, BaseEstimator):
    """Nearest mean in Euclidean distance, without priors.

    On centred vectors of unit length this is the CL2N of Wang et al. 2019 (SimpleShot). Unlike
    scikit-learn's it makes no matrix of residuals, and its probabilities rank taxa as its
    predictions do.

    Attributes
    ----------
    classes_
        (n_taxa,), sorted.
    centroids_
        (n_taxa, n_features).
    """

    def fit(self, x: np.ndarray, y: np.ndarray) -> "NearestCentroid":
        """Take the mean of each taxon in (n, n_features) float32."""
        self.classes_, code = np.unique(y, return_inverse=True)
        self.centroids_ = taxon_means(x, code)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) softmax of −d²/2: in order of nearness, not calibrated."""
        return softmax(-euclidean_distances(x, self.centroids_, squared=True) / 2, axis=1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the nearest taxon."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]
