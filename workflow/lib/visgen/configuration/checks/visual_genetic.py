"""What a schema cannot say of a configuration's recognition with and without genetic anchors."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice

#: Options of a variant that change its alignment.
OVERRIDES = ("margin", "loss", "cross_entropy", "layer")

_SECTION = "visual_genetic"


def recognised_rank(config: Mapping[str, Any]) -> str:
    """Return the rank of the taxa that are recognised."""
    inputs = config["inputs"]
    return config[_SECTION]["rank"] or inputs["sequence_rank"] or inputs["ranks"][-1]


def check_visual_genetic(config: Mapping[str, Any]) -> None:
    """Check that variants, anchors, backbone and seeds fit each other.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    section = config[_SECTION]
    if section is None:
        return
    key = _SECTION
    ranks, seeds = config["inputs"]["ranks"], config["splits"]["seeds"]
    check_choice(f"{key}.backbone", section["backbone"], config["backbones"])
    if config["backbones"][section["backbone"]]["layers"] is not None:
        raise ValueError(
            f"config key {key}.backbone: found {section['backbone']!r}, whose layers are joined, "
            "expected one with its own pooled output"
        )
    if section["rank"] is not None:
        check_choice(f"{key}.rank", section["rank"], ranks)
    for seed in section["seeds"] or []:
        check_choice(f"{key}.seeds", seed, seeds)
    if section["unseen"] is not None:
        for name in section["unseen"]["variants"]:
            check_choice(f"{key}.unseen.variants", name, section["variants"])
        if recognised_rank(config) == ranks[0]:
            raise ValueError(
                f"config key {key}.unseen: needs a rank above {ranks[0]}; there is none"
            )
    for name, variant in section["variants"].items():
        _check_variant(f"{key}.variants.{name}", variant, config)


def _check_variant(key: str, variant: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    if variant["anchors"] is None:
        for option in OVERRIDES:
            if variant[option] is not None:
                raise ValueError(f"config key {key}.{option}: goes with anchors only; leave it out")
        if variant["permutations"]:
            raise ValueError(f"config key {key}.permutations: goes with anchors only; leave it out")
        return
    inputs, genetics = config["inputs"], config["genetics"]
    if not inputs["sequences"] and config["simulation"] is None:
        raise ValueError(f"config key {key}.anchors: needs inputs.sequences")
    check_choice(f"{key}.anchors", variant["anchors"], genetics["anchors"])
    if recognised_rank(config) != inputs["sequence_rank"]:
        raise ValueError(
            f"config key {_SECTION}.rank: found {recognised_rank(config)!r}, expected "
            f"{inputs['sequence_rank']!r} as in inputs.sequence_rank, since {key} has "
            "anchors"
        )
    size = size_of_anchors(genetics["anchors"][variant["anchors"]], genetics)
    if size != config[_SECTION]["size"]:
        raise ValueError(
            f"config key {_SECTION}.size: found {config[_SECTION]['size']}, expected {size}, the "
            f"size of genetics.anchors.{variant['anchors']}"
        )


def training_of(regime: str, section: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a regime takes of the options of training, so that no other re-runs it.

    Parameters
    ----------
    regime
        See `visgen.visual_genetic.regimes.regime`.
    section
        Keys pretraining, balancing and augmentation.

    Returns
    -------
    dict
        The same keys. The regime control trains nothing and only pools features of clean images;
        naive has no weight decay; nothing but ltr is balanced.
    """
    pretraining, augmentation = section["pretraining"], section["augmentation"]
    balancing = section["balancing"] if regime == "ltr" else {}
    if regime == "control":
        pretraining = {key: pretraining[key] for key in ("batch_size", "precision")}
        augmentation = {}
    if regime == "naive":
        pretraining = {key: pretraining[key] for key in pretraining if key != "weight_decay"}
    return {"pretraining": pretraining, "balancing": balancing, "augmentation": augmentation}


def size_of_anchors(options: Mapping[str, Any], genetics: Mapping[str, Any]) -> int:
    """Return how many values a set's anchors have: as asked for, or as many as its vectors."""
    if options["size"] is not None:
        return options["size"]
    if options["source"] == "kmers":
        return 4 ** genetics["kmers"]["letters"]
    return 4 ** (2 * genetics["sgt"]["letters"])  # of every pair of symbols
