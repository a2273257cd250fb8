"""Agreement for held-out taxa within the groups of a rank: what their means alone do not give."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.distances.steps import STEPS, groups_by_step
from visgen.embedding.held_out.scoring import Fold, is_flat, pooled

#: Part and metric of each step.
WITHIN = {step: ("held_out_known", f"pearson_{step}") for step in STEPS}
#: Nulls of each step: bags that are permuted and specimens that are dealt within groups only.
NULLS_WITHIN = {step: (f"permuted_{step}", f"dealt_{step}") for step in STEPS}


def step_groups(folds: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the groups of each step that asks something new, (n_taxa,).

    Parameters
    ----------
    folds
        As `visgen.embedding.folds.deal_folds` returns them.
    """
    return groups_by_step(folds["coarsest_number"].to_numpy(), folds["group_number"].to_numpy())


def score_within(folds: Iterable[Fold], groups: np.ndarray) -> float:
    """Return r over pairs of a held-out and a known taxon of one group, pooled over folds.

    Parameters
    ----------
    folds
        Their distances.
    groups
        Number of each taxon's group, (n_taxa,).

    Returns
    -------
    float
        NaN where nothing is left.

    Notes
    -----
    Of each fold and group, both distances of the block of held-out by known taxa are taken less
    the means of its rows and, where it has several rows, of its columns, as
    ``pearson_double_centred`` does with the block of all: the mean of a row or a column says how
    odd a taxon is, or what its group is. A block of one column gives nothing, nor does one in
    which centring leaves nothing of either distance, such as that of a single clade in an
    ultrametric tree.
    """
    sums = [np.zeros(3)]
    for block in _blocks(folds, groups):
        x, y = block.genetic.ravel(), block.visual.ravel()
        sums.append(np.array([x @ y, x @ x, y @ y]))
    return pooled(sums)


def count_within(folds: Iterable[Fold], groups: np.ndarray) -> int:
    """Return how many taxa have a pair that counts in `score_within`."""
    seen = np.zeros(len(groups), bool)
    for block in _blocks(folds, groups):
        seen[block.rows] = seen[block.columns] = True
    return int(seen.sum())


class _Block(NamedTuple):
    """Centred distances of held-out (rows) and known taxa (columns) of a group, and which."""

    genetic: np.ndarray
    visual: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def _blocks(folds: Iterable[Fold], groups: np.ndarray) -> Iterator[_Block]:
    """Yield the blocks in which something is left."""
    for fold in folds:
        for group in np.unique(groups[fold.held_out]):
            is_member = groups == group
            rows = np.flatnonzero(is_member & fold.held_out)
            columns = np.flatnonzero(is_member & ~fold.held_out)
            if len(columns) < 2:
                continue
            square = np.ix_(rows, columns)
            genetic, visual = fold.genetic[square], fold.visual[square]
            block = _Block(_centred(genetic), _centred(visual), rows, columns)
            if not is_flat(block.genetic, genetic) and not is_flat(block.visual, visual):
                yield block


def _centred(block: np.ndarray) -> np.ndarray:
    block = block - block.mean(axis=1, keepdims=True)
    return block - block.mean(axis=0) if len(block) > 1 else block
