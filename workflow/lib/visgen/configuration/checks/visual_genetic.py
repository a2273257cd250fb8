"""What a schema cannot say of a configuration's recognition with and without genetic anchors."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice
from visgen.visual_genetic.regimes.options import FROZEN

#: Options of a variant that change its stage 2, with anchors or without, and those of anchors.
OF_TRAINING = ("sampling", "schedule", "weight_decay", "norm_share")
OF_ANCHORS = ("margin", "loss", "cross_entropy", "layer")

#: Regimes in which each of them has a place.
_DECAYS = {
    "weight_decay": ("wd", "ltr", FROZEN),
    "norm_share": ("ltr",),
}

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
    regimes = {variant["regime"] for variant in section["variants"].values()}
    if regimes != {FROZEN} and config["backbones"][section["backbone"]]["layers"] is not None:
        raise ValueError(
            f"config key {key}.backbone: found {section['backbone']!r}, whose layers are joined, "
            f"expected one with its own pooled output, which regimes but {FROZEN} need"
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
    for option, nothing in (("weight_decay", 0.0), ("norm_share", None)):
        if section["alignment"][option] != nothing and not regimes & set(_DECAYS[option]):
            raise ValueError(
                f"config key {key}.alignment.{option}: no variant has a regime that it goes with, "
                f"{', '.join(_DECAYS[option])}; leave it out"
            )
    for name, variant in section["variants"].items():
        _check_variant(f"{key}.variants.{name}", variant, config)


def _check_variant(key: str, variant: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    given = [option for option in (*OF_TRAINING, *OF_ANCHORS) if variant[option] is not None]
    for option, regimes in _DECAYS.items():
        if option in given and variant["regime"] not in regimes:
            raise ValueError(
                f"config key {key}.{option}: goes with the regime{'s' * (len(regimes) > 1)} "
                f"{', '.join(regimes)} only; leave it out"
            )
    if variant["loss"] == "reciprocal" and "margin" in given:
        raise ValueError(f"config key {key}.margin: goes with loss: cosine only; leave it out")
    if variant["anchors"] is None:
        useless = [option for option in given if option in OF_ANCHORS]
        useless += ["permutations"] if variant["permutations"] else []
        if useless:
            raise ValueError(f"config key {key}.{useless[0]}: goes with anchors only; leave it out")
        if given and variant["stage2"] != "supervised":
            raise ValueError(
                f"config key {key}.{given[0]}: goes with anchors or stage2: supervised only; leave "
                "it out"
            )
        return
    if variant["stage2"] is not None:
        raise ValueError(
            f"config key {key}.stage2: found {variant['stage2']!r}, expected none beside anchors"
        )
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
    if size != config[_SECTION]["size"] and variant["layer"] != "genetic":
        raise ValueError(
            f"config key {_SECTION}.size: found {config[_SECTION]['size']}, expected {size}, the "
            f"size of genetics.anchors.{variant['anchors']}; with layer: genetic they may differ"
        )


def stage2_of(variant: Mapping[str, Any]) -> str:
    """Return what a variant does in stage 2: ``anchors``, or a word of ``UNALIGNED``."""
    if variant["anchors"] is not None:
        return "anchors"
    return variant["stage2"] or ("features" if variant["regime"] == "control" else "projection")


def alignment_of(variant: Mapping[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a variant takes of the options of stage 2, so that no other re-runs it.

    Parameters
    ----------
    variant
        Of the section's variants.
    section
        Key alignment.

    Returns
    -------
    dict
        Options of `visgen.visual_genetic.cross_modal.variants.train_variant`. A regime without
        weight decay, or MaxNorm, has none in stage 2 either; frozen has no views.
    """
    stage2 = stage2_of(variant)
    if stage2 in ("projection", "features"):
        return {"stage2": stage2}
    options = {key: variant[key] for key in (*OF_TRAINING, *OF_ANCHORS) if variant[key] is not None}
    options = {"loss": "cosine", "layer": "none"} | section["alignment"] | options
    for option, nothing in (("weight_decay", 0.0), ("norm_share", None)):
        if variant["regime"] not in _DECAYS[option]:
            options[option] = nothing
    if variant["regime"] == FROZEN:
        options["views"] = 0
    if options["loss"] == "reciprocal":
        options["margin"] = None
    if stage2 == "supervised":
        options = {key: value for key, value in options.items() if key not in OF_ANCHORS}
    return options | {"stage2": stage2, "permutations": variant["permutations"]}


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
        naive has no weight decay; nothing but ltr is balanced; frozen sees features, as they are
        stored.
    """
    pretraining, augmentation = section["pretraining"], section["augmentation"]
    balancing = section["balancing"] if regime == "ltr" else {}
    if regime == "control":
        pretraining = {key: pretraining[key] for key in ("batch_size", "precision")}
        augmentation = {}
    if regime == FROZEN:
        pretraining = {key: pretraining[key] for key in pretraining if key != "precision"}
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
