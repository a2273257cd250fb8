"""Tables of feature vectors, labelled by image and repeat, in shards."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

#: What a shard tells of its making.
MADE_WITH = ("device", "precision", "recipe", "software")
_ROWS = 1024  # read at a time


def in_shard(sha256: pd.Series, shard: int, n_shards: int) -> pd.Series:
    """Tell which images belong to a shard; an image stays in its shard when others come."""
    # An empty shard's series would else keep its type, and be no mask.
    return sha256.map(lambda text: zlib.crc32(text.encode()) % n_shards == shard).astype(bool)


def write_features(path: Path, features: pd.DataFrame, made_with: Mapping[str, str]) -> None:
    """Write labelled features, index (id, repeat), as one shard (parquet)."""
    labels = features.index.to_frame(index=False)
    table = vector_table(labels, features.to_numpy(np.float32, copy=False))
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **made_with})
    pq.write_table(table, path)


def read_made_with(shard: str | Path) -> dict[str, str]:
    """Return what a shard says of its making: device, precision, recipe and software."""
    metadata = pq.read_schema(shard).metadata or {}
    told = {key.decode(): value.decode() for key, value in metadata.items()}
    return {key: told[key] for key in MADE_WITH if key in told}


def read_features(shards: Sequence[Path]) -> pd.DataFrame:
    """Read the shards of a backbone as one table.

    Returns
    -------
    DataFrame
        (n, n_features) float32, index (id, repeat), sorted; the only matrix of that size made.

    Raises
    ------
    ValueError
        If there is no vector at all, the shards differ in the length of their vectors, an
        (id, repeat) is there twice, or a vector holds NaN or infinity.
    """
    # A shard without images says nothing, not even the type of an id.
    opened = {path: pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) for path in shards}
    files = {path: file for path, file in opened.items() if file.metadata.num_rows}
    if not files:
        raise ValueError(f"no feature vector in {', '.join(map(str, shards))}")
    lengths = {
        path: file.schema_arrow.field("vector").type.list_size for path, file in files.items()
    }
    first, length = next(iter(lengths.items()))
    for path, found in lengths.items():
        if found != length:
            raise ValueError(f"{path}: {found} features a vector, expected {length} as in {first}")
    labels = pa.concat_tables([file.read(["id", "repeat"]) for file in files.values()])
    labels = labels.select(["id", "repeat"]).replace_schema_metadata(None)
    index = pd.MultiIndex.from_arrays(
        [labels["id"].to_pandas(), labels["repeat"].to_pandas()], names=["id", "repeat"]
    )
    if not index.is_unique:
        raise ValueError(f"features of {_label(index[index.duplicated()])}, are there twice")
    order = index.argsort()
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    index = index[order]
    # One matrix, filled part by part: there is never a second one beside it.
    values, start = np.empty((len(index), length), np.float32), 0
    for file in files.values():
        for batch in file.iter_batches(_ROWS, columns=["vector"]):
            rows = place[start : start + len(batch)]
            vectors = vectors_of(pa.Table.from_batches([batch]))
            bad = ~np.isfinite(vectors).all(axis=1)
            if bad.any():
                raise ValueError(f"features of {_label(index[rows[bad]])}, hold NaN or infinity")
            values[rows] = vectors
            start += len(batch)
    return pd.DataFrame(values, index=index, copy=False)


def _label(index: pd.MultiIndex) -> str:
    name, repeat = index[0]
    return f"image {name!r}, repeat {repeat}"


def vector_table(labels: pd.DataFrame, vectors: np.ndarray) -> pa.Table:
    """Return an Arrow table of labels with a column `vector` of fixed length."""
    values = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])
    return pa.Table.from_pandas(labels, preserve_index=False).append_column("vector", column)


def vectors_of(table: pa.Table) -> np.ndarray:
    """Return the column `vector` of an Arrow table as (n, n_features) float32."""
    column = table["vector"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)
