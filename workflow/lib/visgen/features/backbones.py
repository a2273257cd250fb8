"""Frozen networks: a timm model, its weights, its preprocessing, its pooled output."""

import difflib
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.data import create_transform, resolve_data_config
from torch import Tensor, nn

from visgen.features.blocks import Block
from visgen.features.framing import Framing
from visgen.features.map_pooling import pooled_blocks
from visgen.features.options import OWN, is_told_by_file
from visgen.features.weights import in_one_line, load_weights, told_by_file

#: Names that the config uses for a value that timm calls otherwise.
UNTRAINED = "none"


@dataclass(frozen=True)
class Backbone:
    """A frozen network with everything that decides which vector an image gets.

    Attributes
    ----------
    network
        In eval mode; without a classification head.
    framing
        How a picture becomes the square that the network sees.
    transform
        From a picture that `framing` has padded to a tensor (3, height, width).
    layers
        Layers whose pooled maps are joined, as `load_backbone` takes them, or None.
    statistics
        What is taken of each map.
    blocks
        Of each layer and statistic, side by side in a vector.
    recipe
        What was asked for, in plain values; its digest names the feature store's folder.
    """

    network: nn.Module
    framing: Framing
    transform: Callable[[Any], Tensor]
    layers: tuple[int | str, ...] | None
    statistics: tuple[str, ...]
    blocks: tuple[Block, ...]
    recipe: dict[str, Any]

    @property
    def n_features(self) -> int:
        """Length of a vector."""
        return sum(block.n_features for block in self.blocks)

    @property
    def image_size(self) -> int:
        """Side in pixels of what the network sees."""
        return self.framing.image_size


def load_backbone(
    model: str,
    weights: str | Path,
    *,
    seed: int = 1,
    model_args: Mapping[str, Any] | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    layers: Sequence[int | str] | None = None,
    statistics: Sequence[str] = ("mean",),
) -> Backbone:
    """Build a timm model with weights from a file, or untrained.

    Parameters
    ----------
    model
        Name of a timm model; or of one on a hub (hf-hub:owner/name), or open_clip, whose weights
        file says which network it is of.
    weights
        A safetensors or pth file, or ``none`` for untrained weights drawn with `seed`.
    seed
        Seed of untrained weights.
    model_args
        Further arguments of the timm model.
    preprocessing
        Changes to the model's own: image_size, mean, std, interpolation, crop_pct, crop_mode.
    layers
        Indices of layers whose pooled maps are joined (Valan et al. 2019), in the network's order
        and each once, and `visgen.features.options.FINAL` for the map before its own pooling;
        None takes the network's own pooled output.
    statistics
        What is taken of each map, of `visgen.features.options.STATISTICS`; goes with layers.

    Raises
    ------
    ValueError
        If timm does not know the model or one of its arguments, the file cannot be read safely or
        does not fit, a layer does not exist, or the network does not take the image size.
    """
    changes = dict(preprocessing or {})
    network = _build(model, weights, seed, dict(model_args or {}), changes.get("image_size"))
    if weights != UNTRAINED:
        load_weights(network, Path(weights))
    else:
        network.reset_classifier(0)
    network.eval().requires_grad_(False)
    if "image_size" in changes:
        size = changes.pop("image_size")
        changes["input_size"] = (3, size, size)
    data_config = resolve_data_config({}, model=network) | changes
    image_size = int(data_config["input_size"][-1])
    wanted = None if layers is None else tuple(layers)
    taken = tuple(statistics)
    return Backbone(
        network=network,
        framing=Framing(
            image_size,
            data_config["crop_mode"],
            data_config["crop_pct"],
            data_config["interpolation"],
        ),
        transform=create_transform(**data_config, is_training=False),
        layers=wanted,
        statistics=taken,
        blocks=_blocks(model, network, wanted, taken, image_size),
        recipe={
            "model": model,
            "weights": _weights_identity(weights, seed),
            "model_args": dict(model_args or {}),
            "preprocessing": {key: _plain(value) for key, value in data_config.items()},
            "layers": None if layers is None else list(layers),
        }
        # A recipe of means alone keeps the name that it had before there was a choice.
        | ({} if taken == ("mean",) else {"statistics": list(taken)}),
    )


def forward(backbone: Backbone, images: Tensor) -> Tensor:
    """Return pooled features.

    Parameters
    ----------
    backbone
        On the device of `images`.
    images
        Preprocessed, (batch, 3, height, width).

    Returns
    -------
    Tensor
        (batch, n_features), float32.
    """
    parts = pooled_blocks(backbone.network, images, backbone.layers, backbone.statistics)
    return torch.cat(parts, dim=1)


def _build(
    model: str,
    weights: str | Path,
    seed: int,
    model_args: dict[str, Any],
    image_size: int | None,
) -> nn.Module:
    if is_told_by_file(model):
        told = told_by_file(Path(weights))
        name, config = told["architecture"], told["pretrained_cfg"]
        model_args = told["model_args"] | model_args | {"pretrained_cfg": config}
        is_fixed = config.get("fixed_input_size")
    else:
        name, config = model, timm.get_pretrained_cfg(model)
        is_fixed = config and config.fixed_input_size
    if not timm.is_model(name):
        first = name.split(".")[0].lower()
        similar = ", ".join(difflib.get_close_matches(first, timm.list_models(), n=8)) or "none"
        raise ValueError(f"backbone model {model!r} is unknown to timm; similar: {similar}")
    try:
        if image_size and is_fixed:
            model_args = {"img_size": image_size} | model_args
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = timm.create_model(name, pretrained=False, **model_args)
    except (TypeError, RuntimeError, AssertionError) as error:
        raise ValueError(
            f"backbone model {model!r} cannot be built with the arguments {model_args}: "
            f"{in_one_line(error)}"
        ) from error
    if not hasattr(network, "reset_classifier"):
        raise ValueError(f"backbone model {model!r} is an encoder without a pooled output")
    return network


def _weights_identity(weights: str | Path, seed: int) -> str:
    if weights == UNTRAINED:
        # How weights are drawn is the libraries' business, hence their versions.
        return f"untrained seed {seed} torch {torch.__version__} timm {timm.__version__}"
    with Path(weights).open("rb") as file:
        return f"sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"


def _blocks(
    model: str,
    network: nn.Module,
    layers: tuple[int | str, ...] | None,
    statistics: tuple[str, ...],
    image_size: int,
) -> tuple[Block, ...]:
    asked = f"backbone model {model!r} with images of {image_size} pixels"
    if layers is not None:
        asked += f" and the layers {list(layers)}"
    try:
        with torch.inference_mode():
            blank = torch.zeros(2, 3, image_size, image_size)
            parts = pooled_blocks(network, blank, layers, statistics)
    except (AttributeError, AssertionError, IndexError, RuntimeError, ValueError) as error:
        raise ValueError(f"{asked}: {in_one_line(error)}") from error
    for part in parts:
        if part.ndim != 2:
            raise ValueError(
                f"{asked}: its output has the shape {tuple(part.shape)}, "
                "expected (images, features)"
            )
    names = itertools.product([OWN] if layers is None else map(str, layers), statistics)
    return tuple(Block(*name, part.shape[1]) for name, part in zip(names, parts, strict=True))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
