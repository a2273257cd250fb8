"""Weights from a model hub, downloaded once."""

import json
from pathlib import Path

import timm
from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache
from huggingface_hub.utils import EntryNotFoundError, LocalEntryNotFoundError
from safetensors.torch import save_file
from timm.models import load_model_config_from_hf

from visgen.features.open_clip import WEIGHTS_FILES, convert_open_clip
from visgen.features.options import OPEN_CLIP_CONFIG, is_of_hub
from visgen.features.weights import HUB_KEY


def fetch_pretrained(model: str, path: Path) -> None:
    """Download a model's weights from its hub and keep them as safetensors.

    Parameters
    ----------
    model
        One of timm's, whose weights in timm are taken; or hf-hub:owner/name, a repository in timm's
        form or in open_clip's on the Hugging Face Hub, of which the file also keeps what network it
        is of.
    path
        Of the file to write.

    Raises
    ------
    ValueError
        If timm does not know the model or has no weights for it, or the repository has neither
        form.
    OSError
        If the hub cannot be reached.
    """
    metadata = None
    if is_of_hub(model):
        repository = model.partition(":")[2]
        if not _is_in_timms_form(repository):
            _fetch_open_clip(repository, path)
            return
        config, architecture, arguments = load_model_config_from_hf(repository)
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


def _is_in_timms_form(repository: str) -> bool:
    config = _downloaded(repository, "config.json")
    return config is not None and "architecture" in json.loads(config.read_text(encoding="utf-8"))


def _fetch_open_clip(repository: str, path: Path) -> None:
    config = _downloaded(repository, OPEN_CLIP_CONFIG)
    if config is None:
        raise ValueError(
            f"hf-hub:{repository}: found neither a config.json in timm's form, with an "
            f"architecture, nor {OPEN_CLIP_CONFIG}"
        )
    for name in WEIGHTS_FILES:
        if weights := _downloaded(repository, name):
            convert_open_clip(weights, config, path)
            return
    raise ValueError(f"hf-hub:{repository}: found none of {' and '.join(WEIGHTS_FILES)}")


def _downloaded(repository: str, name: str) -> Path | None:
    """Return where a file of a repository lies once fetched, or None where it has none."""
    owner_and_name, _, revision = repository.partition("@")
    wanted = {"repo_id": owner_and_name, "filename": name, "revision": revision or None}
    try:
        return Path(hf_hub_download(**wanted))
    except LocalEntryNotFoundError:  # The hub was not reached; it may have been before.
        if try_to_load_from_cache(**wanted) is _CACHED_NO_EXIST:
            return None
        raise
    except EntryNotFoundError:
        return None
