"""Sequence graph transform: own code against the authors' package, and 100,000 barcodes."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, and small matrices wait for threads
import csv
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.vectors.encodings import embed_kmers, embed_sgt

OPTIONS = {
    "letters": 2,
    "symbols": "overlapping",
    "kappa": 1.0,
    "length_sensitive": False,
    "scaling": "none",
}
FORAMINIFERA = (
    Path(__file__).parents[2] / "shared" / "data" / "foram_rdna" / "endless_forams_32.csv"
)
N_SAMPLE = 16
N_BARCODES, N_BASES = 100_000, 658


def foraminifera() -> list[Sequence]:
    """Return the rDNA of Karaderi et al. (2024), or sequences of the same length where absent."""
    if FORAMINIFERA.exists():
        with FORAMINIFERA.open(encoding="utf-8") as file:
            bases = [row["sequence"].upper() for row in csv.DictReader(file)]
    else:
        print(f"no {FORAMINIFERA.name} beside the checkout: random sequences of 1,100 bases")
        bases = list(random_bases(804, 1100))
    return [Sequence(f"s{i}", "taxon", one) for i, one in enumerate(bases)]


def random_bases(number: int, length: int) -> Iterator[str]:
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"ACGT", np.uint8)
    for _ in range(number):
        yield letters[rng.integers(0, 4, length)].tobytes().decode()


def compare_engines() -> None:
    """Time the package on every so manieth sequence, by length; own code on all of them."""
    sequences = sorted(foraminifera(), key=lambda sequence: len(sequence.bases))
    sample = sequences[:: len(sequences) // (N_SAMPLE - 1)][: N_SAMPLE - 1] + sequences[-1:]
    work = sum(len(one.bases) ** 2 for one in sequences) / sum(len(s.bases) ** 2 for s in sample)
    start = time.perf_counter()
    fast = embed_sgt(sequences, engine="fast", **OPTIONS)
    taken = time.perf_counter() - start
    start = time.perf_counter()
    package = embed_sgt(sample, engine="sgt", **OPTIONS)
    package_taken = time.perf_counter() - start
    at = [int(np.flatnonzero(fast.names == name)[0]) for name in package.names]
    largest = np.abs(fast.values[at] - package.values).max()
    assert largest <= 1e-12, largest
    start = time.perf_counter()
    embed_sgt(sample, engine="fast", **OPTIONS)
    sample_taken = time.perf_counter() - start
    print(
        f"SGT of {len(sample)} sequences: {sample_taken:.4f} s against {package_taken:.2f} s of "
        f"the package, ratio {package_taken / sample_taken:.0f}, largest difference {largest:.0e}"
    )
    print(
        f"SGT of all {len(sequences)}: {taken:.2f} s against {package_taken * work:.0f} s that "
        f"the package would take (its time grows with length squared), ratio "
        f"{package_taken * work / taken:.0f}",
        flush=True,
    )


def embed_barcodes() -> None:
    """Time streams of barcodes; the processor's time, since others may use the machine."""
    for what, embed, options in (
        ("SGT", embed_sgt, OPTIONS | {"engine": "fast"}),
        ("4-mers", embed_kmers, {"letters": 4, "scaling": "none"}),
    ):
        barcodes = (Sequence(b[:9], "taxon", b) for b in random_bases(N_BARCODES, N_BASES))
        wall, processor = time.perf_counter(), time.process_time()
        values = embed(barcodes, **options).values
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        assert values.shape == (N_BARCODES, 256)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{what} of {N_BARCODES:,} barcodes of {N_BASES} bases: {wall:.1f} s, "
            f"{processor:.1f} s of one core; vectors {values.nbytes / 2**20:.0f} MiB, peak memory "
            f"of the process {peak:.0f} MiB",
            flush=True,
        )


def main() -> None:
    """Run every comparison."""
    compare_engines()
    embed_barcodes()


if __name__ == "__main__":
    main()
