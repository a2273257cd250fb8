"""Whether backbones that share weights learned by SimCLR agree on them."""

from collections.abc import Mapping
from typing import Any

from visgen.features.options import INITIAL_WEIGHTS, WEIGHTS

#: Keys of a backbone that decide what SimCLR learns; the others decide what is read off it.
SIMCLR_KEYS = (
    "model_args",
    "preprocessing.mean",
    "preprocessing.std",
    "preprocessing.crop_mode",
)


def check_simclr(backbones: Mapping[str, Mapping[str, Any]], initial_weights: str) -> None:
    """Check that backbones which share learned weights agree on what was learned.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    if initial_weights in WEIGHTS.keys() - INITIAL_WEIGHTS.keys():
        raise ValueError(
            f"config key simclr.initial_weights: found {initial_weights!r}, expected "
            f"{', '.join(INITIAL_WEIGHTS)} or a file"
        )
    first: dict[str, str] = {}
    for name, backbone in backbones.items():
        if backbone["weights"] != "simclr":
            continue
        other = first.setdefault(backbone["model"], name)
        for key in SIMCLR_KEYS:
            values = [_at(backbones[one], key) for one in (name, other)]
            if values[0] != values[1]:
                raise ValueError(
                    f"config key backbones.{name}.{key}: found {values[0]}, expected {values[1]} "
                    f"as in backbones.{other}, since weights are learned once for the model "
                    f"{backbone['model']}"
                )


def _at(section: Mapping[str, Any], key: str) -> Any:
    """Return what a key with dots names, None where it is not given."""
    for name in key.split("."):
        section = section.get(name)
    return section
