"""Image towers of CLIP models, from files as open_clip writes them: tensors, and a config beside.

Such a pair of files holds two networks, one for images and one for texts. Here the one for images
becomes a network of timm. What open_clip puts behind it, a projection to where texts are, is left
out, as classification heads are.
"""

import json
from pathlib import Path

import timm
from safetensors.torch import save_file
from timm.models import load_state_dict
from timm.models.vision_transformer import checkpoint_filter_fn

from visgen.features.open_clip_config import describe_tower, read_config
from visgen.features.towers import TRUNK, image_tower
from visgen.features.weights import HUB_KEY, check_fit, in_one_line

#: What open_clip calls files of weights, the safe one first.
WEIGHTS_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def convert_open_clip(weights: Path, config: Path, path: Path) -> None:
    """Write the image tower of a CLIP model under timm's names, with what builds it.

    Parameters
    ----------
    weights
        A safetensors file, or a pickle, of which nothing is executed.
    config
        The file beside it that says what network it is and what it takes.
    path
        The safetensors file to write.

    Raises
    ------
    ValueError
        If a file cannot be read, the config asks for what timm's network has not, a tensor belongs
        to neither tower, or tensors of the image tower are missing, too many or of another shape.
    """
    described = describe_tower(read_config(config), config)
    try:
        state = load_state_dict(str(weights), weights_only=True)
    except Exception as error:  # A damaged or foreign file meets errors of every type.
        raise ValueError(
            f"{weights}: cannot be read as a model of open_clip, expected tensors by name, as "
            f"safetensors or from torch.save: {in_one_line(error)}"
        ) from error
    tower = image_tower(state, weights)
    network = timm.create_model(
        described["architecture"],
        pretrained=False,
        pretrained_cfg=described["pretrained_cfg"],
        **described["model_args"],
    )
    network.reset_classifier(0)
    if any(name.startswith(TRUNK) for name in tower):
        tower = {name.removeprefix(TRUNK): tensor for name, tensor in tower.items()}
    else:
        tower = checkpoint_filter_fn(tower, network)
    check_fit(tower, network.state_dict(), weights)
    tensors = {name: tensor.contiguous().clone() for name, tensor in tower.items()}
    save_file(tensors, path, {HUB_KEY: json.dumps(described)})
