"""How much each feature tells a forest: the mean of what it tells the trees."""

import numpy as np
import pandas as pd

from visgen.classification.trained import IMPORTANCE_COLUMNS


class Importances:
    """Impurity importances, summed tree by tree so that no tree need be kept.

    As in scikit-learn's forests a tree that never branched says nothing, and the means sum to 1.

    Parameters
    ----------
    of
        ``feature`` or ``component``: what the trees were given.
    numbers
        (n,) number of each column that the trees were given, from 0.
    """

    def __init__(self, of: str, numbers: np.ndarray):
        self.of, self.numbers = of, numbers
        self._n_trees = 0
        self._total, self._squares = np.zeros(len(numbers)), np.zeros(len(numbers))

    def add(self, importances: np.ndarray) -> None:
        """Add the (n,) importances of one tree, which sum to 1, or to 0 without a branch."""
        if not importances.any():
            return
        self._n_trees += 1
        self._total += importances
        self._squares += importances**2

    def table(self) -> pd.DataFrame:
        """Return columns of, feature, importance, sd (over trees); no row without a tree."""
        if not self._n_trees:
            return pd.DataFrame(columns=IMPORTANCE_COLUMNS[2:])
        mean = self._total / self._n_trees
        variance = np.maximum(self._squares / self._n_trees - mean**2, 0)
        return pd.DataFrame({
            "of": self.of,
            "feature": self.numbers,
            "importance": mean,
            "sd": np.sqrt(variance),
        })  # fmt: skip
