"""What the page calls backbones: those that have learned nothing are controls."""

from collections.abc import Mapping
from typing import Any

#: Weights of a network that was not trained.
UNTRAINED = "none"


def backbone_labels(backbones: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what the page calls each backbone: an untrained one is marked as a control.

    Parameters
    ----------
    backbones
        By name: weights.

    Examples
    --------
    >>> backbone_labels({"resnet": {"weights": "imagenet"}, "blank": {"weights": "none"}})
    {'resnet': 'resnet', 'blank': 'blank (control)'}
    """
    return {
        name: f"{name} (control)" if backbone["weights"] == UNTRAINED else name
        for name, backbone in backbones.items()
    }


def is_control(backbone: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a backbone has learned nothing, from what the page calls each."""
    return labels[backbone] != backbone
