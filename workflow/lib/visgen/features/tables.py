"""Tables of feature vectors, labelled by image and repeat, in shards."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from visgen.features.blocks import Block, parse_blocks
from visgen.features.framing import Framing

#: What a shard tells of its making, how images were framed among it.
FRAMING = tuple(field.name for field in fields(Framing))
MADE_WITH = ("device", "precision", "recipe", "software", "blocks", *FRAMING)
_ROWS = 1024  # read at a time
_DIGEST = 16  # bytes of a checksum
_DAMAGED = "{}: found a damaged table of features ({}); delete it, and the next run makes it anew"


def in_shard(sha256: pd.Series, shard: int, n_shards: int) -> pd.Series:
    """Tell which images belong to a shard; an image stays in its shard when others come."""
    # An empty shard's series would else keep its type, and be no mask.
    return sha256.map(lambda text: zlib.crc32(text.encode()) % n_shards == shard).astype(bool)


def write_features(path: Path, features: pd.DataFrame, made_with: Mapping[str, str]) -> None:
    """Write labelled features, index (id, repeat), as one shard (parquet) with checksums."""
    labels = features.index.to_frame(index=False)
    vectors = np.ascontiguousarray(features.to_numpy(np.float32, copy=False))
    told = {
        **made_with,
        "labels": _checksum_of_labels(labels, vectors.shape[1], made_with),
        "vectors": hashlib.blake2b(vectors, digest_size=_DIGEST).hexdigest(),
    }
    table = vector_table(labels, vectors)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **told})
    pq.write_table(table, path)


def read_made_with(shard: str | Path) -> dict[str, str]:
    """Return what a shard says of its making: device, precision, recipe, blocks, framing ..."""
    with _damage_named(shard):
        told = _told(pq.read_schema(shard))
    return {key: told[key] for key in MADE_WITH if key in told}


def read_framing(shard: str | Path) -> Framing:
    """Return how the images of a shard were framed.

    Raises
    ------
    ValueError
        If the shard does not say, as one of an earlier version.
    """
    told = read_made_with(shard)
    if missing := [key for key in FRAMING if key not in told]:
        raise ValueError(_DAMAGED.format(shard, f"{', '.join(missing)} missing"))
    return Framing(
        image_size=int(told["image_size"]),
        crop_mode=told["crop_mode"],
        crop_pct=float(told["crop_pct"]),
        interpolation=told["interpolation"],
    )


def read_blocks(shards: Sequence[str | Path]) -> list[Block]:
    """Return which features of a vector come from which layer and statistic.

    Raises
    ------
    ValueError
        If a shard does not say, or shards differ.
    """
    told = {shard: read_made_with(shard).get("blocks") for shard in shards}
    first = next(iter(told))
    for shard, blocks in told.items():
        if blocks is None:
            raise ValueError(_DAMAGED.format(shard, "blocks missing"))
        if blocks != told[first]:
            raise ValueError(
                f"{shard}: blocks of features {blocks}, expected {told[first]} as in {first}"
            )
    return parse_blocks(told[first])


def read_features(shards: Sequence[Path]) -> pd.DataFrame:
    """Read the shards of a backbone as one table.

    Returns
    -------
    DataFrame
        (n, n_features) float32, index (id, repeat), sorted; the only matrix of that size made.

    Raises
    ------
    ValueError
        If a shard is damaged, there is no vector at all, the shards differ in the length of their
        vectors, an (id, repeat) is there twice, or a vector holds NaN or infinity.
    """
    opened = [_Shard(path) for path in shards]
    # A shard without images says nothing, not even the type of an id.
    filled = [shard for shard in opened if len(shard.labels)]
    if not filled:
        raise ValueError(f"no feature vector in {', '.join(map(str, shards))}")
    first = filled[0]
    for shard in filled:
        if shard.length != first.length:
            raise ValueError(
                f"{shard.path}: {shard.length} features a vector, expected {first.length} as in "
                f"{first.path}"
            )
    index = pd.MultiIndex.from_frame(pd.concat([shard.labels for shard in filled]))
    if not index.is_unique:
        raise ValueError(f"features of {_label(index[index.duplicated()])}, are there twice")
    order = index.argsort()
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    index = index[order]
    # One matrix, filled part by part: there is never a second one beside it.
    values, start = np.empty((len(index), first.length), np.float32), 0
    for shard in filled:
        for vectors in shard.vectors():
            values[place[start : start + len(vectors)]] = vectors
            start += len(vectors)
    for begin in range(0, len(values), _ROWS):
        bad = ~np.isfinite(values[begin : begin + _ROWS]).all(axis=1)
        if bad.any():
            found = _label(index[begin : begin + _ROWS][bad])
            raise ValueError(f"features of {found}, hold NaN or infinity")
    return pd.DataFrame(values, index=index, copy=False)


class _Shard:
    """A shard, whose labels are read at once and whose vectors part by part."""

    def __init__(self, path: Path):
        self.path = path
        with _damage_named(path):
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
            self._told = _told(self._file.schema_arrow)
            labels = self._file.read(["id", "repeat"]).replace_schema_metadata(None)
            self.labels = labels.to_pandas()[["id", "repeat"]]
            self.length = self._file.schema_arrow.field("vector").type.list_size
            found = _checksum_of_labels(self.labels, self.length, self._told)
        _compare(path, found, self._told.get("labels"))

    def vectors(self) -> Iterator[np.ndarray]:
        """Yield the vectors in the order of the labels, (n, n_features) float32."""
        checksum = hashlib.blake2b(digest_size=_DIGEST)
        with _damage_named(self.path):
            for batch in self._file.iter_batches(_ROWS, columns=["vector"]):
                vectors = vectors_of(pa.Table.from_batches([batch]))
                checksum.update(vectors)
                yield vectors
        _compare(self.path, checksum.hexdigest(), self._told.get("vectors"))


def _compare(path: Path, found: str, expected: str | None) -> None:
    if found != expected:
        raise ValueError(_DAMAGED.format(path, "its content is not what was written"))


@contextmanager
def _damage_named(path: str | Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # A damaged file meets errors of every type.
        raise ValueError(_DAMAGED.format(path, str(error).partition("\n")[0])) from error


def _told(schema: pa.Schema) -> dict[str, str]:
    metadata = schema.metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items()}


def _checksum_of_labels(labels: pd.DataFrame, length: int, made_with: Mapping[str, str]) -> str:
    told = [made_with.get(key) for key in MADE_WITH]
    text = json.dumps([told, length, labels["id"].tolist(), labels["repeat"].tolist()])
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST).hexdigest()


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
