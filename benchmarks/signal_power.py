"""Size and power of tests of phylogenetic signal, on simulated vectors of specimens.

``python benchmarks/signal_power.py`` prints a table and writes it into docs/signal-power.md. On one
core it takes about ten minutes.
"""

import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import cosine_square
from visgen.distances.permutation_tests.mantel import mantel
from visgen.signal.brownian import brownian_motion
from visgen.signal.covariance import BROWNIAN
from visgen.signal.k_a import k_a
from visgen.signal.k_mult import k_mult
from visgen.signal.lambda_test import lambda_test
from visgen.signal.mixed_model import fit_mixed_model
from visgen.signal.traits import leading_axes, whitened_means

PAGE = Path(__file__).parents[1] / "docs" / "signal-power.md"
N_FEATURES, N_SPECIMENS, N_PERMUTATIONS = 64, 8, 199
SPREAD = 2.0  # standard deviation of specimens within a taxon; that between taxa is 1
LEVEL = 0.05
INTERVALS = 40  # replicates of a cell of which λ and its interval are estimated
MOST_INTERVALS = 74  # taxa: fits of more take most of the time
EQUAL, CLUSTERED = "equal", "clustered"
TESTS = ("Mantel, taxa", "Mantel, dealt", "Mantel, both", "λ", "λ, blind", "K_mult", "K_A")


class Cell(NamedTuple):
    """What is simulated: taxa, bags, Pagel's λ, share of features that have it, how often."""

    n_taxa: int
    bags: str
    signal: float
    share: float
    replicates: int


def grid() -> list[Cell]:
    """Return all cells: many replicates for size, fewer for power, fewest for many taxa."""
    cells = []
    for n_taxa, for_size, for_power, signals in (
        (30, 200, 60, (0.3, 0.7, 1.0)),
        (74, 200, 60, (0.3, 0.7, 1.0)),
        (150, 100, 40, (0.3,)),
    ):
        for bags in (EQUAL, CLUSTERED):
            cells.append(Cell(n_taxa, bags, 0.0, 1.0, for_size))
            for signal in signals:
                cells += [Cell(n_taxa, bags, signal, share, for_power) for share in (0.1, 1.0)]
    return cells


def pure_birth(n_taxa: int, rng: np.random.Generator) -> np.ndarray:
    """Return (n_taxa, n_taxa) distances along a tree of the pure-birth process."""
    distances = np.zeros((n_taxa, n_taxa))
    clades = [[i] for i in range(n_taxa)]
    age = 0.0
    while len(clades) > 1:
        age += rng.exponential(1 / len(clades))
        first, second = (clades.pop(rng.integers(len(clades))) for _ in range(2))
        distances[np.ix_(first, second)] = distances[np.ix_(second, first)] = 2 * age
        clades.append(first + second)
    return distances


def evolve(distances: np.ndarray, n: int, signal: float, rng: np.random.Generator) -> np.ndarray:
    """Return (n_taxa, n) traits of variance 1 and Pagel's λ."""
    covariance = signal * (1 - distances / distances.max())
    covariance[np.diag_indices_from(covariance)] = 1 + 1e-9
    return np.linalg.cholesky(covariance) @ rng.normal(size=(len(distances), n))


def simulate(cell: Cell, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distances, (n_images, n_features) features taxon by taxon, and images of each."""
    distances = pure_birth(cell.n_taxa, rng)
    n_images = np.full(cell.n_taxa, N_SPECIMENS)
    if cell.bags == CLUSTERED:  # from one to 60 images, alike in relatives
        logs = np.log(N_SPECIMENS) + 1.3 * evolve(distances, 1, 1.0, rng)[:, 0]
        n_images = np.clip(np.exp(logs - logs.mean() + np.log(N_SPECIMENS)), 1, 60).astype(int)
    with_signal = round(cell.share * N_FEATURES)
    parts = (evolve(distances, with_signal, cell.signal, rng),)
    parts += (rng.normal(size=(cell.n_taxa, N_FEATURES - with_signal)),)
    taxa = np.repeat(np.arange(cell.n_taxa), n_images)
    x = np.hstack(parts)[taxa] + SPREAD * rng.normal(size=(len(taxa), N_FEATURES))
    return distances, x.astype(np.float32), n_images


def centred_cosines(x: np.ndarray, n_images: np.ndarray) -> np.ndarray:
    """Return (n_taxa, n_taxa) cosine distances of mean vectors less their mean."""
    first = np.cumsum(n_images) - n_images
    means = np.add.reduceat(x, first, axis=0, dtype=np.float64) / n_images[:, None]
    return cosine_square(means - means.mean(axis=0))


def p_by_deals(
    distances: np.ndarray, x: np.ndarray, n_images: np.ndarray, rng: np.random.Generator
) -> float:
    """Return p of Mantel r, the images dealt to taxa; here each is a specimen of its own."""
    upper = np.triu_indices(len(distances), k=1)
    centred = distances[upper] - distances[upper].mean()

    def agreement(images: np.ndarray) -> float:
        pairs = centred_cosines(images, n_images)[upper]
        return centred @ pairs / pairs.std()  # r up to a factor

    r = agreement(x)
    null = [agreement(rng.permutation(x)) for _ in range(N_PERMUTATIONS)]
    return (1 + np.sum(np.array(null) >= r)) / (N_PERMUTATIONS + 1)


class Study(NamedTuple):
    """p of each of `TESTS`; both K; λ and the ends of its interval, NaN where not asked for."""

    p: dict[str, float]
    k: tuple[float, float]
    interval: tuple[float, float, float]


def measure(cell: Cell, rng: np.random.Generator, with_interval: bool) -> Study:
    """Simulate a study and apply everything to it."""
    distances, x, n_images = simulate(cell, rng)
    names = [f"{i:03d}" for i in range(cell.n_taxa)]
    draws = {"permutations": N_PERMUTATIONS, "seed": int(rng.integers(2**31))}
    visual = DistanceMatrix(centred_cosines(x, n_images), names)
    of_taxa = mantel(DistanceMatrix(distances, names), visual, **draws).p
    dealt = p_by_deals(distances, x, n_images, rng)
    taxa = np.repeat(np.arange(cell.n_taxa), n_images)
    traits, noise = whitened_means(x, taxa, np.arange(len(x)))
    motion = brownian_motion(distances)
    known, blind = (lambda_test(traits, one, distances, **draws).p for one in (noise, None))
    ks = k_mult(traits, motion, **draws), k_a(leading_axes(traits), motion, **draws)
    ps = (of_taxa, dealt, max(of_taxa, dealt), known, blind, *(k.p for k in ks))
    interval = (np.nan,) * 3
    if with_interval:
        model = fit_mixed_model(traits, noise, distances, [BROWNIAN])
        interval = (model.signal, model.ci_low, model.ci_high)
    return Study(dict(zip(TESTS, ps, strict=True)), tuple(k.value for k in ks), interval)


def line_of(cell: Cell) -> str:
    """Return a cell's row of the table."""
    rng = np.random.default_rng([cell.n_taxa, cell.bags == CLUSTERED, int(100 * cell.signal)])
    studies = [
        measure(cell, rng, i < INTERVALS and cell.n_taxa <= MOST_INTERVALS)
        for i in range(cell.replicates)
    ]
    share = f"{cell.share:.1g}" if cell.signal else "–"
    row = [cell.n_taxa, cell.bags, f"{cell.signal:g}", share, cell.replicates]
    row += [f"{np.mean([study.p[name] <= LEVEL for study in studies]):.2f}" for name in TESTS]
    row += [f"{value:.2f}" for value in np.mean([study.k for study in studies], axis=0)]
    signal, low, high = np.array([study.interval for study in studies]).T
    is_known = ~np.isnan(signal)
    row.append(f"{signal[is_known].mean():.2f}" if is_known.any() else "–")
    if is_known.any() and (cell.share == 1 or not cell.signal):
        covers = (low <= cell.signal) & (cell.signal <= high)
        row.append(f"{covers[is_known].mean():.2f}")
    else:
        row.append("–")
    return f"| {' | '.join(map(str, row))} |"


def head() -> str:
    """Return what the page says before its rows."""
    columns = ["taxa", "bags", "λ", "share", "studies", *TESTS]
    columns += ["mean K_mult", "mean K_A", "mean λ found", "interval covers λ"]
    return f"""# How often tests of phylogenetic signal reject

Made by `benchmarks/signal_power.py`. Shares of simulated studies in which a test rejects at 5 %, by
{N_PERMUTATIONS} permutations. Where λ is 0, nothing follows the tree: a share near .05 is what a
test promises, and more is a fault. Elsewhere a large share is good.

A study has a pure-birth tree and {N_FEATURES} features. A share of them follows the tree to Pagel's
λ, the others not at all. Taxa differ by 1 (standard deviation), specimens of a taxon by {SPREAD:g};
each specimen has one image. Bags are *equal*, {N_SPECIMENS} specimens a taxon, or *clustered*: 1 to
60 of them, and relatives have as many as each other.

- *Mantel*: r of cosine distances of centred means; against permuted *taxa*, against specimens
  *dealt* to taxa, and rejected only where *both* do.
- *λ*: the mixed model, which knows from how many specimens each taxon is known; *blind*: the same
  test where all taxa are taken as exact.
- *K_mult*, *K_A*: all taxa are taken as exact. K_A is of leading axes, a quarter as many as taxa.
- *λ found*: in {INTERVALS} studies of each row, not with {MOST_INTERVALS + 1} taxa or more; how
  often its 95 % interval covers λ where all features have the same.

| {" | ".join(columns)} |
|{" --- |" * len(columns)}
"""


def main() -> None:
    """Fill the table, row by row."""
    start = time.perf_counter()
    lines = []
    for cell in grid():
        lines.append(line_of(cell))
        print(f"{lines[-1]} {time.perf_counter() - start:.0f} s", flush=True)
    PAGE.write_text(head() + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
