"""Correlations over taxa that are held out, with some taxa left out in turn."""

from typing import NamedTuple

import numpy as np

from visgen.embedding.held_out.scoring import Fold, moments, pooled, sums_of_pairs

#: Groups of taxa that are left out in turn, at most.
JACKKNIFE = 100


def jackknife(folds: list[Fold], part: str, metric: str) -> tuple[float, np.ndarray]:
    """Return a pooled correlation, and what it is with some taxa left out.

    Each taxon in turn, or one of `JACKKNIFE` groups of taxa where there are more, is left out of
    every fold, without a new fit: the fits keep what they learned of it, and related taxa are not
    independent, so limits made of these are a lower bound on the uncertainty.

    Returns
    -------
    all_in
        The correlation.
    left_out
        (n_groups,); NaN where it is not defined.
    """
    n_taxa = len(folds[0].held_out)
    n_groups = min(n_taxa, JACKKNIFE)
    all_in = pooled(moments(fold, part, metric) for fold in folds)
    group = np.arange(n_taxa) % n_groups
    # The pairs of a part are picked once: a whole matrix without a group takes far longer.
    blocks = [_block(fold, part) for fold in folds]
    left_out = [
        pooled(sums_of_pairs(_without(block, group != number), metric) for block in blocks)
        for number in range(n_groups)
    ]
    return all_in, np.array(left_out)


class _Block(NamedTuple):
    """The pairs of a part, with the taxa of rows and columns: a square where both are the same."""

    genetic: np.ndarray
    visual: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def _block(fold: Fold, part: str) -> _Block:
    of_rows = ~fold.held_out if part == "known_known" else fold.held_out
    of_columns = fold.held_out if part == "held_out_held_out" else ~fold.held_out
    rows, columns = np.flatnonzero(of_rows), np.flatnonzero(of_columns)
    genetic, visual = (matrix[np.ix_(rows, columns)] for matrix in (fold.genetic, fold.visual))
    return _Block(genetic, visual, rows, columns)


def _without(block: _Block, kept: np.ndarray) -> list[np.ndarray]:
    """Return the pairs of the taxa that are kept, as `pairs_of` does."""
    square = np.ix_(kept[block.rows], kept[block.columns])
    blocks = [block.genetic[square], block.visual[square]]
    if np.array_equal(block.rows, block.columns):
        return [pairs[np.triu_indices(len(pairs), k=1)] for pairs in blocks]
    return blocks
