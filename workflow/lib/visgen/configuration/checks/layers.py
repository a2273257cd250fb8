"""Whether what is taken of a network's layers fits."""

from collections.abc import Mapping
from typing import Any

from visgen.features.options import FINAL


def check_layers(backbones: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that statistics have maps to be taken of, and that the last map comes last.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    for name, backbone in backbones.items():
        layers = backbone["layers"]
        if layers is None:
            if backbone["statistics"] != ["mean"]:
                raise ValueError(
                    f"config key backbones.{name}.statistics: goes with layers only, such as "
                    f"[{FINAL}]; leave it out"
                )
        elif FINAL in layers[:-1]:
            raise ValueError(
                f"config key backbones.{name}.layers: found {layers}, expected {FINAL!r} last and "
                "once"
            )
