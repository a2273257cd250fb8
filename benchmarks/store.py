"""Reading a feature store by a join against looking its keys up as Python tuples."""

import hashlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.features.store import add_vectors, read_vectors

N_KEYS, PACK, N_FEATURES = 500_000, 256, 16


def keys(n: int) -> pd.DataFrame:
    """Return as many keys."""
    digits = np.random.default_rng(1).bytes(32 * n).hex()
    sha256 = [digits[64 * i : 64 * i + 64] for i in range(n)]
    return pd.DataFrame({"sha256": sha256, "repeat": 0, "path": "image"})


def fill(folder: Path, asked: pd.DataFrame) -> None:
    """Write the packs of a store."""
    vectors = np.random.default_rng(2).random((PACK, N_FEATURES), dtype=np.float32)
    for i in range(0, len(asked), PACK):
        part = asked.iloc[i : i + PACK]
        add_vectors(folder, part, vectors[: len(part)])


def by_join(folder: Path, asked: pd.DataFrame) -> np.ndarray:
    return read_vectors(folder, asked, N_FEATURES)[0]


def by_tuples(folder: Path, asked: pd.DataFrame) -> np.ndarray:
    """Read the same packs without a check, each key a tuple (sha256, repeat)."""
    pairs = asked[["sha256", "repeat"]].itertuples(index=False, name=None)
    position = {key: i for i, key in enumerate(pairs)}
    vectors = np.empty((len(asked), N_FEATURES), np.float32)
    stored = np.dtype([("sha256", "V32"), ("repeat", ">u4")])
    for path in folder.glob("*.pack"):
        with path.open("rb") as file:
            part = np.fromfile(file, stored, int(path.name.partition("x")[0]))
            values = np.fromfile(file, np.float32).reshape(len(part), N_FEATURES)
        rows = [position[sha256.hex(), repeat] for sha256, repeat in part.tolist()]
        vectors[rows] = values
    return vectors


def measured(
    read: Callable[[Path, pd.DataFrame], np.ndarray], folder: Path
) -> tuple[float, float, str]:
    """Return the seconds that a reading takes, the MiB it adds at most, and what it found."""
    asked = pd.read_parquet(folder / "asked")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    vectors = read(folder, asked)
    taken = time.perf_counter() - start
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return taken, added, hashlib.sha256(vectors).hexdigest()


def main() -> None:
    """Read the same store both ways, each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = keys(N_KEYS)
        asked.to_parquet(folder / "asked")
        fill(folder, asked)
        context = multiprocessing.get_context("spawn")
        found = []
        for read in (by_join, by_tuples):
            with context.Pool(1) as pool:
                found.append(pool.apply(measured, (read, folder)))
    (one, less, first), (other, more, second) = found
    assert first == second
    print(
        f"a store of {N_KEYS:,} keys in packs of {PACK}: {one:.2f} s and {less:.0f} MiB by a join "
        f"with checksums verified, against {other:.2f} s and {more:.0f} MiB by tuples, ratios "
        f"{other / one:.2f} and {more / less:.2f}"
    )


if __name__ == "__main__":
    main()
