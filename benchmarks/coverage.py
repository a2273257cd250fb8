"""How often intervals of r, of held-out scores and of gains cover, on simulated vectors of taxa.

``python benchmarks/coverage.py`` prints tables and writes them into docs/coverage.md; it takes
about 25 minutes on two cores, with ``--studies 60 --held-out 20`` a fifth of that. It draws
two trees; names and files of others, Newick or tables of distances between taxa, may be given
instead: ``python benchmarks/coverage.py "74 families=distances.csv" "245 birds=tree.nwk"``.
"""

import argparse
import sys
from collections.abc import Hashable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from coverage_held_out import N_FOLDS, OPTIONS, HeldOut
from coverage_studies import N_AXES, NOISE, TAXA_A_GROUP, World, model_of, study_of, worlds
from visgen.distances.correlations import correlations
from visgen.distances.steps import WITHIN_ABOVE
from visgen.machine.threads import one_thread
from visgen.signal.expectation import DRAWS, SIGNALS, expected_interval, fresh_statistics
from visgen.signal.new_specimens import Looks

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
LEVELS = (0.0, 0.3, 0.9)
SMALL = 100  # taxa: of fewer, ranks are correlated too, and taxa held out
BLOCK = 20  # studies that a process is given at a time
BELOW = 0.93  # of what covers so rarely, shares are in bold
_Z_95 = 1.959963984540054
_WORDS = {
    ("mantel", "all", "pearson"): "r",
    ("mantel", "all", "spearman"): "Spearman's r",
    ("mantel_within", WITHIN_ABOVE, "pearson"): "r within groups",
}

Limits = dict[tuple[Hashable, int], tuple[float, float]]


class Agreement:
    """Correlations of visual with phylogenetic distances of the taxa of a world."""

    draws = (DRAWS,)
    truths = 2000

    def __init__(self, here: World):
        methods = ("pearson", "spearman") if len(here.genetic.ids) < SMALL else ("pearson",)
        self.correlate = correlations(here.genetic, {WITHIN_ABOVE: here.groups}, methods)

    def scores(self, vectors: np.ndarray) -> dict[Hashable, float]:
        """Return correlations by their name."""
        centred = vectors - vectors.mean(axis=0)
        unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        found = self.correlate(-(unit @ unit.T))
        return {name: found[key] for key, name in _WORDS.items() if key in found}

    def limits(self, vectors: np.ndarray, looks: Looks, seed: int) -> Limits:
        """Return limits by name and number of draws."""
        fresh = fresh_statistics(looks, self.scores, seed=seed)
        return {
            (name, DRAWS): expected_interval(fresh[name], value)
            for name, value in self.scores(vectors).items()
        }


class Cell(NamedTuple):
    """What is measured, of which taxa, at which signal."""

    measured: type[Agreement] | type[HeldOut]
    here: World
    signal: float


def truths(cell: Cell) -> dict[Hashable, np.ndarray]:
    """Return every statistic of studies whose covariances are known, (n_truths,) each."""
    measured, model = cell.measured(cell.here), model_of(cell.here, cell.signal)
    rng = np.random.default_rng(1)
    with one_thread():
        drawn = [measured.scores(model.draw(rng)) for _ in range(measured.truths)]
    return {key: np.array([one[key] for one in drawn]) for key in drawn[0]}


def limits(cell: Cell, numbers: Sequence[int]) -> list[Limits]:
    """Return the limits that studies give, by statistic and number of draws."""
    measured, model = cell.measured(cell.here), model_of(cell.here, cell.signal)
    with one_thread():
        return [measured.limits(*study_of(model, number), seed=number) for number in numbers]


def rows_of(cell: Cell, true: dict[Hashable, np.ndarray], found: list[Limits]) -> list[str]:
    """Return the rows of a cell."""
    rows = []
    for key, draws in found[0]:
        low, high = np.array([one[key, draws] for one in found]).T
        expected, sd = true[key].mean(), true[key].std()
        covers = np.mean((low <= expected) & (expected <= high))
        share = f"**{covers:.3f}**" if covers < BELOW else f"{covers:.3f}"
        width = np.mean(high - low) / (2 * _Z_95 * sd)
        words = (cell.here.name, f"{cell.signal:g}", str(key), str(draws), str(len(found)))
        rows.append(
            f"| {' | '.join(words)} | {expected:.2f} | {share} | "
            f"{np.mean(low > expected):.3f} | {np.mean(high < expected):.3f} | {width:.2f} |"
        )
    return rows


COLUMNS = """
| tree | signal | statistic | draws | studies | expected | covers | too high | too low | width |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
HEAD = f"""# How often intervals cover

Made by `benchmarks/coverage.py`. The 95 % interval of a correlation of visual with phylogenetic
distances is of what r would be on average, were the looks of the same taxa to evolve anew on the
same tree with as much signal, and be photographed anew (`visgen.signal.expectation`). Here both
are known: looks of {N_AXES} axes, the n-th with 1/n of the variance of the first, are drawn at a
*signal* (Pagel's λ); a specimen differs from its taxon by {NOISE:g} times as much as taxa differ,
and taxa have 3 to some 90 specimens. What the interval is made of, the covariances of looks and
specimens among it, is estimated from each study anew. *Groups* are {TAXA_A_GROUP} taxa each on
average.

*Draws*: fresh looks at each of the signals {", ".join(f"{s:g}" for s in SIGNALS)} in each study.
*Expected*: r on average over many studies. *Covers*: share of studies whose interval holds that, in
bold below {BELOW:g}; a share of .95 has a standard error of .011 with 400 studies, of .022 with
100. *Too high*, *too low*: interval wholly above, or below. *Width*: of the interval, as a multiple
of that of an oracle that knows how much the statistic varies.

## r over all pairs and within groups
{COLUMNS}"""
HELD_OUT = f"""
## Held-out scores of ridge, and their gains over unguided vectors

Taxa are held out in {N_FOLDS} folds, at random (*tips*) or by groups (*clades*); ridge is fitted to
the others, every choice made anew, in each study and each of its fresh looks
(`visgen.embedding.held_out.fresh_looks`). It chooses from powers
{" and ".join(map(str, OPTIONS["powers"]))}, penalties
{" and ".join(map(str, OPTIONS["penalties"]))} and residuals
{" and ".join(map(str, OPTIONS["residuals"]))}, of {OPTIONS["axes"][0]} axes. Up to 40 refits draw
{HeldOut.draws[0]} fresh looks at each signal, 99 refits {HeldOut.draws[1]}.
{COLUMNS}"""


def main() -> None:
    """Measure every cell, print the tables and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", nargs="*", help="NAME=FILE, Newick or a table of distances")
    parser.add_argument("--studies", type=int, default=400, help="of r, each cell")
    parser.add_argument("--held-out", type=int, default=100, help="studies of held-out scores")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--page", type=Path, default=PAGE, help="what is written")
    given = parser.parse_args()
    trees = worlds(given.tree)
    small = [here for here in trees if len(here.genetic.ids) < SMALL]
    sections = [(HEAD, Agreement, trees, given.studies), (HELD_OUT, HeldOut, small, given.held_out)]
    with ProcessPoolExecutor(given.processes) as pool:
        asked: list[tuple[str, Cell, Future, list[Future]]] = []
        for head, measured, of_section, studies in sections:
            for here in of_section:
                for signal in LEVELS:
                    cell = Cell(measured, here, signal)
                    blocks = [range(studies)[n : n + BLOCK] for n in range(0, studies, BLOCK)]
                    of_blocks = [pool.submit(limits, cell, block) for block in blocks]
                    asked.append((head, cell, pool.submit(truths, cell), of_blocks))
        page: dict[str, list[str]] = {}
        for head, cell, true, of_blocks in asked:
            found = [one for block in of_blocks for one in block.result()]
            if found:
                page.setdefault(head, []).extend(rows_of(cell, true.result(), found))
                print("\n".join(page[head][-len(found[0]) :]), flush=True)
    text = "".join(head + "\n".join(rows) + "\n" for head, rows in page.items())
    given.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
