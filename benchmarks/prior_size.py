"""How often relatives are claimed to help to name rare taxa, on simulated vectors of specimens.

``python benchmarks/prior_size.py`` prints a table and writes it into docs/prior-size.md.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

# One core each, and small matrices wait for threads.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from scipy.cluster.hierarchy import average, fcluster
from scipy.spatial.distance import squareform
from signal_power import evolve, pure_birth
from visgen.claims import SHOWN, SHOWN_AT
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE
from visgen.prior.options import TAXONOMY
from visgen.prior.relatives import taxonomy_steps
from visgen.prior.scoring import (
    NOTHING,
    PERMUTED,
    SEEN,
    UNSEEN,
    beyond,
    score_prior,
)
from visgen.prior.seed import ask_seed
from visgen.prior.sources import StudyRelatives
from visgen.prior.training import Specimens
from visgen.report.prior.findings import Rows, rows_by_key, verdict
from visgen.scikit_bio import DistanceMatrix

PAGE = Path(__file__).parents[1] / "docs" / "prior-size.md"
N_TAXA, N_GENERA, N_FAMILIES, N_FEATURES = 40, 16, 6, 24
N_SPECIMENS, N_TRAINING, SPLITS = 8, 4, (1, 2, 3)
SPREAD = 1.5  # standard deviation of specimens within a taxon; that between taxa is 1
NOISY = 0.3  # standard deviation of the logarithm of a distance of aligned DNA
OF_RANKS = {"family": 0.3, "genus": 0.3}  # of the variance between taxa; the rest is their own
PERMUTATIONS, BOOTSTRAPS, UNSEEN_SHARE = 39, 999, 0.2
TAIL = "tail_accuracy"
SOURCES = (TAXONOMY, "tree", "alignment")
OTHERS = SOURCES[1:]
HEADS = (
    *(f"{source} > nothing" for source in SOURCES),
    *(f"{source} beyond taxonomy" for source in OTHERS),
    *(f"unseen, {source}" for source in SOURCES),
)


class Cell(NamedTuple):
    """What look follows, the tree to Pagel's λ, say; how often drawn; which ranks are known."""

    look: str
    signal: float
    share_of_studies: float
    known: tuple[str, ...] = tuple(OF_RANKS)


NONE, TREE, RANKS = "nothing", "tree", "taxonomy"
CELLS = (
    Cell(NONE, 0.0, 1.0),
    Cell(RANKS, sum(OF_RANKS.values()), 0.5),
    Cell(TREE, 1.0, 0.3),
    Cell(TREE, 0.6, 0.3),
    Cell(TREE, 1.0, 0.3, ("family",)),
)


class Study(NamedTuple):
    """Specimens of all taxa, and their relatives."""

    specimens: Specimens
    relatives: StudyRelatives


def names_of(distances: np.ndarray, n_families: int, n_genera: int) -> pd.DataFrame:
    """Return family and genus of each taxon, which are clades of the tree."""
    tree = average(squareform(distances, checks=False))
    taxa = [f"t{i:03d}" for i in range(len(distances))]
    groups = {
        rank: [f"{rank}{group}" for group in fcluster(tree, number, "maxclust")]
        for rank, number in zip(OF_RANKS, (n_families, n_genera), strict=True)
    }
    return pd.DataFrame(groups, taxa)


def draw_study(cell: Cell, number: int) -> Study:
    """Draw a tree, its taxonomy, DNA and looks."""
    rng = np.random.default_rng([CELLS.index(cell), number])
    distances = pure_birth(N_TAXA, rng)
    above = names_of(distances, N_FAMILIES, N_GENERA)
    noise = np.triu(rng.normal(size=distances.shape), 1)
    aligned = distances * np.exp(NOISY * (noise + noise.T))
    sources = {
        TAXONOMY: taxonomy_steps(above[list(cell.known)]),
        "tree": DistanceMatrix(distances, list(above.index)),
        "alignment": DistanceMatrix(aligned, list(above.index)),
    }
    lacking = pd.DataFrame(columns=["relatives", "taxon"])
    look = true_looks(cell, distances, above, rng)
    code = np.repeat(np.arange(N_TAXA), N_SPECIMENS)
    x = look[code] + SPREAD * rng.normal(size=(len(code), N_FEATURES))
    names = np.array([f"s{i:03d}" for i in range(len(code))], object)
    specimens = Specimens(names, x.astype(np.float32), above.index.to_numpy(object)[code])
    return Study(specimens, StudyRelatives(sources, lacking, above, lacking[:0]))


def true_looks(
    cell: Cell, distances: np.ndarray, above: pd.DataFrame, rng: np.random.Generator
) -> np.ndarray:
    """Return (n_taxa, n_features) looks of taxa, of variance 1."""
    if cell.look == TREE:
        return evolve(distances, N_FEATURES, cell.signal, rng)
    look = np.sqrt(1 - cell.signal) * rng.normal(size=(N_TAXA, N_FEATURES))
    for rank, share in OF_RANKS.items() if cell.look == RANKS else ():
        code = pd.factorize(above[rank])[0]
        look += np.sqrt(share) * rng.normal(size=(code.max() + 1, N_FEATURES))[code]
    return look


def score_study(study: Study, number: int) -> Rows:
    """Ask every split, half of the taxa with one training specimen, and score all together."""
    tables = []
    for seed in SPLITS:
        rng = np.random.default_rng([number, seed])
        order = np.argsort(rng.random((N_TAXA, N_SPECIMENS)), axis=1)
        is_training = (order < N_TRAINING).ravel()
        tables.append(
            ask_seed(
                study.specimens.of(is_training),
                study.specimens.of(~is_training),
                study.relatives.among,
                study.relatives.above[[]],  # nothing is permuted within groups
                rare=0.5,
                tail=2,
                curve=[],
                unseen=UNSEEN_SHARE,
                permutations=PERMUTATIONS,
                study_seed=number,
                seed=seed,
            )
        )
    taxa, permuted = (
        pd.concat(
            [getattr(one, key).assign(seed=seed) for seed, one in zip(SPLITS, tables, strict=True)]
        )
        for key in ("taxa", "permuted")
    )
    rows = score_prior(taxa, permuted, tail=2, bootstraps=BOOTSTRAPS, seed=number)
    lacking = {"p": None, "n_permutations": None, "against": None}
    return rows_by_key(pd.DataFrame([lacking | {"role": SCORE} | row for row in rows]))


def claims(rows: Rows) -> Iterator[bool]:
    """Yield which of `HEADS` a study claims, as the report does."""
    alone = {
        source: verdict(rows[source, SEEN, TAIL, DIFFERENCE, NOTHING]) == SHOWN
        for source in SOURCES
    }
    yield from alone.values()
    adds = {
        source: alone[source]
        and verdict(rows[beyond(source), SEEN, TAIL, DIFFERENCE, TAXONOMY]) == SHOWN
        for source in OTHERS
    }
    yield from adds.values()
    for source in SOURCES:
        yield rows[source, UNSEEN, "among_unseen", EXPECTED, PERMUTED]["p"] <= SHOWN_AT


def measure(cell: Cell, number: int) -> tuple[bool, ...]:
    """Draw a study and return which of `HEADS` it claims."""
    return tuple(claims(score_study(draw_study(cell, number), number)))


def row_of(cell: Cell, found: np.ndarray) -> str:
    """Return a cell's row of the table, from (n_studies, n_heads) claims."""
    signal = f"{cell.signal:g}" if cell.signal else "–"
    words = [
        cell.look,
        signal,
        ", ".join(cell.known),
        len(found),
        *(f"{share:.2f}" for share in found.mean(axis=0)),
    ]
    return f"| {' | '.join(map(str, words))} |"


def head() -> str:
    """Return what the page says before its rows."""
    columns = ["look follows", "signal", "taxonomy has", "studies", *HEADS]
    of_ranks = " and ".join(f"{share:g} by {rank}" for rank, share in OF_RANKS.items())
    return f"""# How often relatives are claimed to help

Made by `benchmarks/prior_size.py`. Shares of simulated studies in which the report says that a gain
of rare taxa is shown (p of permuted relatives at most {SHOWN_AT:g}, and the interval of the gain
above 0). Where look follows *nothing* a share near {SHOWN_AT:g} is what a test promises, and more
is a fault; with 200 studies a true {SHOWN_AT:g} gives up to .05. Where look follows relatives a
large share is good.

A study has {N_TAXA} taxa with {N_SPECIMENS} specimens of {N_FEATURES} features; taxa differ by 1
(standard deviation), specimens of a taxon by {SPREAD:g}. In each of {len(SPLITS)} splits
{N_TRAINING} specimens of a taxon are training, and half of the taxa keep one of these. Relatives
are permuted {PERMUTATIONS} times, alike in all splits.

- *Tree*: of the pure-birth process. *Taxonomy*: {N_GENERA} genera in {N_FAMILIES} families, clades
  of the tree; of which it *has* both ranks, or families alone. *Alignment*: distances along the
  tree, each with noise of {NOISY:g} on the logarithm.
- Look follows the *tree* to Pagel's λ, which is the *signal*; or the *taxonomy*: of the variance
  between taxa {of_ranks}, and the rest is each taxon's own.
- *Beyond taxonomy* counts where the source alone is shown, too. Where look follows the taxonomy
  there is nothing beyond it, though relatives by another source may weigh its ranks better.
- *Unseen*: specimens of taxa that training has none of, a fifth of all, are named right among these
  more often than with permuted relatives (p at most {SHOWN_AT:g}).

| {" | ".join(columns)} |
|{" --- |" * len(columns)}
"""


def main() -> None:
    """Measure every cell, print the table and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=200, help="where look follows nothing")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--page", type=Path, default=PAGE, help="what is written")
    given = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(given.processes) as pool:
        for cell in CELLS:
            numbers = range(max(round(cell.share_of_studies * given.studies), 1))
            found = list(pool.map(partial(measure, cell), numbers))
            rows.append(row_of(cell, np.array(found)))
            print(rows[-1], flush=True)
    given.page.write_text(head() + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
