"""What is said of classification and of how sure it is."""

from typing import Any

from visgen.classification.classifiers.options import SUITABLE
from visgen.configuration.plan import Plan
from visgen.publishing.methods.words import listed, numbered

#: Methods in words, with their sources.
_METHODS = {
    "random_forest": "random forest [@breiman2001]",
    "balanced_bagging": "trees on class-balanced bootstrap samples [@chen2004]",
    "balanced_forest": "balanced random forest [@chen2004]",
    "linear_svm": "linear support vector machine [@cortes1995]",
    "rbf_svm": "support vector machine with a Gaussian kernel by Nyström's method "
    "[@cortes1995; @williams2001]",
    "logistic_regression": "multinomial logistic regression [@pedregosa2011]",
    "lda": "linear discriminants [@fisher1936] with a shrunk covariance [@ledoit2004]",
    "nearest_centroid": "nearest centroid [@wang2019]",
    "nearest_neighbours": "nearest neighbours [@cover1967]",
    "most_frequent": "always the most frequent taxon, which does not see the images",
    "stratified": "taxa at their training frequencies, which does not see the images",
    "uniform": "taxa at equal odds, which does not see the images",
}


def classification_sentences(plan: Plan) -> list[str]:
    """Return how taxa were told apart, how that was scored, and how sure it is."""
    section = plan.config["classification"]
    asked = "; ".join(
        f"`{name}`, {_METHODS[options['method']]}{_with(options)}"
        for name, options in section["classifiers"].items()
    )
    reference = ""
    if len(section["classifiers"]) > 1:
        reference = f", and differences to `{plan.reference}` are taken in the same samples"
    return [
        f"Classifiers were trained for each of the ranks {listed(plan.classified)} by itself: "
        f"{asked}.",
        "Their probabilities were also joined over all ranks by a logarithmic opinion pool "
        "[@genest1986], which names whole lineages, and summed up the taxonomy from the finest "
        "rank.",
        f"Intervals come from {numbered(section['bootstraps'], 'bootstrap sample')} of specimens: "
        "Bayesian weights [@rubin1981] for scores over images, weights rescaled within taxa "
        f"[@rao1988] for means over taxa{reference}.",
        "Probabilities were calibrated by temperature scaling [@guo2017] on one half of the "
        "specimens of validation; the other half calibrated sets of taxa and of lineages by "
        f"split-conformal prediction [@vovk2005], to hold the true one for "
        f"{section['confidence']:.0%} of specimens, for all taxa together, and for those with "
        f"fewer than {section['tail']:,} training images and the others apart.",
    ]


def _with(options: dict[str, Any]) -> str:
    said = []
    method = options["method"]
    if method in ("random_forest", "balanced_bagging", "balanced_forest"):
        said.append(numbered(options["trees"], "tree"))
    if method in ("linear_svm", "rbf_svm", "logistic_regression"):
        said.append(f"C = {options['C']:g}")
    if method == "nearest_neighbours":
        said.append(numbered(options["neighbours"], "neighbour"))
    if options["class_weight"] != "none":
        said.append(f"{options['class_weight']} weights of classes")
    transform = options["transform"]
    if "signed_sqrt" in (SUITABLE.get(method, []) if transform is None else transform):
        said.append("on signed square roots of features [@valan2019]")
    if options["pca"]:
        said.append(f"on {options['pca']} principal components")
    if options["resample"]:
        said.append("taxa balanced by resampling inside the training part")
    if options["tune"]["grid"]:
        said.append("tuned by cross-validation inside the training part")
    return f" ({', '.join(said)})" if said else ""
