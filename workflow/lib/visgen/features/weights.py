"""Weights from a file, into a network that is built already."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from safetensors import safe_open
from timm.models import load_state_dict
from torch import Tensor, nn

from visgen.features.towers import TOWER, image_tower

log = logging.getLogger(__name__)

#: What stands behind the network while it learns without labels and makes no features: the layers
#: that SwAV (Caron et al. 2020) compares views in, and the prototypes that it deals them to.
PRETRAINING_HEADS = ("projection_head.", "prototypes.")

#: Under which a file, from a hub or converted, keeps what is to be built before its weights fit.
HUB_KEY = "timm"


def load_weights(network: nn.Module, path: Path) -> None:
    """Take off the classification head and load the rest, strictly.

    Pickles are read as weights only: nothing in them is executed. A prefix of all names that
    training on several devices leaves (``module.``) is taken off. Heads of pretraining, and what a
    CLIP model has for texts, are left out with a line in the log.

    Raises
    ------
    ValueError
        If the file cannot be read safely, does not fit, or holds NaN.
    """
    # Files that do not come from timm may need timm's own renaming for this architecture.
    rename = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    try:
        state = load_state_dict(str(path), weights_only=True)
        if any(key.startswith(TOWER) for key in state):
            state = image_tower(state, path)
        if rename is not None:
            state = rename(state, network)
    except Exception as error:  # A damaged or foreign file meets errors of every type.
        raise ValueError(
            f"{path}: cannot be read as weights of the model, expected tensors by name, as "
            f"safetensors or from torch.save: {in_one_line(error)}"
        ) from error
    heads = network.pretrained_cfg.get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    belongs_to_head = tuple(f"{head}." for head in heads)
    network.reset_classifier(0)
    wanted = network.state_dict()
    state = {
        key: value
        for key, value in state.items()
        if key in wanted or not key.startswith(belongs_to_head)
    }
    dropped = [key for key in state if key not in wanted and key.startswith(PRETRAINING_HEADS)]
    state = {key: value for key, value in state.items() if key not in dropped}
    check_fit(state, wanted, path)
    if dropped:
        log.info(
            "%s: left out %d tensors of pretraining, which make no features: %s",
            path,
            len(dropped),
            ", ".join(dropped),
        )
    network.load_state_dict(state)


def told_by_file(path: Path) -> dict[str, Any]:
    """Return what a file says of the network that its weights belong to.

    Returns
    -------
    dict
        ``architecture`` (a name that timm has), ``pretrained_cfg`` and ``model_args``.

    Raises
    ------
    ValueError
        If the file says nothing of it.
    """
    with safe_open(path, "pt") as file:
        said = (file.metadata() or {}).get(HUB_KEY)
    if said is None:
        raise ValueError(f"{path}: does not say which network it is of; delete it and run again")
    return json.loads(said)


def in_one_line(error: Exception) -> str:
    """Return what a library says, in one line and without its advice to trust the file."""
    text = " ".join(str(error).split()).partition(" If ")[0]
    return f"{type(error).__name__}: {text}"


def check_fit(state: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> None:
    """Check that tensors are those of a network, and hold numbers.

    Raises
    ------
    ValueError
        If tensors are missing, too many, of another shape, or hold NaN; some are named.
    """
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
    if broken := [key for key, value in state.items() if value.isnan().any()]:
        raise ValueError(
            f"{path}: {len(broken)} of {len(state)} tensors hold NaN, such as {broken[0]!r}; "
            "expected numbers"
        )
