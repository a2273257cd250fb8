"""What a regime hands on to alignment, on disk: networks and pooled features."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

#: The one entry of a file's metadata: the format does not keep several in order.
_ENTRY = "visgen"
_ENCODER = "encoder."


def write_checkpoint(
    path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]
) -> None:
    """Write tensors by name, with plain metadata, as safetensors; the same give the same bytes."""
    # Cloned, since safetensors refuses tensors that share memory, as tied weights do.
    cloned = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
    entry = {_ENTRY: json.dumps(dict(metadata), sort_keys=True)}
    # Not save_file, whose files only their owner can read.
    Path(path).write_bytes(save(cloned, metadata=entry))


def read_checkpoint(
    path: str | Path, *, with_encoder: bool = False
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a regime, without its encoder unless asked for: it is the largest part.

    Returns
    -------
    tensors
        ``projection.*`` and ``head.*`` by name, float32; ``encoder.*`` as they were written.
    metadata
        taxa (rows of the head), n_features, hidden, size, regime and recipe.

    Raises
    ------
    ValueError
        If the file does not have this workflow's metadata.
    """
    with safe_open(str(path), framework="pt") as stored:
        entries = stored.metadata() or {}
        if _ENTRY not in entries:
            raise ValueError(
                f"{path}: found the metadata {sorted(entries)}, expected an entry {_ENTRY!r}"
            )
        names = sorted(stored.keys())
        tensors = {n: stored.get_tensor(n).float() for n in names if not n.startswith(_ENCODER)}
        if with_encoder:
            tensors |= {n: stored.get_tensor(n) for n in names if n.startswith(_ENCODER)}
    return tensors, json.loads(entries[_ENTRY])


def write_pooled(path: str | Path, pooled: pd.DataFrame) -> None:
    """Write pooled features, (n, n_features) with index (id, repeat); same values, same bytes."""
    np.savez(
        path,
        id=pooled.index.get_level_values("id").to_numpy().astype(str),
        repeat=pooled.index.get_level_values("repeat").to_numpy().astype(np.int64),
        values=pooled.to_numpy(dtype=np.float32),
    )


def read_pooled(path: str | Path) -> pd.DataFrame:
    """Read what `write_pooled` wrote.

    Returns
    -------
    DataFrame
        (n, n_features) float32, index (id, repeat); repeat 0 is the clean image.

    Raises
    ------
    ValueError
        If an image's repeat is there twice, or a value is not finite.
    """
    with np.load(path, allow_pickle=False) as stored:
        ids = pd.Index(stored["id"].astype(object), dtype="str")
        index = pd.MultiIndex.from_arrays([ids, stored["repeat"]], names=["id", "repeat"])
        values = stored["values"]
    if index.has_duplicates:
        raise ValueError(f"{path}: {index[index.duplicated()][0]} is there twice, expected once")
    if not (finite := np.isfinite(values).all(axis=1)).all():
        raise ValueError(f"{path}: the features of {index[~finite][0]} are not finite")
    return pd.DataFrame(values, index=index, copy=False)
