"""Linear discriminant analysis with one shrunk covariance of all taxa."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from visgen.features.taxon_means import taxon_means
from visgen.features.within_covariance import within_covariance


class LinearDiscriminants(ClassifierMixin, BaseEstimator):
    """Taxa as normal distributions of one covariance, at their frequencies in training.

    Equal to scikit-learn's ``LinearDiscriminantAnalysis`` but for the covariance
    (`visgen.features.within_covariance`).

    Attributes
    ----------
    classes_
        (n_taxa,), sorted.
    centre_
        (n_features,) float32, subtracted first.
    coef_
        (n_taxa, n_features) float32.
    intercept_
        (n_taxa,) float32.
    """

    def fit(self, x: np.ndarray, y: np.ndarray) -> "LinearDiscriminants":
        """Fit to (n, n_features) float32 and the (n,) taxa.

        Raises
        ------
        NoSpreadError
            If no two rows of a taxon differ.
        """
        self.classes_, code = np.unique(y, return_inverse=True)
        # Around the mean of all taxa: far from it, float32 is coarse.
        self.centre_ = x.mean(axis=0)
        means = taxon_means(x, code)
        covariance = within_covariance(x, code, means)
        means = (means - self.centre_).astype(np.float64)
        slopes = cho_solve(cho_factor(covariance, overwrite_a=True), means.T).T
        priors = np.bincount(code) / len(code)
        intercept = np.log(priors) - np.einsum("ij,ij->i", means, slopes) / 2
        self.coef_, self.intercept_ = slopes.astype(np.float32), intercept.astype(np.float32)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) probabilities of the taxa."""
        return softmax((x - self.centre_) @ self.coef_.T + self.intercept_, axis=1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable taxon."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]
