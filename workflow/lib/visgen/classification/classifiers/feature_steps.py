"""What happens to features before a classifier sees them; fitted on the training part only."""

import logging
from collections.abc import Sequence

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA

from visgen.classification.classifiers.methods import build_members, each_member
from visgen.classification.classifiers.transforms import Transform

log = logging.getLogger(__name__)

_RANKING_TREES = 50


class FeatureSteps:
    """Steps on the features of a classifier: transform, choice of features, PCA, in this order.

    Parameters
    ----------
    transform
        As of `visgen.classification.classifiers.transforms.Transform`.
    best_features
        Number of features to keep, ranked by the impurity importance of a Random Forest of 50
        trees; None keeps all.
    pca
        Number of principal components; None does without. Both numbers are cut to what the
        training part has.
    seed
        Of the ranking and of PCA.
    threads
        Threads for the ranking.
    """

    def __init__(
        self,
        transform: Sequence[str],
        best_features: int | None,
        pca: int | None,
        *,
        seed: int,
        threads: int,
    ):
        self.transform = Transform(transform)
        self.best_features, self.n_components = best_features, pca
        self.seed, self.threads = seed, threads
        self._kept: np.ndarray | None = None
        self._pca: PCA | None = None

    def fit(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Fit to the training part and return it transformed.

        Parameters
        ----------
        x
            (n, n_features) float32, overwritten.
        y
            (n,) taxa.

        Raises
        ------
        NoSpreadError
            If ``whiten`` is asked for, and no two rows of a taxon differ.
        """
        x = self.transform.fit(x, y)
        if self.best_features is not None and self.best_features < x.shape[1]:
            importance = _rank_features(x, y, self.seed, self.threads)
            self._kept = np.sort(np.argsort(-importance, kind="stable")[: self.best_features])
            x = np.ascontiguousarray(x[:, self._kept])
        if self.n_components is not None:
            n = min(self.n_components, *x.shape)
            if n < self.n_components:
                log.warning("PCA: %d components asked for, %d to be had", self.n_components, n)
            self._pca = PCA(n_components=n, random_state=self.seed).fit(x)
            x = self._pca.transform(x)
        return x

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return other vectors transformed; (n, n_features) float32, overwritten."""
        x = self.transform.apply(x)
        if self._kept is not None:
            x = np.ascontiguousarray(x[:, self._kept])
        return x if self._pca is None else self._pca.transform(x)

    def as_arrays(self) -> list[tuple[str, dict[str, np.ndarray]]]:
        """Return each step with the arrays that `kept.steps` applies it from, in their order."""
        made = self.transform.as_arrays()
        if self._kept is not None:
            made.append(("best_features", {"chosen": self._kept}))
        if self._pca is not None:
            axes = self._pca.components_
            made.append(("pca", {"axes": axes, "offset": self._pca.mean_ @ axes.T}))
        return made

    def columns(self, n: int) -> tuple[str, np.ndarray]:
        """Return what the (n,) columns are that come out, feature or component, and their numbers.

        Features are numbered as the backbone gives them, components by their variance.
        """
        is_component = self._pca is not None or "whiten" in self.transform.steps
        numbers = np.arange(n) if self._pca is not None or self._kept is None else self._kept
        return "component" if is_component else "feature", numbers


def _rank_features(x: np.ndarray, y: np.ndarray, seed: int, threads: int) -> np.ndarray:
    """Return the importance of each feature, averaged over trees, (n_features,)."""
    members = build_members("random_forest", trees=_RANKING_TREES, min_samples_leaf=5, seed=seed)
    return sum(
        each_member(
            members, lambda tree: clone(tree).fit(x, y).feature_importances_, threads=threads
        )
    )
