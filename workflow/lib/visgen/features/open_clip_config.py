"""What open_clip's config says of a CLIP model's image tower, as timm builds it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm

#: The network of timm that is CLIP's transformer, of whatever size its arguments say.
TRANSFORMER = "vit_base_patch16_clip_224"
#: Of a vision_cfg: what it has where it says nothing, as open_clip has it.
_DEFAULTS = {"layers": 12, "width": 768, "head_width": 64, "mlp_ratio": 4.0, "patch_size": 16}
#: What does nothing to features of a trained network.
_IDLE = {"patch_dropout", "output_tokens", "attn_pooler_queries", "attn_pooler_heads"}
_IDLE |= {"timm_model_pretrained", "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path"}
#: What is understood where it asks for nothing out of the ordinary.
_ORDINARY = {
    "ls_init_value": None,
    "attentional_pool": False,
    "no_ln_pre": False,
    "pos_embed_type": "learnable",
    "final_ln_after_pool": False,
    "pool_type": "tok",
    "global_average_pool": False,
    "input_patchnorm": False,
    "act_kwargs": None,
    "norm_kwargs": None,
    "block_type": None,
    "qk_norm": False,
    "scaled_cosine_attn": False,
}
#: How open_clip calls ways to a square, and how timm does.
_CROP_MODES = {"shortest": "center", "longest": "border", "squash": "squash"}


def read_config(path: Path) -> dict[str, Any]:
    """Return what an open_clip_config.json says.

    Raises
    ------
    ValueError
        If it is not there, or no JSON with the sections model_cfg and preprocess_cfg.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        missing = {"model_cfg", "preprocess_cfg"} - config.keys()
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: cannot be read as open_clip's config: {error}") from error
    if missing:
        raise ValueError(f"{path}: lacks {' and '.join(sorted(missing))}, which open_clip writes")
    return config


def describe_tower(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return what timm builds the image tower of a config with, and what it takes.

    Parameters
    ----------
    config
        As `read_config` returns it.
    path
        Where it was read, for errors.

    Returns
    -------
    dict
        ``architecture``, ``pretrained_cfg`` and ``model_args``, as `visgen.features.weights`
        reads them.

    Raises
    ------
    ValueError
        If it asks for something that timm's network has not; the key is named.
    """
    model, vision = config["model_cfg"], dict(config["model_cfg"].get("vision_cfg", {}))
    size = _side(vision.pop("image_size", 224), path)
    pool = vision.pop("timm_pool", "")
    if name := vision.pop("timm_model_name", None):
        vision = {key: value for key, value in vision.items() if key not in _DEFAULTS}
        if not timm.is_model(name):
            raise _unfit(path, "timm_model_name", name, "a model of timm")
        if pool in ("abs_attn", "rot_attn"):
            raise _unfit(path, "timm_pool", pool, "a pooling of the model's own")
        arguments: dict[str, Any] = {"global_pool": pool} if pool else {}
    else:
        name = TRANSFORMER
        given = {key: vision.pop(key, value) for key, value in _DEFAULTS.items()}
        if not isinstance(given["layers"], int):
            raise _unfit(path, "layers", given["layers"], "one number, of a transformer")
        arguments = {
            "depth": given["layers"],
            "embed_dim": given["width"],
            "num_heads": given["width"] // given["head_width"],
            "mlp_ratio": given["mlp_ratio"],
            "patch_size": given["patch_size"],
        }
        if model.get("quick_gelu", False):
            arguments["act_layer"] = "quick_gelu"
    for key in sorted(vision.keys() - _IDLE):
        if key not in _ORDINARY or (vision[key] or None) != (_ORDINARY[key] or None):
            expected = repr(_ORDINARY[key]) if key in _ORDINARY else "nothing of that name"
            raise _unfit(path, key, vision[key], expected)
    own = timm.get_pretrained_cfg(name)
    taken = {
        "input_size": [3, size, size],
        "num_classes": 0,
        "fixed_input_size": bool(own and own.fixed_input_size),
        "classifier": own and own.classifier,
        "first_conv": own and own.first_conv,
    }
    return {
        "architecture": name,
        "pretrained_cfg": taken | _preprocessing(config["preprocess_cfg"], path),
        "model_args": arguments,
    }


def _side(size: Any, path: Path) -> int:
    sides = [size] if isinstance(size, int) else list(size)
    if len(set(sides)) != 1:
        raise _unfit(path, "image_size", size, "the side of a square")
    return int(sides[0])


def _preprocessing(given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    for key in ("mean", "std"):
        if not isinstance(given.get(key), list) or len(given[key]) != 3:
            raise _unfit(path, key, given.get(key), "a number a channel", "preprocess_cfg")
    mode = given.get("resize_mode", "shortest")
    if mode not in _CROP_MODES:
        expected = " or ".join(_CROP_MODES)
        raise _unfit(path, "resize_mode", mode, expected, "preprocess_cfg")
    return {
        "mean": given["mean"],
        "std": given["std"],
        "interpolation": given.get("interpolation", "bicubic"),
        "crop_pct": 1.0,
        "crop_mode": _CROP_MODES[mode],
    }


def _unfit(
    path: Path, key: str, found: Any, expected: str, section: str = "model_cfg.vision_cfg"
) -> ValueError:
    return ValueError(f"{path}: {section}.{key}: found {found!r}, expected {expected}")
