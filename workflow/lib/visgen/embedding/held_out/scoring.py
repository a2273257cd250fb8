"""Agreement of visual with phylogenetic distance for taxa that guidance has not seen.

The pairs of a fold are of three parts: known with known taxa (fitted, where there is guidance:
its agreement proves nothing), held-out with held-out, held-out with known. A fold has vectors of
its own, so correlations are pooled over folds from departures within each fold.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

#: Parts of pairs and their metrics; of those with "regret" or "rank", smaller is better.
METRICS = {
    "known_known": ("pearson",),
    "held_out_held_out": ("pearson", "spearman"),
    "held_out_known": (
        "pearson",
        "spearman",
        "pearson_double_centred",
        "nearest_rank",
        "nearest_regret",
    ),
}
#: What refits are made to: bags that change places among taxa, or specimens among bags.
PERMUTED_BAGS, DEALT_SPECIMENS = NULLS = ("permuted_bags", "dealt_specimens")
#: The null of the nearest relative: a known taxon picked blindly.
RANDOM_RELATIVE = "random_relative"

#: Metrics that are pooled from sums; the others are means over held-out taxa.
CORRELATIONS = ("pearson", "spearman", "pearson_double_centred")

_NOISE = 1e-9  # of the largest distance: what centring leaves of equal ones


class Fold(NamedTuple):
    """Distances of one fold.

    Attributes
    ----------
    genetic, visual
        (n_taxa, n_taxa), the same taxa in the same order.
    held_out
        (n_taxa,) bool.
    groups
        By step of `visgen.distances.steps`, where it is asked: number of each taxon's group,
        (n_taxa,).
    """

    genetic: np.ndarray
    visual: np.ndarray
    held_out: np.ndarray
    groups: Mapping[str, np.ndarray] = MappingProxyType({})


def score_folds(folds: Iterable[Fold]) -> dict[tuple[str, str], float]:
    """Return every score, pooled over folds.

    Returns
    -------
    dict
        By (part, metric), as in `METRICS`; NaN where no fold has pairs of the part.
    """
    folds = list(folds)
    scores = {
        (part, metric): pooled(moments(fold, part, metric) for fold in folds)
        for part, metrics in METRICS.items()
        for metric in metrics
        if metric in CORRELATIONS
    }
    nearest = pd.concat([nearest_known(fold) for fold in folds])
    scores["held_out_known", "nearest_rank"] = float(nearest["place"].mean())
    scores["held_out_known", "nearest_regret"] = float(nearest["regret"].mean())
    return scores


def moments(fold: Fold, part: str, metric: str) -> np.ndarray:
    """Return the sums that a correlation is made of: of x·y, x·x and y·y, all centred.

    Parameters
    ----------
    fold
        Its distances.
    part
        ``known_known``, ``held_out_held_out`` or ``held_out_known``.
    metric
        ``pearson``; ``spearman``, of ranks within the fold; or ``pearson_double_centred``, of
        what is left of the block of held-out by known taxa after the means of its rows and
        columns: a held-out taxon that is odd, and so far from all, then says nothing. Nothing is
        left of a single clade in an ultrametric tree, whose taxa are equally far from any other.
    """
    blocks = [pairs_of(matrix, fold.held_out, part) for matrix in (fold.genetic, fold.visual)]
    return sums_of_pairs(blocks, metric)


def sums_of_pairs(blocks: list[np.ndarray], metric: str) -> np.ndarray:
    """Return the sums of `moments` of pairs that are picked already.

    Parameters
    ----------
    blocks
        Phylogenetic and visual distances, of one shape, as `pairs_of` returns them.
    metric
        As in `moments`.
    """
    if blocks[0].size < 2:
        return np.zeros(3)
    if metric == "spearman":
        blocks = [rankdata(block).reshape(block.shape) for block in blocks]
    uncentred = blocks
    if metric == "pearson_double_centred":
        blocks = [
            block - block.mean(axis=0) - block.mean(axis=1, keepdims=True) + block.mean()
            for block in blocks
        ]
    else:
        blocks = [block - block.mean() for block in blocks]
    if any(map(is_flat, blocks, uncentred)):
        return np.zeros(3)
    x, y = (block.ravel() for block in blocks)
    return np.array([x @ y, x @ x, y @ y])


def is_flat(centred: np.ndarray, block: np.ndarray) -> bool:
    """Tell whether centring left nothing of distances but noise."""
    return np.abs(centred).max() <= _NOISE * np.abs(block).max()


def pairs_of(matrix: np.ndarray, held_out: np.ndarray, part: str) -> np.ndarray:
    """Return the pairs of a part: a rectangle, or each pair within a set once.

    Parameters
    ----------
    matrix
        (n_taxa, n_taxa).
    held_out
        (n_taxa,) bool.
    part
        As in `moments`.

    Returns
    -------
    ndarray
        (n_held_out, n_known) of ``held_out_known``, else (n_pairs,).
    """
    match part:
        case "held_out_known":
            return matrix[np.ix_(held_out, ~held_out)]
        case "held_out_held_out":
            chosen = held_out
        case "known_known":
            chosen = ~held_out
        case _:
            raise ValueError(f"part is {part!r}, expected one of {', '.join(METRICS)}")
    square = matrix[np.ix_(chosen, chosen)]
    return square[np.triu_indices(len(square), k=1)]


def nearest_known(fold: Fold) -> pd.DataFrame:
    """Tell for each held-out taxon how well its look finds its nearest known relative.

    Returns
    -------
    DataFrame
        One row a held-out taxon, in order: taxon (position), relative (position of the known
        taxon that looks most alike), nearest (phylogenetic distance of the nearest known
        relative), found (that of `relative`), regret (found less nearest), regret_random (the
        same for a known taxon picked at random), place (of the nearest relative among the known
        ones by look, 1 the best; of several that are equally near the best one counts),
        place_random (its expectation for a random order), n_nearest (how many are equally near).
    """
    held, known = np.flatnonzero(fold.held_out), np.flatnonzero(~fold.held_out)
    genetic, visual = (m[np.ix_(held, known)] for m in (fold.genetic, fold.visual))
    nearest = genetic.min(axis=1)
    # Distances from sums of branch lengths: rounding must not break a tie.
    is_nearest = genetic <= nearest[:, None] + 1e-9 * genetic.max()
    looks = visual.argmin(axis=1)
    ranks = np.apply_along_axis(rankdata, 1, visual)
    n_nearest = is_nearest.sum(axis=1)
    found = genetic[np.arange(len(held)), looks]
    return pd.DataFrame(
        {
            "taxon": held,
            "relative": known[looks],
            "nearest": nearest,
            "found": found,
            "regret": np.where(is_nearest[np.arange(len(held)), looks], 0.0, found - nearest),
            "regret_random": genetic.mean(axis=1) - nearest,
            "place": np.where(is_nearest, ranks, np.inf).min(axis=1),
            "place_random": (len(known) + 1) / (n_nearest + 1),
            "n_nearest": n_nearest,
        }
    )


def pooled(parts: Iterable[np.ndarray]) -> float:
    """Return r from the sums of `moments` of several folds; NaN where it is not defined."""
    xy, xx, yy = np.sum(list(parts), axis=0)
    return float(xy / np.sqrt(xx * yy)) if xx > 0 and yy > 0 else np.nan
