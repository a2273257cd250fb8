"""What is said of relatives, of recognition with genes, and of names for unnamed specimens."""

from typing import Any

from visgen.configuration.plan import Plan
from visgen.publishing.methods.words import listed, numbered

_REGIMES = {
    "control": "with the backbone untouched",
    "naive": "trained without weight decay",
    "wd": "trained with weight decay",
    "ltr": "trained with weight decay and balanced weights of the head [@alshammari2022]",
    "frozen": "a projection of stored features",
}
_LOSSES = {
    "reciprocal": "reciprocal triplets [@karaderi2024]",
    "triplet": "triplets with a margin [@schroff2015]",
    "contrastive": "contrastive pairs [@hadsell2006]",
    "none": "no metric loss",
}


def prior_sentences(plan: Plan) -> list[str]:
    """Return how relatives told how rare taxa look; nothing where that was not asked."""
    if plan.prior is None:
        return []
    section = plan.config["prior"]
    return [
        f"Whether relatives help to recognise rare taxa (rank {plan.prior.rank}) was asked with "
        "the phylogenetic mixed model [@lynch1991] as a prior on the mean looks of taxa, on "
        f"features of `{plan.prior.backbone}` whitened within taxa and brought to one length "
        "[@garciaromero2011], its covariance fitted by restricted maximum likelihood "
        f"[@patterson1971]. Relatives are known from {listed(plan.prior.sources)}; p-values rest "
        f"on {numbered(section['permutations'], 'fit')} to relatives dealt to other taxa."
    ]


def recognition_sentences(plan: Plan) -> list[str]:
    """Return how images were aligned to genetic anchors; nothing where that was not asked."""
    asked = plan.visual_genetic
    if asked is None:
        return []
    section = plan.config["visual_genetic"]
    made = "; ".join(f"`{name}`, {_variant(options)}" for name, options in asked.compared.items())
    said = [f"Taxa (rank {asked.rank}) were recognised by embeddings of images: {made}."]
    trained = [regime for regime in asked.regimes if regime != "control"]
    if trained:
        said.append(
            f"Regimes {listed(trained)} learned by {_LOSSES[section['pretraining']['loss']]} and "
            "cross-entropy."
        )
    if asked.anchored:
        dealt = "the same with anchors dealt to other taxa and beside " * any(
            asked.compared[name]["permutations"] for name in asked.anchored
        )
        said.append(
            f"Alignment to anchors took {numbered(section['alignment']['steps'], 'step')} "
            f"[@karaderi2024]; it stands beside {dealt}variants without anchors. Where images of "
            "the validation part did not come nearer to their own anchor than to others, nothing "
            "is claimed."
        )
    if asked.unseen:
        said.append("Species and whole genera were withheld from training, and placed.")
    return said


def _variant(options: dict[str, Any]) -> str:
    anchors = options["anchors"]
    return _REGIMES[options["regime"]] + (f", aligned to `{anchors}`" if anchors else "")


def naming_sentences(plan: Plan) -> list[str]:
    """Return how unnamed specimens were named; nothing where that was not asked."""
    asked = plan.naming
    if asked is None:
        return []
    by = asked.settings["described"]
    pooled = ", a logarithmic opinion pool of all ranks [@genest1986]," * asked.by_classifier
    return [
        f"Unnamed specimens are named by {by}. Odds of lineages{pooled} were fitted and calibrated "
        "on labelled specimens when they were left out; sets are split-conformal "
        f"[@vovk2005] at {asked.section['confidence']:.0%}. What looks new is "
        "found by relative Mahalanobis distance [@ren2021], at "
        f"{asked.section['false_flags']:.0%} false flags; labels in doubt by confident learning "
        "[@northcutt2021]."
    ]
