"""Predictions of every variant and seed, and what scores need of them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from visgen.tables import read_table
from visgen.visual_genetic.recognition.hits import taxa_of
from visgen.visual_genetic.recognition.nulls import shares_of_runs

PARTS = ("val", "test")
_COLUMNS = ["permutation", "evaluator", "id", "part", "truth", "predicted"]


class Run(NamedTuple):
    """Where predictions come from."""

    scope: str
    variant: str
    seed: int


class Found(NamedTuple):
    """What is kept of the predictions of all runs.

    Attributes
    ----------
    real
        By run: the rows of the real anchors.
    shares
        By run: as `visgen.visual_genetic.recognition.nulls.shares_of_runs` returns it, of the test
        part.
    """

    real: dict[Run, pd.DataFrame]
    shares: dict[Run, pd.DataFrame]


def read_by_name(paths: Iterable[str | Path]) -> dict[str, pd.DataFrame]:
    """Read tables of regimes or variants, ``<name>/seed-<s>/<table>.tsv``, seeds joined.

    Returns
    -------
    dict
        By name, in the order of the paths: seed and the columns of the tables.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    for path in paths:
        _, name, seed = run_of(path)
        table = read_table(path)
        table.insert(0, "seed", seed)
        found.setdefault(name, []).append(table)
    return {name: pd.concat(tables) for name, tables in found.items()}


def run_of(path: str | Path) -> Run:
    """Read scope, variant and seed off ``<scope>/<variant>/seed-<s>/<file>``."""
    scope, variant, seed = Path(path).parts[-4:-1]
    return Run(scope, variant, int(seed.removeprefix("seed-")))


def read_run(path: str | Path) -> pd.DataFrame:
    """Read predictions: permutation, evaluator, id, part, truth, predicted."""
    table = pd.read_parquet(path, columns=_COLUMNS)
    return table.astype(dict.fromkeys(["evaluator", "part", "truth", "predicted"], "str"))


def training_images(specimens: pd.DataFrame, parts: pd.Series, rank: str) -> pd.Series:
    """Return how many images of every taxon that training sees lie outside the test part.

    Those of validation are counted among them, as a study without such a part would train on them:
    so the limits of tail and head mean what they do elsewhere.

    Parameters
    ----------
    specimens
        Index id, with the rank.
    parts
        Part of each image, index id.
    rank
        Of the taxa.

    Returns
    -------
    Series
        Index taxon, sorted; taxa without a training image are left out.
    """
    taxa = specimens.loc[parts.index, rank].dropna().astype("str")
    of_taxa = parts.loc[taxa.index]
    trained = sorted(taxa[of_taxa == "train"].unique())
    return taxa[of_taxa != "test"].value_counts().reindex(trained)


def collect_runs(
    paths: Iterable[str | Path], n_train: Mapping[int, pd.Series], tail: int, head: int
) -> Found:
    """Read predictions one file at a time, permuted runs reduced to their scores.

    Parameters
    ----------
    paths
        Of scope visual_genetic.
    n_train
        By seed: training images of each taxon.
    tail, head
        As in `visgen.visual_genetic.recognition.hits.taxa_of`.

    Notes
    -----
    Images of a taxon without training images cannot be recognised and are left out.
    """
    real, shares = {}, {}
    for path in paths:
        run, table = run_of(path), read_run(path)
        known = n_train[run.seed]
        table = table[table["truth"].isin(known.index) & table["part"].isin(PARTS)]
        chosen = {name: known.index[m] for name, m in taxa_of(known, tail, head).items()}
        real[run] = table[table["permutation"] == 0].drop(columns="permutation")
        shares[run] = shares_of_runs(table[table["part"] == "test"], chosen)
    return Found(real, shares)


def read_placed(paths: Iterable[str | Path]) -> Iterator[tuple[str, str, int, pd.DataFrame]]:
    """Yield scope, variant, seed and predictions, one file in memory at a time."""
    for path in paths:
        yield (*run_of(path), read_run(path))
