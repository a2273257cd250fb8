"""Weights from a model hub, downloaded once."""

from pathlib import Path

import timm
from safetensors.torch import save_file


def fetch_pretrained(model: str, path: Path) -> None:
    """Download a model's ImageNet weights from its hub and keep them as safetensors.

    Raises
    ------
    ValueError
        If timm does not know the model or has no weights for it.
    OSError
        If the hub cannot be reached.
    """
    if not timm.is_model_pretrained(model):
        raise ValueError(f"timm has no pretrained weights for the model {model!r}")
    network = timm.create_model(model, pretrained=True)
    # Cloned, since safetensors refuses tensors that share memory, as tied weights do.
    state = {key: value.contiguous().clone() for key, value in network.state_dict().items()}
    save_file(state, path)
