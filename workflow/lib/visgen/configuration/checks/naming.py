"""What a schema cannot say of a configuration's names for specimens that have none."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice
from visgen.configuration.checks.prior import rank_of_prior, sources_of_prior
from visgen.configuration.checks.visual_genetic import alignment_of, recognised_rank, stage2_of
from visgen.naming.options import CLASSIFICATION, NETWORK, PRIOR
from visgen.visual_genetic.regimes.options import COLOURS, FROZEN

_SECTION = "naming"


def check_naming(config: Mapping[str, Any]) -> None:
    """Check that what names are taken from is there, and that other keys go with it.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    section = config[_SECTION]
    if section is None:
        return
    if section["backbone"] is not None:
        check_choice(f"{_SECTION}.backbone", section["backbone"], config["backbones"])
    for seed in section["seeds"] or []:
        check_choice(f"{_SECTION}.seeds", seed, config["splits"]["seeds"])
    variants = variants_that_name(config)
    heads = (CLASSIFICATION, PRIOR, *(NETWORK + name for name in variants))
    check_choice(f"{_SECTION}.with", section["with"], heads)
    if section["with"] == PRIOR:
        _check_prior(config)
    elif section["relatives"] is not None:
        raise ValueError(
            f"config key {_SECTION}.relatives: found {section['relatives']!r}, which goes with "
            f"{_SECTION}.with: {PRIOR}; leave it out"
        )
    if variant_of_naming(config):
        _check_network(config)
    if section["place"] is not None and section["restrict"] is None:
        raise ValueError(
            f"config key {_SECTION}.place: found {section['place']!r}, which needs a table "
            f"({_SECTION}.restrict)"
        )
    if section["images"] is None and config["simulation"] is None:
        for key in ("meta", "specimen_pattern", "restrict"):
            if section[key] is not None:
                raise ValueError(
                    f"config key {_SECTION}.{key}: found {section[key]!r}, which needs photographs "
                    f"({_SECTION}.images)"
                )
    if section["images"] is not None and config["simulation"] is not None:
        raise ValueError(
            f"config key {_SECTION}.images: found {section['images']!r}, but a simulated study has "
            "unnamed specimens of its own; leave it out"
        )


def _check_prior(config: Mapping[str, Any]) -> None:
    section = config[_SECTION]
    if config["prior"] is None:
        raise ValueError(
            f"config key {_SECTION}.with: found {PRIOR!r}, which needs a section prior; expected "
            f"one, or {CLASSIFICATION}"
        )
    if section["backbone"] not in (None, config["prior"]["backbone"]):
        raise ValueError(
            f"config key {_SECTION}.backbone: found {section['backbone']!r}, but with {PRIOR} it "
            "is that of the prior (prior.backbone); leave it out"
        )
    if section["relatives"] is not None:
        check_choice(f"{_SECTION}.relatives", section["relatives"], sources_of_prior(config))


def _check_network(config: Mapping[str, Any]) -> None:
    section, of_networks = config[_SECTION], config["visual_genetic"]
    if section["backbone"] not in (None, of_networks["backbone"]):
        raise ValueError(
            f"config key {_SECTION}.backbone: found {section['backbone']!r}, but with "
            f"{section['with']} it is that of the network (visual_genetic.backbone); leave it out"
        )
    for seed in section["seeds"] or []:
        check_choice(f"{_SECTION}.seeds", seed, of_networks["seeds"] or config["splits"]["seeds"])
    regime = of_networks["variants"][variant_of_naming(config)]["regime"]
    if regime == FROZEN:
        return
    if of_networks["colour"] != COLOURS[0]:
        raise ValueError(
            f"config key {_SECTION}.with: found {section['with']!r}, whose network sees "
            f"{of_networks['colour']} (visual_genetic.colour), expected one that sees "
            f"{COLOURS[0]}, or a variant of the regime {FROZEN}"
        )
    for key in ("augment", "degraded"):
        if section[key]:
            raise ValueError(
                f"config key {_SECTION}.{key}: found {section[key]}, expected an empty list with "
                f"{section['with']}, whose network was trained to see; only a backbone is shown "
                "degraded pictures"
            )


def variant_of_naming(config: Mapping[str, Any]) -> str | None:
    """Return the variant of visual_genetic that names are taken from; None for another head."""
    chosen = config[_SECTION]["with"]
    return chosen.removeprefix(NETWORK) if chosen.startswith(NETWORK) else None


def variants_that_name(config: Mapping[str, Any]) -> list[str]:
    """Return the variants of visual_genetic whose head was trained to tell taxa."""
    if config["visual_genetic"] is None:
        return []
    names = []
    for name, variant in config["visual_genetic"]["variants"].items():
        stage2 = stage2_of(variant)
        aligned = stage2 == "supervised" or (
            stage2 == "anchors"
            and alignment_of(variant, config["visual_genetic"])["cross_entropy"] > 0
        )
        if stage2 != "features" and (aligned or variant["regime"] != "control"):
            names.append(name)
    return names


def ranks_of_naming(config: Mapping[str, Any]) -> list[str]:
    """Return the ranks of names: those classified, or all down to that of prior or network."""
    ranks = config["inputs"]["ranks"]
    if config[_SECTION]["with"] == PRIOR:
        return ranks[: ranks.index(rank_of_prior(config)) + 1]
    if variant_of_naming(config):
        return ranks[: ranks.index(recognised_rank(config)) + 1]
    return config["classification"]["ranks"] or ranks
