"""Principal components in which images of one taxon differ alike in all directions."""

import logging

import numpy as np
from sklearn.decomposition import PCA

from visgen.features.taxon_means import taxon_means
from visgen.features.within_covariance import (
    NoSpreadError,
    within_covariance,
)

log = logging.getLogger(__name__)

COMPONENTS = 200
_NEGLIGIBLE = 1e-6  # of the largest variance: below it lies what float32 rounds


class Whitening:
    """PCA, then the inverse root of the covariance within taxa: what varies within counts less.

    As the within-class covariance normalisation of speaker recognition (Hatch, Kajarekar &
    Stolcke 2006), but shrunk (`within_covariance`), since taxa have few images, and after PCA,
    since they are fewer than features. Euclidean distances of what comes out are Mahalanobis
    distances.

    Attributes
    ----------
    components
        Number of components: at most `COMPONENTS`, and those that the training part has.
    """

    def fit(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Fit to (n, n_features) float32 and the (n,) taxa; return (n, components) float32.

        Raises
        ------
        NoSpreadError
            If no two rows of a taxon differ.
        """
        n_components = min(COMPONENTS, len(x) - 1, x.shape[1])
        # Of the covariance: other solvers centre a copy of the features.
        with np.errstate(invalid="ignore"):  # shares of no variance
            self._pca = PCA(n_components, svd_solver="covariance_eigh", copy=False).fit(x)
        variance = self._pca.explained_variance_
        if variance[0] <= 0:
            raise NoSpreadError("all training rows are the same")
        self.components = int((variance > _NEGLIGIBLE * variance[0]).sum())
        self._pca.components_ = self._pca.components_[: self.components]
        if self.components < COMPONENTS:
            log.info("whitening: %d components of %d rows", self.components, len(x))
        self._root = np.eye(self.components, dtype=np.float32)
        reduced = self.apply(x)
        code = np.unique(y, return_inverse=True)[1]
        covariance = within_covariance(reduced, code, taxon_means(reduced, code))
        values, vectors = np.linalg.eigh(covariance)
        self._root = ((vectors / np.sqrt(values)) @ vectors.T).astype(np.float32)
        return reduced @ self._root

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return (n, components) float32 of (n, n_features) float32."""
        axes = self._pca.components_
        return (x @ axes.T - self._pca.mean_ @ axes.T) @ self._root

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Return axes (components, n_features), offset (components,) and root, square; float32.

        `apply` is (x @ axes.T - offset) @ root.
        """
        axes = self._pca.components_
        return {"axes": axes, "offset": self._pca.mean_ @ axes.T, "root": self._root}

    def as_affine(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (n_features, components) axes and (components,) offset, float64.

        `apply` is x @ axes - offset.
        """
        axes = self._pca.components_.T.astype(np.float64) @ self._root
        return axes, self._pca.mean_.astype(np.float64) @ axes
