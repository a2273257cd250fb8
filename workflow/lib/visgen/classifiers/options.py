"""Which methods of classification there are, and their options; imports nothing."""

#: Classifiers that do not see the images.
BASELINE_METHODS = ("most_frequent", "stratified", "uniform")

_TREES = ("trees", "min_samples_leaf")
_LINEAR = ("C", "class_weight")
#: Options of a classifier that not all methods have, by method; baselines have none.
METHOD_OPTIONS = {
    "random_forest": (*_TREES, "max_features", "class_weight"),
    "balanced_bagging": _TREES,
    "balanced_forest": (*_TREES, "max_features"),
    "linear_svm": _LINEAR,
    "logistic_regression": _LINEAR,
    "nearest_centroid": (),
}
#: Options of every method that sees the features.
SHARED_OPTIONS = ("transform", "best_features", "pca", "resample", "tune")
