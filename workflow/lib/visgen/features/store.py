"""A store of feature vectors keyed by image content and recipe, outside the results.

`<folder>/<digest of the recipe>/` holds `recipe.json` and packs of vectors. A pack is written
whole or not at all, and packs are only ever added: a killed job loses one pack at most, and jobs
that write at the same time do not meet.

A pack is its keys, 36 bytes each (SHA-256 of the image, then the repeat, big-endian), then its
vectors (float32, little-endian), and nothing else. How many and how long they are, and the
checksums of both (BLAKE2b, 128 bits), are its name: `256x2048-<of keys>-<of vectors>.pack`. So no
byte of a pack is made use of, not even as a length, before it is known to be what was written.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from visgen.machine.recipes import KEY, write_whole

log = logging.getLogger(__name__)

_SHA256, _REPEAT = 32, 4  # bytes
_WIDTH = _SHA256 + _REPEAT
_FLOAT = np.dtype("<f4")
_CHUNK = 100_000  # keys turned into bytes at a time
_NAME = re.compile(r"(\d{1,9})x(\d{1,9})-([0-9a-f]{32})-([0-9a-f]{32})\.pack")


class Pack(NamedTuple):
    """What a pack's name says."""

    path: Path
    n: int
    n_features: int
    keys: str  # checksums
    vectors: str


def add_vectors(packs: Path, keys: pd.DataFrame, vectors: np.ndarray) -> None:
    """Write one pack.

    Parameters
    ----------
    keys
        Columns sha256 (64 hexadecimal digits), repeat and path (for the message below), one row a
        vector.
    vectors
        (n, n_features), float32.

    Raises
    ------
    ValueError
        If a vector holds NaN or infinity, or the pack cannot be written.
    """
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        image = keys[bad].iloc[0]
        raise ValueError(
            f"{image['path']}: its features (repeat {image['repeat']}) hold NaN or infinity, "
            "expected finite numbers; the weights may be damaged, or the config key "
            "features.precision too coarse for this network"
        )
    parts = [_key_bytes(keys), np.ascontiguousarray(vectors, _FLOAT)]
    name = "-".join(["x".join(map(str, vectors.shape)), *map(_checksum, parts)])
    write_whole(packs / f"{name}.pack", b"".join(part.tobytes() for part in parts))


def read_vectors(packs: Path, keys: pd.DataFrame, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors that the store has, in the order of their keys.

    A pack that is not what was written counts as absent: it is set aside, and the log names it.

    Parameters
    ----------
    keys
        Columns sha256 and repeat, each pair once.
    n_features
        Length of a vector.

    Returns
    -------
    vectors
        (n, n_features) float32, undefined where there is none.
    found
        (n,) bool.

    Raises
    ------
    ValueError
        If a pack is there and cannot be read.
    """
    vectors, found = np.empty((len(keys), n_features), np.float32), np.zeros(len(keys), bool)
    stored = list(_stored(packs, n_features))
    if not stored or not len(keys):
        return vectors, found
    place = pc.index_in(
        _column(np.concatenate([part for _, part in stored])), value_set=_column(_key_bytes(keys))
    )
    place = place.fill_null(-1).to_numpy()  # of each stored vector among those asked for
    ends = np.cumsum([pack.n for pack, _ in stored])
    for (pack, _), end in zip(stored, ends, strict=True):
        part = place[end - pack.n : end]
        rows = np.flatnonzero(part >= 0)
        rows = rows[~found[part[rows]]]
        if not len(rows):
            continue
        values = _sound(pack, pack.n * _WIDTH, (pack.n, n_features), _FLOAT, pack.vectors)
        if values is not None:
            vectors[part[rows]] = values[rows]
            found[part[rows]] = True
    return vectors, found


def _stored(packs: Path, n_features: int) -> Iterator[tuple[Pack, np.ndarray]]:
    """Yield each sound pack with its keys, (n, 36) uint8."""
    earlier = sum(1 for _ in packs.glob("*.parquet"))
    if earlier:
        log.warning(
            "%s: found %d packs of an earlier version (*.parquet), which have no checksums: they "
            "are not read, their vectors are computed anew; delete them",
            packs,
            earlier,
        )
    for path in sorted(packs.glob("*.pack")):
        told = _NAME.fullmatch(path.name)
        if not told:
            _set_aside(path, "its name is not the one that it was written under")
            continue
        if int(told[2]) != n_features:
            _set_aside(path, f"found {told[2]} features a vector, expected {n_features}")
            continue
        pack = Pack(path, int(told[1]), int(told[2]), told[3], told[4])
        keys = _sound(pack, 0, (pack.n, _WIDTH), np.dtype(np.uint8), pack.keys)
        if keys is not None:
            yield pack, keys


def _sound(
    pack: Pack, start: int, shape: tuple[int, int], dtype: np.dtype, checksum: str
) -> np.ndarray | None:
    """Return a part of a pack, None where it is not what was written."""
    size = pack.n * (_WIDTH + pack.n_features * _FLOAT.itemsize)
    try:
        with pack.path.open("rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            if length != size:
                _set_aside(pack.path, f"found {length} bytes, expected {size}")
                return None
            file.seek(start)
            values = np.fromfile(file, dtype, shape[0] * shape[1])
    except FileNotFoundError:  # another job has set it aside
        return None
    except OSError as error:
        raise ValueError(
            f"{KEY}: cannot read {pack.path}: {error.strerror}; make it readable, or delete it to "
            "compute its vectors anew"
        ) from None
    if _checksum(values) != checksum:
        _set_aside(pack.path, "its content is not what was written")
        return None
    return values.reshape(shape)


def _set_aside(path: Path, why: str) -> None:
    aside = path.with_suffix(".broken")
    what_to_do = f"it is set aside as {aside.name}, which can be deleted"
    try:
        path.replace(aside)
    except OSError:  # another job was faster, or the store is not this user's to change
        what_to_do = "delete it"
    log.warning(
        "%s: found a broken pack (%s): its vectors are computed anew; %s", path, why, what_to_do
    )


def _checksum(values: np.ndarray) -> str:
    return hashlib.blake2b(values, digest_size=16).hexdigest()


def _key_bytes(keys: pd.DataFrame) -> np.ndarray:
    """Return keys as (n, 36) uint8."""
    made = np.empty((len(keys), _WIDTH), np.uint8)
    for start in range(0, len(keys), _CHUNK):
        rows = slice(start, start + _CHUNK)
        digests = bytes.fromhex("".join(keys["sha256"].iloc[rows].tolist()))
        made[rows, :_SHA256] = np.frombuffer(digests, np.uint8).reshape(-1, _SHA256)
    made[:, _SHA256:] = keys["repeat"].to_numpy(">u4")[:, None].view(np.uint8)
    return made


def _column(keys: np.ndarray) -> pa.Array:
    """Return keys as an Arrow array, which can be joined."""
    return pa.Array.from_buffers(pa.binary(_WIDTH), len(keys), [None, pa.py_buffer(keys)])
