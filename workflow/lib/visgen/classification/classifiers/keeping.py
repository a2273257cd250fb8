"""Training a classifier to keep it: as plain arrays and words, without what it was fitted with."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin

from visgen.classification.classifiers.fitting import Fitting
from visgen.classification.classifiers.kept.classifier import FORM, KeptClassifier, restore
from visgen.classification.classifiers.kept.trees import flatten_tree, join_trees


def train_to_keep(
    matrix: np.ndarray,
    training: pd.DataFrame,
    n_taxa: int,
    options: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
) -> KeptClassifier:
    """Balance, transform, train, and keep what answers need.

    A tree is grown, flattened and dropped. ``nearest_neighbours`` keeps all training rows.

    Parameters
    ----------
    matrix, training, n_taxa, options, seed, threads
        As of `visgen.classification.classifiers.asking.fit_and_ask`, whose probabilities the kept
        classifier gives.

    Raises
    ------
    NoSpreadError
        If the spread within taxa is needed and no two training rows of a taxon differ.
    ValueError
        If the method is unknown.
    """
    fitting = Fitting(matrix, training, options, seed=seed, threads=threads)
    steps = [] if fitting.steps is None else fitting.steps.as_arrays()
    tensors = {
        f"steps.{i}.{name}": array
        for i, (_, arrays) in enumerate(steps)
        for name, array in arrays.items()
    }
    members = list(fitting.each(lambda fitted: _as_arrays(fitting.method, fitted)))
    arrays, words = members[0]
    if "tree.roots" in arrays:
        arrays = join_trees([tree for tree, _ in members])
    tensors |= {"taxa": fitting.present, **arrays}
    about = {
        "form": FORM,
        "method": fitting.method,
        "steps": [step for step, _ in steps],
        "n_features": matrix.shape[1],
        "n_taxa": n_taxa,
        **words,
    }
    # safetensors writes what lies in memory, in whichever order.
    return restore({name: np.ascontiguousarray(array) for name, array in tensors.items()}, about)


def _as_arrays(
    method: str, fitted: ClassifierMixin
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Return the arrays and words that `kept.methods` needs of a fitted member."""
    match method:
        case "random_forest":
            return flatten_tree(fitted.estimators_[0].tree_), {}
        case "balanced_bagging" | "balanced_forest":
            return flatten_tree(fitted.tree_.tree_), {}
        case "linear_svm":
            return _machines(fitted), {}
        case "logistic_regression":
            machines = _machines(fitted)
            if len(fitted.classes_) == 2:
                # It has one machine then, for the second taxon against nothing.
                machines = {name: np.stack([0 * of, of]) for name, (of,) in machines.items()}
            return machines, {}
        case "lda":
            return {"centre": fitted.centre_, **_machines(fitted)}, {}
        case "rbf_svm":
            kernel = {
                "landmarks": fitted.map_.components_,
                "normalization": fitted.map_.normalization_,
                "gamma": np.array([fitted.gamma_], np.float64),
            }
            return {**kernel, **_machines(fitted.machines_)}, {}
        case "nearest_centroid":
            return {"centroids": fitted.centroids_}, {}
        case "nearest_neighbours":
            voters = {"rows": fitted.rows_, "row_taxa": fitted.code_}
            return voters, {"neighbours": fitted.n_voters_}
        case "most_frequent":
            return {"frequencies": fitted.class_prior_}, {}
        case "stratified":
            return {"frequencies": fitted.class_prior_}, {"seed": fitted.random_state}
        case "uniform":
            return {}, {}
    raise ValueError(f"classifier method {method!r} cannot be kept")


def _machines(fitted: ClassifierMixin) -> dict[str, np.ndarray]:
    return {"coef": fitted.coef_, "intercept": fitted.intercept_}
