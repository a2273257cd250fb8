"""Timings as ratios within one run; a ratio holds where the machine's speed drifts.

Each line names what is timed against what, both times in seconds (median of the rounds, taken in
turn) and their ratio.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.mantel_within import mantel_within
from visgen.features.backbones import load_backbone
from visgen.features.extraction import extract_features
from visgen.simulate.study import simulate_study
from visgen.specimens.images import inspect_image
from visgen.specimens.inventory import inventory

ROUNDS = 3


def compare(what: str, one: Callable[[], object], other: Callable[[], object]) -> None:
    """Time two functions in turn, after one warm-up each, and print a line."""
    times: tuple[list, list] = ([], [])
    for round_ in range(ROUNDS + 1):
        for function, taken in zip((one, other), times, strict=True):
            start = time.perf_counter()
            function()
            if round_:
                taken.append(time.perf_counter() - start)
    first, second = map(statistics.median, times)
    print(f"{what}: {first:.3f} s against {second:.3f} s, ratio {second / first:.2f}", flush=True)


def study(folder: Path) -> pd.DataFrame:
    """Simulate 300 images of 128 pixels and list them."""
    simulate_study(
        folder,
        n_species=20,
        n_images=300,
        image_size=128,
        n_bases=50,
        signal=1.0,
        convergence=0.0,
        coarse=0.0,
        planted=0,
        outside_tree=0,
        seed=1,
    )
    paths = sorted((folder / "images").iterdir())
    checksums = [inspect_image(path).sha256 for path in paths]
    names = [path.name for path in paths]
    return pd.DataFrame({"id": names, "path": list(map(str, paths)), "sha256": checksums})


def distances(n_taxa: int, seed: int) -> DistanceMatrix:
    """Return random distances."""
    values = np.random.default_rng(seed).random((n_taxa, n_taxa))
    return DistanceMatrix(tidy(values), [f"t{i:03d}" for i in range(n_taxa)])


def fill_drawers(folder: Path) -> Path:
    """Make 50 folders of 1,000 empty files."""
    for drawer in range(50):
        (folder / str(drawer)).mkdir(parents=True)
        for number in range(1000):
            (folder / str(drawer) / f"Genus_species_{number}.jpg").touch()
    return folder


def main() -> None:
    """Run every comparison."""
    with tempfile.TemporaryDirectory() as folder:
        images = study(Path(folder) / "study")
        backbone = load_backbone("resnet18", "none", preprocessing={"image_size": 128})

        def extract(precision: str, store: Path) -> None:
            extract_features(
                images,
                backbone,
                store,
                batch_size=32,
                precision=precision,
                background=(255, 255, 255),
                max_pixels=10**8,
                workers=2,
            )

        def anew(precision: str) -> Callable[[], None]:
            return lambda: extract(precision, Path(tempfile.mkdtemp(dir=folder)))

        compare(
            "features of 300 images, resnet18: bfloat16 or what auto picks, against float32",
            anew("auto"),
            anew("float32"),
        )
        filled = Path(folder) / "filled"
        extract("auto", filled)
        compare(
            "features of 300 images: from the filled store, against computed",
            lambda: extract("auto", filled),
            anew("auto"),
        )
        drawers = fill_drawers(Path(folder) / "drawers")
        cache, none = Path(folder) / "cache", Path(folder) / "none"
        inventory(drawers, cache, none)
        compare(
            "50,000 files that are as they were: inventory, against paths and their dates",
            lambda: inventory(drawers, cache, none),
            lambda: [path.stat().st_mtime_ns for path in drawers.rglob("*.jpg")],
        )
    one, other = distances(74, 1), distances(74, 2)
    groups = pd.Series([f"g{i % 26}" for i in range(74)], list(one.ids))
    compare(
        "74 taxa, 9,999 permutations: Mantel test, against the test within groups",
        lambda: mantel(one, other, seed=1),
        lambda: mantel_within(one, other, groups, seed=1),
    )


if __name__ == "__main__":
    main()
