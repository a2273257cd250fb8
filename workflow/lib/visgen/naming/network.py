"""The network of a naming model: its weights in the model's folder, and how it sees images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from visgen.features.backbones import Backbone, load_backbone
from visgen.features.options import is_told_by_file
from visgen.features.weights import HUB_KEY

_SEEN = ("mean", "std", "interpolation", "crop_pct", "crop_mode")


def write_network(path: Path, backbone: Backbone, weights: str | Path) -> dict[str, Any]:
    """Write the weights of a network, and return in plain values how it is built and sees.

    Parameters
    ----------
    path
        The safetensors file.
    backbone
        As `visgen.features.backbones.load_backbone` returned it for `weights`.
    weights
        The file that it came from, or ``none``.
    """
    # Copies, for safetensors takes no tensors that share memory.
    state = {
        name: tensor.clone(memory_format=torch.contiguous_format)
        for name, tensor in backbone.network.state_dict().items()
    }
    model, metadata = backbone.recipe["model"], {}
    if is_told_by_file(model):  # whose file says how it is built
        with safe_open(weights, "pt") as file:
            metadata = {HUB_KEY: file.metadata()[HUB_KEY]}
    save_file(state, path, metadata)
    seen = backbone.recipe["preprocessing"]
    return {
        "model": model,
        "model_args": backbone.recipe["model_args"],
        "layers": backbone.recipe["layers"],
        "statistics": list(backbone.statistics),
        "preprocessing": {"image_size": backbone.image_size} | {key: seen[key] for key in _SEEN},
        "n_features": backbone.n_features,
    }


def read_network(path: Path, told: Mapping[str, Any]) -> Backbone:
    """Build the network that `write_network` wrote.

    Raises
    ------
    ValueError
        If it cannot be built, or gives vectors of another length than it did.
    """
    options = {key: value for key, value in told.items() if key != "n_features"}
    backbone = load_backbone(weights=path, **options)
    if backbone.n_features != told["n_features"]:
        raise ValueError(
            f"{path}: the network gives {backbone.n_features} features, expected "
            f"{told['n_features']}; this version of timm builds {told['model']} otherwise"
        )
    return backbone
