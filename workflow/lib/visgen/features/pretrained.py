"""Weights from a model hub, downloaded once."""

import json
from pathlib import Path

import timm
from safetensors.torch import save_file
from timm.models import load_model_config_from_hf

from visgen.features.options import is_of_hub
from visgen.features.weights import HUB_KEY


def fetch_pretrained(model: str, path: Path) -> None:
    """Download a model's weights from its hub and keep them as safetensors.

    Parameters
    ----------
    model
        One of timm's, whose ImageNet weights are taken; or hf-hub:owner/name, a repository in
        timm's form on the Hugging Face Hub, of which the file also keeps what network it is of.
    path
        Of the file to write.

    Raises
    ------
    ValueError
        If timm does not know the model or has no weights for it.
    OSError
        If the hub cannot be reached.
    """
    metadata = None
    if is_of_hub(model):
        config, architecture, arguments = load_model_config_from_hf(model.partition(":")[2])
        found = {
            "architecture": architecture,
            "pretrained_cfg": config,
            "model_args": arguments,
        }
        metadata = {HUB_KEY: json.dumps(found)}
    elif not timm.is_model_pretrained(model):
        raise ValueError(f"timm has no pretrained weights for the model {model!r}")
    network = timm.create_model(model, pretrained=True)
    # Cloned, since safetensors refuses tensors that share memory, as tied weights do.
    state = {key: value.contiguous().clone() for key, value in network.state_dict().items()}
    save_file(state, path, metadata)
