"""Whether weights that belong to one model, or to those of a hub, meet it."""

from collections.abc import Mapping
from typing import Any

from visgen.features.options import BUNDLED_MODEL, OPEN_CLIP, WEIGHTS, is_of_hub


def check_weights(backbones: Mapping[str, Mapping[str, Any]], initial_weights: str) -> None:
    """Check that weights which are bundled, or on a hub, go with the models they belong to.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    for name, backbone in backbones.items():
        key = f"backbones.{name}.weights"
        if backbone["weights"] == "simclr":
            key, weights = "simclr.initial_weights", initial_weights
        else:
            weights = backbone["weights"]
        if weights == "bundled" and backbone["model"] != BUNDLED_MODEL:
            raise ValueError(
                f"config key {key}: found 'bundled', which needs the model {BUNDLED_MODEL!r}, but "
                f"backbones.{name}.model is {backbone['model']!r}"
            )
        if backbone["model"] == OPEN_CLIP and backbone["weights"] in WEIGHTS:
            raise ValueError(
                f"config key backbones.{name}.weights: found {backbone['weights']!r}, expected a "
                f"file that open_clip wrote, since backbones.{name}.model is {OPEN_CLIP!r}"
            )
        if (backbone["weights"] == "hub") != is_of_hub(backbone["model"]):
            expected = "another choice" if backbone["weights"] == "hub" else "'hub'"
            raise ValueError(
                f"config key backbones.{name}.weights: found {backbone['weights']!r}, expected "
                f"{expected}, since backbones.{name}.model is {backbone['model']!r}"
            )
