"""Whether pooling, guidance and fine-tuning of an embedding fit each other."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice
from visgen.embedding.guidance.options import OPTIONS
from visgen.embedding.options import FIXED_POOLINGS, is_learned


def check_guidance(variants: Mapping[str, Mapping[str, Any]]) -> None:
    """Check, before defaults are filled in, that no option of guidance is given in vain.

    Raises
    ------
    ValueError
        In one line: the key, and what it goes with.
    """
    for name, variant in variants.items():
        guidance = variant.get("guidance") or {}
        if not isinstance(guidance, Mapping):
            continue  # the schema says it better
        _check_method(f"config key embedding.variants.{name}", guidance)
        projection, pooling = guidance.get("projection", "linear"), variant.get("pooling")
        goes_with = {
            "components": (projection != "none", "a projection"),
            "hidden": (
                pooling == "gated_attention" or projection == "two_layer",
                "gated_attention or two_layer",
            ),
            "largest": (guidance.get("loss") == "mse", "the loss mse"),
            "learning_rate": (guidance.get("optimiser") == "adam", "the optimiser adam"),
            "patience": (guidance.get("watched") != 0, "watched taxa"),
        }
        in_vain = guidance.get("watched") == 0 or guidance.get("fine_tune")
        if isinstance(guidance.get("penalty"), list) and in_vain:
            raise ValueError(
                f"config key embedding.variants.{name}.guidance.penalty: found a list, from which "
                "watched taxa choose; expected one value where none are watched, or with fine_tune"
            )
        for option, (fits, what) in goes_with.items():
            if option in guidance and not fits:
                raise ValueError(
                    f"config key embedding.variants.{name}.guidance.{option}: goes with {what} "
                    "only; leave it out"
                )


def _check_method(key: str, guidance: Mapping[str, Any]) -> None:
    method = guidance.get("method", "descent")
    for other, options in OPTIONS.items():
        in_vain = [option for option in options if option in guidance]
        if method in OPTIONS and other != method and in_vain:
            raise ValueError(
                f"{key}.guidance.{in_vain[0]}: goes with the method {other} only; leave it out"
            )


def check_embedding(section: Mapping[str, Any]) -> None:
    """Check that there is something to learn where guidance is asked for, and a reference.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    for name, variant in section["variants"].items():
        key = f"config key embedding.variants.{name}"
        pooling, guidance = variant["pooling"], variant["guidance"]
        if variant["whiten"] and (guidance is not None or pooling == "random"):
            raise ValueError(
                f"{key}.whiten: goes with unguided variants that look at images only; leave it out"
            )
        if guidance is None:
            if is_learned(pooling):
                raise ValueError(f"{key}.guidance: missing; {pooling} has to be learned")
            if variant["per_taxon"] is not None:
                raise ValueError(f"{key}.per_taxon: goes with guidance only; leave it out")
            if variant["backbones"] is not None:
                raise ValueError(
                    f"{key}.backbones: goes with guidance only, since guided variants of every "
                    "backbone are compared with unguided ones; leave it out"
                )
        elif guidance["method"] == "ridge":
            if is_learned(pooling):
                raise ValueError(
                    f"{key}.pooling: found {pooling!r}, which has to be learned; ridge takes "
                    f"{', '.join(FIXED_POOLINGS)}"
                )
            if not variant["centre"]:
                raise ValueError(f"{key}.centre: ridge centres on known taxa; leave it out")
        elif guidance["fine_tune"] is None and (
            not is_learned(pooling) and guidance["projection"] == "none"
        ):
            raise ValueError(
                f"{key}.guidance.projection: found 'none', which with the pooling {pooling} "
                "leaves nothing to learn"
            )
    unguided = [
        name
        for name, variant in section["variants"].items()
        if variant["guidance"] is None and variant["pooling"] != "random"
    ]
    reference = section["reference"]
    if not unguided:
        raise ValueError(
            "config key embedding.variants: found none that is neither guided nor random; what "
            "guidance gains is measured against one, such as {pooling: mean}"
        )
    if reference is not None:
        check_choice("embedding.reference", reference, unguided)


def check_backbones(
    variants: Mapping[str, Mapping[str, Any]], backbones: Mapping[str, Mapping[str, Any]]
) -> None:
    """Check which backbones variants name, and what goes with stages of a network that are trained.

    Nothing else is learned beside these, and memory has a bound.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    for name, variant in variants.items():
        key, guidance = f"config key embedding.variants.{name}", variant["guidance"]
        named = list(backbones) if variant["backbones"] is None else variant["backbones"]
        for backbone in named:
            check_choice(f"embedding.variants.{name}.backbones", backbone, backbones)
        if guidance is None or guidance["fine_tune"] is None:
            continue
        for option, found, wanted in (
            ("pooling", variant["pooling"], "mean"),
            ("guidance.projection", guidance["projection"], "none"),
            ("guidance.optimiser", guidance["optimiser"], "adam"),
        ):
            if found != wanted:
                raise ValueError(
                    f"{key}.{option}: found {found!r}, expected {wanted!r}, the only one that "
                    "goes with fine_tune"
                )
        if variant["per_taxon"] is None:
            raise ValueError(
                f"{key}.per_taxon: missing; fine_tune holds so many images of a taxon in memory"
            )
        for backbone in named:
            if backbones[backbone]["layers"] is not None:
                raise ValueError(
                    f"{key}.guidance.fine_tune: does not go with the joined layers of "
                    f"backbones.{backbone}; leave one of the two out"
                )
