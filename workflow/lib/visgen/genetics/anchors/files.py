"""Anchors on disk (npz): values with the names of their taxa."""

from pathlib import Path

import numpy as np
import pandas as pd


def write_anchors(path: str | Path, anchors: pd.DataFrame) -> None:
    """Write anchors, (n_taxa, size) with taxon names as index; the same give the same bytes."""
    np.savez(
        path,
        taxon=anchors.index.to_numpy().astype(str),
        values=anchors.to_numpy(dtype=np.float64),
    )


def read_anchors(path: str | Path) -> pd.DataFrame:
    """Read what `write_anchors` wrote: (n_taxa, size), float64, taxon names as index."""
    with np.load(path, allow_pickle=False) as stored:
        return pd.DataFrame(
            stored["values"], index=pd.Index(stored["taxon"].astype(object), name="taxon")
        )
