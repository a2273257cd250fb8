"""How often intervals of r cover, on simulated vectors of taxa.

``python benchmarks/coverage.py`` prints a table and writes it into docs/coverage.md; it takes about
a quarter of an hour on two cores. It draws two trees; names and files of others, Newick or tables
of distances between taxa, may be given instead:
``python benchmarks/coverage.py "74 families=distances.csv" "245 birds=tree.nwk"``.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from scipy.cluster.hierarchy import average, fcluster
from scipy.spatial.distance import squareform
from skbio import TreeNode
from visgen.distances.steps import WITHIN_ABOVE
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.association import correlations
from visgen.signal.expectation import SIGNALS, expected_interval, fresh_statistics
from visgen.signal.fresh_traits import FreshTraits
from visgen.signal.new_specimens import Looks
from visgen.simulate.phylogeny import simulate_phylogeny

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
LEVELS = (0.0, 0.3, 0.9)
STUDIES, TRUTHS = 400, 2000
N_AXES, NOISE = 60, 5.0
TAXA_A_GROUP = 6
STATISTICS = {
    ("mantel", "all", "pearson"): "r",
    ("mantel", "all", "spearman"): "Spearman's r",
    ("mantel_within", WITHIN_ABOVE, "pearson"): "r within groups",
}
_Z_95 = 1.959963984540054


class World(NamedTuple):
    """Taxa, and what their looks and specimens vary by."""

    name: str
    genetic: DistanceMatrix
    groups: pd.Series
    n_specimens: np.ndarray
    noise: np.ndarray


class Cell(NamedTuple):
    """A tree, a signal, and how fast the variances of axes fall."""

    world: World
    signal: float
    decay: float
    methods: tuple[str, ...]


def world(name: str, genetic: DistanceMatrix) -> World:
    """Draw numbers of specimens, very unequal, and how specimens of a taxon differ."""
    rng = np.random.default_rng(7)
    n_taxa = len(genetic.ids)
    n_specimens = np.maximum(3, np.exp(rng.normal(2.3, 1, n_taxa)).round())
    axes, _ = np.linalg.qr(rng.standard_normal((N_AXES, N_AXES)))
    noise = axes * np.arange(1, N_AXES + 1.0) ** -0.7 @ axes.T
    cut = fcluster(average(squareform(genetic.data)), n_taxa // TAXA_A_GROUP, "maxclust")
    groups = pd.Series(cut.astype(str), list(genetic.ids))
    return World(name, genetic, groups, n_specimens, noise / np.trace(noise))


def measure_of(cell: Cell):
    """Return what makes correlations of vectors."""
    correlate = correlations(cell.world.genetic, {WITHIN_ABOVE: cell.world.groups}, cell.methods)

    def measure(vectors):
        centred = vectors - vectors.mean(axis=0)
        unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        found = correlate(-(unit @ unit.T))
        return {key: found[key] for key in STATISTICS if key in found}

    return measure


def cover(cell: Cell) -> list[str]:
    """Return the rows of a cell."""
    here, rng, measure = cell.world, np.random.default_rng(1), measure_of(cell)
    distances = here.genetic.data
    variances = np.arange(1, N_AXES + 1.0) ** -cell.decay
    # A specimen differs from its taxon's mean by more than taxa do from each other.
    noise = here.noise * NOISE * variances.sum() * distances.max() / 2
    still = np.zeros((len(distances), N_AXES))
    true = FreshTraits(distances, still, noise, here.n_specimens)
    root = np.diag(np.sqrt(variances))
    drawn = [measure(true.draw(cell.signal, root, rng)) for _ in range(TRUTHS)]
    truth = {key: np.array([one[key] for one in drawn]) for key in drawn[0]}
    found = {key: [] for key in truth}
    spare = int(here.n_specimens.sum()) - len(distances)
    for study in range(STUDIES):
        vectors = true.draw(cell.signal, root, rng)
        residuals = rng.multivariate_normal(np.zeros(N_AXES), noise, spare)
        within = residuals.T @ residuals / spare
        centred = vectors - vectors.mean(axis=0)
        traits = FreshTraits(distances, centred, within, here.n_specimens)
        looks = Looks(traits, np.eye(N_AXES), np.zeros(N_AXES), 0.0)
        fresh = fresh_statistics(looks, measure, seed=study)
        for key, value in measure(vectors).items():
            found[key].append(expected_interval(fresh[key], value))
    rows = []
    for key, limits in found.items():
        low, high = np.array(limits).T
        expected, sd = truth[key].mean(), truth[key].std()
        covers = np.mean((low <= expected) & (expected <= high))
        width = np.mean(high - low) / (2 * _Z_95 * sd)
        values = (here.name, cell.decay, cell.signal, STATISTICS[key], STUDIES)
        rows.append(
            f"| {' | '.join(map(str, values))} | {expected:.2f} | {covers:.3f} | "
            f"{np.mean(low > expected):.3f} | {np.mean(high < expected):.3f} | {width:.2f} |"
        )
    return rows


def trees(words: list[str]) -> list[World]:
    """Return the trees of a command line, or two that are drawn."""
    if not words:
        drawn = [(n, simulate_phylogeny(n, seed=n)[0]) for n in (74, 150)]
        return [
            world(f"{n} simulated species", distances_of(TreeNode.read([tree.as_string("newick")])))
            for n, tree in drawn
        ]
    worlds = []
    for name, path in (word.split("=", 1) for word in words):
        if Path(path).suffix == ".nwk":
            genetic = distances_of(TreeNode.read(path))
        else:
            table = pd.read_csv(path, sep=None, engine="python", index_col=0)
            genetic = DistanceMatrix(table.to_numpy(float), list(map(str, table.index)))
        worlds.append(world(name, genetic))
    return worlds


def distances_of(tree: TreeNode) -> DistanceMatrix:
    """Return the distances between all tips."""
    found = tree.tip_tip_distances()
    return DistanceMatrix(found.data, found.ids)


HEAD = f"""# How often intervals of r cover

Made by `benchmarks/coverage.py`. The 95 % interval of a correlation of visual with phylogenetic
distances is of what r would be on average, were the looks of the same taxa to evolve anew on the
same tree with as much signal, and be photographed anew
(`visgen.signal.expectation`). Here both are known: looks of {N_AXES} axes are
drawn at a *signal* (Pagel's λ), whose variances fall with their number to the power of −*decay*; a
specimen differs from its taxon by {NOISE:g} times as much as taxa differ, and taxa have 3 to some
90 specimens. What the interval is made of, the covariances of looks and specimens among it, is
estimated from each study anew. *Groups* are {TAXA_A_GROUP} taxa each on average.

*Covers*: share of studies whose interval holds the expected r; *too high*, *too low*: interval
wholly above, or below. *Width*: of the interval, as a multiple of that of an oracle that knows how
much r varies. Draws at each of the signals {", ".join(f"{s:g}" for s in SIGNALS)} in each study.

| tree | decay | signal | statistic | studies | expected | covers | too high | too low | width |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Measure every cell, print the table and write the page."""
    cells = [
        Cell(
            one,
            signal,
            1.0,
            ("pearson", "spearman") if len(one.genetic.ids) < 100 else ("pearson",),
        )
        for one in trees(sys.argv[1:])
        for signal in LEVELS
    ]
    with ProcessPoolExecutor(2) as pool:
        rows = [row for of_cell in pool.map(cover, cells) for row in of_cell]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
