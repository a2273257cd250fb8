"""What is said of classification and of how sure it is."""

from typing import Any

from visgen.classification.classifiers.options import NETWORK, SUITABLE
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
    "network": "a neural network for all ranks",
}

#: What of a network has a source.
_TOWERS = {
    "shared": "layers shared by all ranks",
    "fused": "layers for each rank, summed from coarse to fine [@elhamod2022]",
    "apart": "layers for each rank alone",
}
_HIERARCHIES = {
    "free": "",
    "masked": "taxa told apart within their parent",
    "summed": "lineages told apart and summed up the taxonomy [@bertinetto2020]",
}
_LOSSES = {
    "cross_entropy": "cross-entropy",
    "class_balanced": "class-balanced cross-entropy [@cui2019]",
    "focal": "focal loss [@lin2017]",
    "logit_adjusted": "logit-adjusted cross-entropy [@menon2021]",
    "prototypical": "prototypical episodes [@snell2017]",
    "arcface": "additive angular margins [@deng2019]",
    "proxy_anchor": "proxy anchors [@kim2020]",
    "supervised_contrastive": "supervised contrastive loss [@khosla2020]",
    "hierarchical_triplet": "triplets with margins along the taxonomy [after @ge2018]",
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
        reference = (
            f", and differences to `{plan.classification.reference}` are taken in the same samples"
        )
    return [
        f"Classifiers were trained for each of the ranks {listed(plan.classification.ranks)}"
        f"{_by_itself(plan)}: {asked}.",
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


def _by_itself(plan: Plan) -> str:
    if not plan.classification.networks:
        return " by itself"
    return (
        " by itself, networks for all of them together" if plan.classification.rank_by_rank else ""
    )


def _with(options: dict[str, Any]) -> str:
    method = options["method"]
    said = _with_network(options["network"]) if method == NETWORK else []
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


def _with_network(network: dict[str, Any]) -> list[str]:
    units = ", ".join(map(str, network["hidden"])) or "no hidden"
    said = [f"{units} units", _TOWERS[network["towers"]], _HIERARCHIES[network["hierarchy"]]]
    said += [_LOSSES[network["loss"]]]
    said += ["soft labels along the taxonomy [@bertinetto2020]"] * bool(network["soft_labels"])
    said += ["mixup [@zhang2018]"] * bool(network["mixup"])
    said += ["augmented repeats"] * (network["augment"] == "repeats")
    said += ["stopped where validation got no better"]
    return [part for part in said if part]
