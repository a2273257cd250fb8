"""Visual distances of each fold on disk."""

from pathlib import Path

import numpy as np
import pandas as pd

from visgen.embedding.folds import KINDS
from visgen.embedding.held_out.scoring import Fold
from visgen.embedding.held_out.within import step_groups
from visgen.scikit_bio import DistanceMatrix
from visgen.tables import write_table

FIT_COLUMNS = [
    "kind",
    "fold",
    "n_known",
    "n_watched",
    "epoch",
    "penalty",
    "loss_before",
    "loss",
    "watched_loss_before",
    "watched_loss",
    "loss_of_zero",
    "loss_of_constant",
]
PERMUTED_COLUMNS = ["null", "permutation", "kind", "part", "metric", "value"]


def write_fold_distances(path: Path, taxa: list[str], visual: dict[str, np.ndarray]) -> None:
    """Write what `fit_folds` made, with the names of the taxa (npz)."""
    np.savez_compressed(path, taxa=np.array(taxa, dtype=str), **visual)


def write_no_folds(held_out: Path, fits: Path, permuted: Path) -> None:
    """Write the files of a variant without anything in them, where taxa are too few for folds."""
    write_fold_distances(held_out, [], {})
    write_table(fits, pd.DataFrame(columns=FIT_COLUMNS))
    write_table(permuted, pd.DataFrame(columns=PERMUTED_COLUMNS))


def read_fold_distances(
    path: Path, genetic: DistanceMatrix, folds: pd.DataFrame
) -> dict[str, list[Fold]]:
    """Read the folds of each kind back, with phylogenetic distances beside, matched by name.

    Returns
    -------
    dict
        By kind, none without taxa; taxa in the order of `folds`, with the groups of the steps
        that are asked.

    Raises
    ------
    ValueError
        If the folds are not of the same taxa.
    """
    with np.load(path, allow_pickle=False) as stored:
        taxa = pd.Index(stored["taxa"])
        if set(taxa) != set(folds.index):
            raise ValueError(f"{path}: its {len(taxa)} taxa are not those of the folds")
        if folds.empty:
            return {}
        order = np.ix_(taxa.get_indexer(folds.index), taxa.get_indexer(folds.index))
        wanted = np.ascontiguousarray(genetic.filter(list(folds.index)).data)
        groups = step_groups(folds)
        return {
            kind: [
                Fold(
                    wanted,
                    one.astype(np.float64)[order],
                    (folds[kind] == number).to_numpy(bool),
                    groups,
                )
                for number, one in enumerate(stored[kind], start=1)
            ]
            for kind in KINDS
            if kind in stored
        }
