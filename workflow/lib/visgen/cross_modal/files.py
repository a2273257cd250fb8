"""What a regime hands on, and what a variant leaves, on disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from visgen.cross_modal.variants import TrainedVariant
from visgen.tables import read_table, write_table


@dataclass(frozen=True)
class Checkpoint:
    """A trained regime without its encoder.

    Attributes
    ----------
    tensors
        ``projection.*`` and ``head.*``.
    about
        taxa (rows of the head), n_features, hidden, size, regime.
    """

    tensors: Mapping[str, Tensor]
    about: Mapping[str, Any]


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a regime's projection and head; the encoder stays on disk.

    Raises
    ------
    ValueError
        If the file has no description under the key ``visgen``.
    """
    with safe_open(str(path), framework="pt") as stored:
        metadata = stored.metadata() or {}
        if "visgen" not in metadata:
            raise ValueError(f"{path}: metadata key 'visgen' is missing, found {sorted(metadata)}")
        names = [n for n in sorted(stored.keys()) if not n.startswith("encoder.")]
        tensors = {name: stored.get_tensor(name).float() for name in names}
    return Checkpoint(tensors, json.loads(metadata["visgen"]))


def read_pooled(path: str | Path) -> pd.DataFrame:
    """Read pooled features.

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


def read_withheld(path: str | Path, scope: str) -> set[str]:
    """Read which taxa a scope (a column of the table) withholds from all training."""
    table = read_table(path)
    return set(table.loc[table[scope], "taxon"])


def write_variant(paths: Mapping[str, str | Path], variant: TrainedVariant) -> None:
    """Write what a variant learned and predicted; the same give the same bytes.

    Parameters
    ----------
    paths
        checkpoint (safetensors), history and omitted (tables), embeddings (npz), predictions
        (Parquet).
    variant
        What to write.
    """
    # Not save_file, whose files only their owner can read.
    state = {k: v.cpu().contiguous().clone() for k, v in variant.network.state_dict().items()}
    about = json.dumps(dict(variant.about), sort_keys=True)
    Path(paths["checkpoint"]).write_bytes(save(state, metadata={"visgen": about}))
    write_table(paths["history"], variant.history)
    write_table(paths["omitted"], variant.omitted)
    np.savez(
        paths["embeddings"],
        id=variant.embeddings.index.to_numpy().astype(str),
        part=variant.parts.loc[variant.embeddings.index].to_numpy().astype(str),
        values=variant.embeddings.to_numpy(dtype=np.float32),
    )
    variant.predictions.to_parquet(paths["predictions"], index=False)
