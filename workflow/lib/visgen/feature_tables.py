"""Tables of feature vectors, labelled by image and repeat, in shards."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def in_shard(sha256: pd.Series, shard: int, n_shards: int) -> pd.Series:
    """Tell which images belong to a shard; an image stays in its shard when others come."""
    return sha256.map(lambda text: zlib.crc32(text.encode()) % n_shards == shard)


def write_features(path: Path, features: pd.DataFrame, made_with: Mapping[str, str]) -> None:
    """Write labelled features, index (id, repeat), as one shard (parquet)."""
    labels = features.index.to_frame(index=False)
    table = vector_table(labels, features.to_numpy(np.float32, copy=False))
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **made_with})
    pq.write_table(table, path)


def read_features(shards: Sequence[Path]) -> pd.DataFrame:
    """Read the shards of a backbone as one table.

    Returns
    -------
    DataFrame
        (n, n_features) float32, index (id, repeat), sorted.

    Raises
    ------
    ValueError
        If an (id, repeat) is there twice, or a vector holds NaN or infinity.
    """
    tables = [table for table in map(pq.read_table, shards) if len(table)]
    if not tables:
        raise ValueError(f"no feature vector in {', '.join(map(str, shards))}")
    table = pa.concat_tables([t.replace_schema_metadata(None) for t in tables])
    index = pd.MultiIndex.from_arrays(
        [table["id"].to_pandas(), table["repeat"].to_pandas()], names=["id", "repeat"]
    )
    if not index.is_unique:
        raise ValueError(f"features of {index[index.duplicated()][0]} are there twice")
    values = vectors_of(table)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise ValueError(f"the features of {index[bad][0]} hold NaN or infinity")
    return pd.DataFrame(values, index=index, copy=False).sort_index()


def vector_table(labels: pd.DataFrame, vectors: np.ndarray) -> pa.Table:
    """Return an Arrow table of labels with a column `vector` of fixed length."""
    values = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])
    return pa.Table.from_pandas(labels, preserve_index=False).append_column("vector", column)


def vectors_of(table: pa.Table) -> np.ndarray:
    """Return the column `vector` of an Arrow table as (n, n_features) float32."""
    column = table["vector"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)
