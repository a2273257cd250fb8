"""A store of feature vectors keyed by image content and recipe, outside the results.

`<folder>/<digest of the recipe>/` holds `recipe.json` and packs of vectors. A pack is written
whole or not at all, and packs are only ever added: a killed job loses one pack at most, and jobs
that write at the same time do not meet.
"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from visgen.features.tables import vector_table, vectors_of
from visgen.machine.recipes import write_whole

KEYS = ["sha256", "repeat"]


def stored_keys(packs: Path) -> set[tuple[str, int]]:
    """Return the keys (sha256, repeat) that the store holds."""
    keys: set[tuple[str, int]] = set()
    for path in sorted(packs.glob("*.parquet")):
        table = pq.read_table(path, columns=KEYS)
        keys.update(zip(*(table[name].to_pylist() for name in KEYS), strict=True))
    return keys


def add_vectors(packs: Path, keys: pd.DataFrame, vectors: np.ndarray) -> None:
    """Write one pack.

    Parameters
    ----------
    keys
        Columns sha256 and repeat, one row a vector.
    vectors
        (n, n_features), float32.
    """
    table = vector_table(keys, vectors)
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    name = hashlib.sha256(keys.to_csv(index=False).encode()).hexdigest()[:20]
    write_whole(packs / f"{name}.parquet", buffer.getvalue())


def read_vectors(packs: Path, keys: pd.DataFrame) -> np.ndarray:
    """Return the vectors of `keys` in their order, (n, n_features) float32.

    Raises
    ------
    KeyError
        If the store lacks one.
    """
    position = {key: i for i, key in enumerate(keys[KEYS].itertuples(index=False, name=None))}
    vectors, found = None, np.zeros(len(keys), bool)
    for path in sorted(packs.glob("*.parquet")):
        table = pq.read_table(path)
        rows = [
            (row, position[key])
            for row, key in enumerate(zip(*(table[k].to_pylist() for k in KEYS), strict=True))
            if key in position
        ]
        if not rows:
            continue
        source, target = map(list, zip(*rows, strict=True))
        values = vectors_of(table)
        if vectors is None:
            vectors = np.empty((len(keys), values.shape[1]), np.float32)
        vectors[target] = values[source]
        found[target] = True
    if not found.all():
        lacking = keys.loc[~found, KEYS].iloc[0]
        raise KeyError(
            f"{packs}: no vector of image {lacking['sha256']}, repeat {lacking['repeat']}"
        )
    return vectors if vectors is not None else np.empty((0, 0), np.float32)
