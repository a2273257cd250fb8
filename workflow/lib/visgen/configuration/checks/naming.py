"""What a schema cannot say of a configuration's names for specimens that have none."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice
from visgen.configuration.checks.prior import rank_of_prior, sources_of_prior
from visgen.naming.options import CLASSIFICATION, PRIOR

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
    if section["with"] == PRIOR:
        _check_prior(config)
    elif section["relatives"] is not None:
        raise ValueError(
            f"config key {_SECTION}.relatives: found {section['relatives']!r}, which goes with "
            f"{_SECTION}.with: {PRIOR}; leave it out"
        )
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


def ranks_of_naming(config: Mapping[str, Any]) -> list[str]:
    """Return the ranks of names: those that are classified, or all down to that of the prior."""
    ranks = config["inputs"]["ranks"]
    if config[_SECTION]["with"] == PRIOR:
        return ranks[: ranks.index(rank_of_prior(config)) + 1]
    return config["classification"]["ranks"] or ranks
