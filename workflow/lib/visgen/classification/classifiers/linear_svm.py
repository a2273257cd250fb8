"""A linear support vector machine that needs little memory beside the features."""

import logging
import warnings

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_class_weight

log = logging.getLogger(__name__)

_BLOCK = 1024  # rows at a time, so that margins of many taxa fit in memory


class LinearSVM(ClassifierMixin, BaseEstimator):
    """One linear machine a taxon against the rest, squared hinge loss, squared penalty.

    The problem of scikit-learn's ``LinearSVC(dual=False)``, its penalised intercept included,
    solved for all taxa at once by L-BFGS on the features as they are. LIBLINEAR behind
    ``LinearSVC`` copies them into lists of numbered doubles, six times their size in float32,
    and takes the taxa one after the other.

    Parameters
    ----------
    C
        Weight of the loss against the penalty.
    class_weight
        None or ``balanced``.
    tol
        Relative decrease of the objective in one step that is too small to go on.
    max_iter
        Most steps; ending there is warned of, as scikit-learn does.

    Attributes
    ----------
    classes_
        (n_taxa,), sorted.
    coef_
        (n_taxa, n_features) float32.
    intercept_
        (n_taxa,) float32.
    n_iter_
        Steps taken.
    """

    def __init__(
        self,
        C: float = 1.0,
        class_weight: str | None = None,
        tol: float = 1e-7,
        max_iter: int = 1000,
    ):
        self.C = C
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, x: np.ndarray, y: np.ndarray) -> "LinearSVM":
        """Fit to (n, n_features) float32 and the (n,) taxa."""
        self.classes_, code = np.unique(y, return_inverse=True)
        weight = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        n, n_features, n_taxa = *x.shape, len(self.classes_)

        def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
            machines = flat.reshape(n_features + 1, n_taxa).astype(np.float32)
            loss, gradient = 0.0, np.zeros((n_features + 1, n_taxa))
            for start in range(0, n, _BLOCK):
                rows = slice(start, start + _BLOCK)
                sign = np.full((len(code[rows]), n_taxa), -1, np.float32)
                sign[np.arange(len(sign)), code[rows]] = 1
                margin = x[rows] @ machines[:-1] + machines[-1]  # (block, n_taxa)
                short = np.maximum(1 - sign * margin, 0)
                # As in LIBLINEAR, a taxon's weight counts where it stands against the rest.
                weighted = np.where(sign > 0, weight.astype(np.float32), 1) * short
                loss += np.einsum("ij,ij->", weighted, short, dtype=np.float64)
                slope = -2 * sign * weighted
                gradient[:-1] += x[rows].T @ slope
                gradient[-1] += slope.sum(axis=0)
            return self.C * loss + flat @ flat / 2, self.C * gradient.ravel() + flat

        found = minimize(
            objective,
            np.zeros((n_features + 1) * n_taxa),
            jac=True,
            method="L-BFGS-B",
            options={"gtol": 0, "ftol": self.tol, "maxiter": self.max_iter},
        )
        log.info("linear SVM: %d steps, %s", found.nit, found.message)
        self.n_iter_ = found.nit
        # A line search that finds nothing better has met the precision of float32: that is an end.
        if found.status == 1:
            warnings.warn(f"linear SVM: {found.message}", ConvergenceWarning, stacklevel=2)
        machines = found.x.reshape(n_features + 1, n_taxa).astype(np.float32)
        self.coef_, self.intercept_ = machines[:-1].T, machines[-1]
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) signed distances, in units of the margin."""
        return x @ self.coef_.T + self.intercept_

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_taxa) softmax of the decision values: in order of odds, not calibrated."""
        return softmax(self.decision_function(x), axis=1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the taxon with the largest decision value."""
        return self.classes_[self.decision_function(x).argmax(axis=1)]
