"""Classifiers as the config names them: each is a list of members whose probabilities are averaged.

A forest is a list of forests of one tree. Each is grown, asked and dropped, since a hundred trees
over many taxa can be many times larger than the features that they were grown from.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.parallel import Parallel, delayed

from visgen.classification.classifiers.balanced_tree import BalancedTree
from visgen.classification.classifiers.linear_discriminants import LinearDiscriminants
from visgen.classification.classifiers.linear_svm import LinearSVM
from visgen.classification.classifiers.nearest_centroid import NearestCentroid
from visgen.classification.classifiers.nearest_neighbours import NearestNeighbours
from visgen.classification.classifiers.rbf_svm import RbfSVM


def build_members(
    method: str,
    *,
    seed: int,
    trees: int = 100,
    max_features: str | float = "sqrt",
    min_samples_leaf: int = 1,
    C: float = 1.0,
    class_weight: str = "none",
    gamma: float | None = None,
    neighbours: int = 5,
) -> list[ClassifierMixin]:
    """Return the untrained members of a classifier.

    Parameters
    ----------
    method
        ``random_forest`` (Breiman 2001), ``balanced_bagging`` (trees on class-balanced bootstrap
        samples), ``balanced_forest`` (the same with random features: Chen, Liaw & Breiman 2004),
        ``linear_svm``, ``rbf_svm``, ``logistic_regression`` (multinomial), ``lda``,
        ``nearest_centroid``, ``nearest_neighbours``, or a baseline: ``most_frequent``,
        ``stratified``, ``uniform``.
    seed
        Of the classifier.
    trees, max_features, min_samples_leaf
        Of forests; `max_features` is a number above 1, a share as a decimal up to 1.0.
    C
        Inverse strength of the penalty of machines and regression.
    class_weight
        ``none`` or ``balanced``.
    gamma
        Of ``rbf_svm``, as `visgen.classification.classifiers.rbf_svm.RbfSVM` takes it.
    neighbours
        Of ``nearest_neighbours``.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    weight = None if class_weight == "none" else class_weight
    # scikit-learn tells a share from a number by the type.
    is_number = not isinstance(max_features, str) and max_features > 1
    features = int(max_features) if is_number else max_features
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(trees)]
    match method:
        case "random_forest":
            return [
                RandomForestClassifier(
                    n_estimators=1,
                    max_features=features,
                    min_samples_leaf=min_samples_leaf,
                    class_weight=weight,
                    random_state=s,
                )
                for s in seeds
            ]
        case "balanced_bagging" | "balanced_forest":
            tried = None if method == "balanced_bagging" else features
            return [
                BalancedTree(max_features=tried, min_samples_leaf=min_samples_leaf, random_state=s)
                for s in seeds
            ]
        case "linear_svm":
            return [LinearSVM(C=C, class_weight=weight)]
        case "rbf_svm":
            return [RbfSVM(C=C, class_weight=weight, gamma=gamma, random_state=seed)]
        case "logistic_regression":
            return [LogisticRegression(C=C, class_weight=weight, max_iter=1000)]
        case "lda":
            return [LinearDiscriminants()]
        case "nearest_centroid":
            return [NearestCentroid()]
        case "nearest_neighbours":
            return [NearestNeighbours(neighbours)]
        case "most_frequent" | "stratified" | "uniform":
            return [DummyClassifier(strategy=method, random_state=seed)]
    raise ValueError(f"classifier method {method!r} is unknown")


def each_member(
    members: Sequence[ClassifierMixin],
    use: Callable[[ClassifierMixin], np.ndarray],
    *,
    threads: int,
) -> Iterator[np.ndarray]:
    """Yield what `use` makes of each member, in their order whatever the number of threads."""
    if len(members) == 1:
        yield use(members[0])
        return
    parallel = Parallel(n_jobs=threads, prefer="threads", return_as="generator")
    yield from parallel(delayed(use)(member) for member in members)
