"""Frozen networks: a timm model, its weights, its preprocessing, its pooled output."""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config
from timm.models import load_state_dict
from torch import Tensor, nn

#: Names that the config uses for a value that timm calls otherwise.
UNTRAINED = "none"


@dataclass(frozen=True)
class Backbone:
    """A frozen network with everything that decides which vector an image gets.

    Attributes
    ----------
    network
        In eval mode; without a classification head.
    transform
        From an upright RGB picture to a tensor (3, height, width).
    image_size
        Side in pixels of what the network sees.
    layers
        Indices of the layers whose pooled maps are joined, or None.
    recipe
        What was asked for, in plain values; its digest names the feature store's folder.
    """

    network: nn.Module
    transform: Callable[[Any], Tensor]
    image_size: int
    layers: tuple[int, ...] | None
    recipe: dict[str, Any]


def load_backbone(
    model: str,
    weights: str | Path,
    *,
    seed: int = 1,
    model_args: Mapping[str, Any] | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    layers: Sequence[int] | None = None,
) -> Backbone:
    """Build a timm model with weights from a file, or untrained.

    Parameters
    ----------
    model
        Name of a timm model.
    weights
        A safetensors or pth file, or ``none`` for untrained weights drawn with `seed`.
    seed
        Seed of untrained weights.
    model_args
        Further arguments of the timm model.
    preprocessing
        Changes to the model's own: image_size, mean, std, interpolation, crop_pct, crop_mode.
    layers
        Indices of layers whose average-pooled maps are joined (Valan et al. 2019); None takes
        the network's own pooled output.

    Raises
    ------
    ValueError
        If timm does not know the model, the file does not fit it, or a layer does not exist.
    """
    changes = dict(preprocessing or {})
    network = _build(model, seed, dict(model_args or {}), changes.get("image_size"))
    if weights != UNTRAINED:
        _load_weights(network, Path(weights))
    network.reset_classifier(0)
    network.eval().requires_grad_(False)
    if "image_size" in changes:
        size = changes.pop("image_size")
        changes["input_size"] = (3, size, size)
    data_config = resolve_data_config({}, model=network) | changes
    backbone = Backbone(
        network=network,
        transform=create_transform(**data_config, is_training=False),
        image_size=int(data_config["input_size"][-1]),
        layers=None if layers is None else tuple(layers),
        recipe={
            "model": model,
            "weights": _weights_identity(weights, seed),
            "model_args": dict(model_args or {}),
            "preprocessing": {key: _plain(value) for key, value in data_config.items()},
            "layers": None if layers is None else list(layers),
        },
    )
    _check_output(backbone)
    return backbone


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
    if backbone.layers is None:
        return backbone.network(images).float()
    maps = backbone.network.forward_intermediates(
        images, indices=list(backbone.layers), intermediates_only=True, output_fmt="NCHW"
    )  # each (batch, channels, height, width)
    return torch.cat([part.float().mean(dim=(2, 3)) for part in maps], dim=1)


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
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(state, path)


def _build(model: str, seed: int, model_args: dict[str, Any], image_size: int | None) -> nn.Module:
    if not timm.is_model(model):
        family = model.split(".")[0].rstrip("0123456789")
        similar = ", ".join(timm.list_models(f"{family}*")[:8])
        raise ValueError(f"backbone model {model!r} is unknown to timm; similar: {similar or '-'}")
    config = timm.get_pretrained_cfg(model)
    if image_size and config and config.fixed_input_size:
        model_args = {"img_size": image_size} | model_args
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return timm.create_model(model, pretrained=False, **model_args)


def _load_weights(network: nn.Module, path: Path) -> None:
    """Load all but the classification head, strictly; pickles are read as weights only."""
    state = load_state_dict(str(path), weights_only=True)
    # Files that do not come from timm may need timm's own renaming for this architecture.
    rename = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if rename is not None:
        state = rename(state, network)
    heads = network.pretrained_cfg.get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    belongs_to_head = tuple(f"{head}." for head in heads)
    state = {key: value for key, value in state.items() if not key.startswith(belongs_to_head)}
    wanted = {
        key: value
        for key, value in network.state_dict().items()
        if not (belongs_to_head and key.startswith(belongs_to_head))
    }
    missing, unexpected = sorted(set(wanted) - set(state)), sorted(set(state) - set(wanted))
    wrong = [key for key in set(wanted) & set(state) if wanted[key].shape != state[key].shape]
    problems = [
        f"{len(names)} {word} ({', '.join(names[:3])})"
        for word, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", sorted(wrong)),
        )
        if names
    ]
    if problems:
        raise ValueError(f"{path}: weights do not fit the model: {'; '.join(problems)}")
    network.load_state_dict(state, strict=False)


def _weights_identity(weights: str | Path, seed: int) -> str:
    if weights == UNTRAINED:
        # How weights are drawn is the libraries' business, hence their versions.
        return f"untrained seed {seed} torch {torch.__version__} timm {timm.__version__}"
    with Path(weights).open("rb") as file:
        return f"sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"


def _check_output(backbone: Backbone) -> None:
    size = backbone.image_size
    try:
        with torch.inference_mode():
            features = forward(backbone, torch.zeros(2, 3, size, size))
    except (AttributeError, AssertionError, IndexError) as error:
        raise ValueError(
            f"backbone model {backbone.recipe['model']!r}: no pooled maps of the layers "
            f"{list(backbone.layers or ())}: {error}"
        ) from error
    if features.ndim != 2:
        raise ValueError(
            f"backbone model {backbone.recipe['model']!r}: its output has the shape "
            f"{tuple(features.shape)}, expected (images, features)"
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
