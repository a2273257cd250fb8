"""A decision tree grown from a class-balanced bootstrap sample."""

import numpy as np
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier


class BalancedTree(ClassifierMixin, BaseEstimator):
    """As many images of every taxon as the smallest has, drawn with replacement.

    Many of them are balanced bagging, or with random features at each branch a balanced Random
    Forest (Chen, Liaw & Breiman 2004). imbalanced-learn's own ensembles copy the features of each
    sample; here its sampler draws and the tree weighs rows by how often they were drawn.

    Parameters
    ----------
    max_features
        Features tried at each branch, as in scikit-learn; None takes all.
    min_samples_leaf
        Fewest different rows in a leaf.
    random_state
        Seed of the sample and the tree.
    """

    def __init__(
        self,
        max_features: str | float | None = None,
        min_samples_leaf: int = 1,
        random_state: int = 0,
    ):
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state

    def fit(self, x: np.ndarray, y: np.ndarray) -> "BalancedTree":
        """Draw a sample of (n, n_features) float32 and grow the tree."""
        sampler = RandomUnderSampler(
            sampling_strategy="all", replacement=True, random_state=self.random_state
        )
        sampler.fit_resample(np.zeros((len(y), 1), np.float32), y)
        drawn = np.bincount(sampler.sample_indices_, minlength=len(y))
        self.tree_ = DecisionTreeClassifier(
            max_features=self.max_features,
            min_samples_leaf=self.min_samples_leaf,
            random_state=self.random_state,
        ).fit(x, y, sample_weight=drawn)
        self.classes_ = self.tree_.classes_
        self.feature_importances_ = self.tree_.feature_importances_
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) shares of the taxa in the leaves."""
        return self.tree_.predict_proba(x)
