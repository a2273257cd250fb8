"""Whether weights that are installed with the workflow meet the model that they belong to."""

from collections.abc import Mapping
from typing import Any

from visgen.features.options import BUNDLED_MODEL


def check_bundled(backbones: Mapping[str, Mapping[str, Any]], initial_weights: str) -> None:
    """Check that no backbone but those of one model asks for bundled weights.

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
