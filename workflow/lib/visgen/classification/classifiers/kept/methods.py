"""Classifiers that were fitted, asked from their arrays."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import softmax

from visgen.classification.classifiers.kept.checks import (
    check_count,
    check_numbers,
    check_places,
)
from visgen.classification.classifiers.kept.neighbours import neighbours_asked, squared_distances
from visgen.classification.classifiers.kept.trees import check_trees, trees_asked


def check_method(
    about: Mapping[str, Any], tensors: Mapping[str, np.ndarray], n_columns: int
) -> None:
    """Check the arrays and numbers of a method that sees (n_images, n_columns) vectors.

    Raises
    ------
    ValueError
        If one is missing or does not fit, or the method is unknown.
    """
    n_present = len(tensors["taxa"])
    match about.get("method"):
        case "random_forest" | "balanced_bagging" | "balanced_forest":
            check_trees(tensors, n_columns, n_present)
        case "linear_svm" | "logistic_regression":
            _check_machines(tensors, n_columns)
        case "lda":
            check_numbers(tensors, "centre", (n_columns,))
            _check_machines(tensors, n_columns)
        case "rbf_svm":
            check_numbers(tensors, "landmarks", (None, n_columns))
            n_landmarks = len(tensors["landmarks"])
            check_numbers(tensors, "normalization", (n_landmarks, n_landmarks))
            check_numbers(tensors, "gamma", (1,))
            _check_machines(tensors, n_landmarks)
        case "nearest_centroid":
            check_numbers(tensors, "centroids", (n_present, n_columns))
        case "nearest_neighbours":
            check_numbers(tensors, "rows", (None, n_columns))
            check_places(tensors, "row_taxa", (len(tensors["rows"]),), n_present)
            check_count(about, "neighbours", 1, len(tensors["rows"]))
        case "most_frequent":
            check_numbers(tensors, "frequencies", (n_present,))
        case "stratified":
            check_numbers(tensors, "frequencies", (n_present,))
            check_count(about, "seed", 0, 2**32 - 1)
        case "uniform":
            pass
        case method:
            raise ValueError(f"method {method!r} of a kept classifier is unknown")


def method_asked(
    about: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives (n_images, n_present) probabilities of (n_images, n_columns) float32.

    Each gives what ``predict_proba`` of the method gives, from the same operations in the same
    precision, since the kernel of ``rbf_svm`` makes much of what float32 rounds.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    n_present = len(tensors["taxa"])
    match about["method"]:
        case "random_forest" | "balanced_bagging" | "balanced_forest":
            return trees_asked(tensors, n_present)
        case "linear_svm" | "logistic_regression":
            return lambda x: _machines(tensors, x)
        case "lda":
            return lambda x: _machines(tensors, x - tensors["centre"])
        case "rbf_svm":
            return lambda x: _machines(tensors, _kernel(tensors, x) @ tensors["normalization"].T)
        case "nearest_centroid":
            centroids = tensors["centroids"]
            return lambda x: softmax(-_float32_squares(x, centroids) / 2, axis=1)
        case "nearest_neighbours":
            near = about["neighbours"]
            return neighbours_asked(tensors["rows"], tensors["row_taxa"], n_present, near)
        case "most_frequent":
            most = np.arange(n_present) == tensors["frequencies"].argmax()
            return lambda x: np.tile(most, (len(x), 1))
        case "stratified":
            # The draws of scikit-learn, which keep their legacy generator.
            rng = np.random.RandomState(about["seed"])
            return lambda x: rng.multinomial(1, tensors["frequencies"], size=len(x))
        case "uniform":
            return lambda x: np.full((len(x), n_present), 1 / n_present)
        case method:
            raise ValueError(f"method {method!r} of a kept classifier is unknown")


def _check_machines(tensors: Mapping[str, np.ndarray], n_columns: int) -> None:
    n_present = len(tensors["taxa"])
    check_numbers(tensors, "coef", (n_present, n_columns))
    check_numbers(tensors, "intercept", (n_present,))


def _machines(tensors: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    return softmax(x @ tensors["coef"].T + tensors["intercept"], axis=1)


def _kernel(tensors: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return the (n_images, n_landmarks) float32 Gaussian kernel."""
    values = _float32_squares(x, tensors["landmarks"])
    values *= -float(tensors["gamma"][0])
    return np.exp(values, out=values)


def _float32_squares(x: np.ndarray, to: np.ndarray) -> np.ndarray:
    return squared_distances(x, to).astype(np.float32)
