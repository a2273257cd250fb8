"""Which methods of classification there are, and their options; imports nothing."""

#: Classifiers that do not see the images.
BASELINE_METHODS = {
    "most_frequent": "the most frequent taxon",
    "stratified": "taxa at their training frequencies",
    "uniform": "taxa at equal odds",
}

_TREES = ("trees", "min_samples_leaf")
_LINEAR = ("C", "class_weight")
#: Options of a classifier that not all methods have, by method; baselines have none.
METHOD_OPTIONS = {
    "random_forest": (*_TREES, "max_features", "class_weight"),
    "balanced_bagging": _TREES,
    "balanced_forest": (*_TREES, "max_features"),
    "linear_svm": _LINEAR,
    "rbf_svm": (*_LINEAR, "gamma"),
    "logistic_regression": _LINEAR,
    "lda": (),
    "nearest_centroid": (),
    "nearest_neighbours": ("neighbours",),
}
#: The method that learns all ranks at once, by `visgen.classification.networks`.
NETWORK = "network"
#: Options of every method that sees the features.
SHARED_OPTIONS = ("transform", "best_features", "pca", "resample", "tune")

#: Methods that learn each rank by itself.
RANK_METHODS = (*METHOD_OPTIONS, *BASELINE_METHODS)

METHODS = (*METHOD_OPTIONS, NETWORK, *BASELINE_METHODS)

#: The methods that have an option, by option.
METHODS_WITH = {
    option: tuple(method for method, options in METHOD_OPTIONS.items() if option in options)
    for option in dict.fromkeys(option for options in METHOD_OPTIONS.values() for option in options)
}

#: Numbers of features tried at a branch of a tree that are no number.
MAX_FEATURES = ("sqrt", "log2")

CLASS_WEIGHTS = ("none", "balanced")

TRANSFORMS = {
    "signed_sqrt": "signed square root",
    "centre": "zero mean",
    "standardise": "zero mean and unit variance",
    "whiten": "at most 200 principal components, made to vary alike within taxa",
    "l2": "unit length",
}

#: The transform that suits a method, where the config names none.
SUITABLE = {
    "linear_svm": ["signed_sqrt"],
    "rbf_svm": ["signed_sqrt"],
    "logistic_regression": ["standardise"],
    "lda": ["signed_sqrt", "l2"],
    "nearest_centroid": ["centre", "l2"],
    "nearest_neighbours": ["centre", "l2"],
    "network": ["signed_sqrt", "whiten"],
}

#: How large taxa are reduced.
REDUCTIONS = {
    "reduce": "large ones, to it at random",
    "reduce_by_taxonomy": "the same, so that every finer taxon stays",
}

RESAMPLINGS = {"raise": "small taxa, to a number of rows", **REDUCTIONS}

#: What small taxa are raised with.
RAISED_WITH = {
    "copies": "",
    "noise": "copies with Gaussian noise on the features",
    "repeats": "the augmented repeats of features.repeats",
}

#: Which rows are altered where small taxa are raised with noise or repeats.
ALTERED = {
    "all": "rows of every taxon alike",
    "raised": "only the rows that are added, which makes noise or augmentation itself a mark of "
    "small taxa",
}

#: What grows from round to round where combinations of options are tried by successive halving.
HALVING = {
    "specimens": "from few specimens of each taxon to more",
    "trees": "from few trees to more",
}
