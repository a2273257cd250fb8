"""Phylogenetic distances between taxa of any rank, from those between the tips of a tree."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import lineage


def taxon_distances(
    distances: DistanceMatrix,
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    tree_rank: str,
    rank: str,
) -> pd.DataFrame:
    """Return phylogenetic distances between the taxa of any rank.

    Parameters
    ----------
    distances
        Between taxa of `tree_rank`.
    specimens
        One row an image, with the ranks.
    ranks
        Coarse to fine.
    tree_rank, rank
        Rank of the tips, and the rank that is asked for.

    Returns
    -------
    DataFrame
        (n_taxa, n_taxa), named; two taxa finer than the tips are as far as their tips, two
        coarser ones as the mean over pairs of their tips. Taxa without a tip are left out.
    """
    tips = list(distances.ids)
    if list(ranks).index(rank) >= list(ranks).index(tree_rank):
        if rank == tree_rank:
            tip_of = pd.Series(tips, tips)
        else:
            tip_of = lineage(specimens, ranks, rank)[tree_rank]
            tip_of = tip_of[tip_of.isin(tips)]
        place = pd.Index(tips).get_indexer(tip_of)
        values = distances.data[np.ix_(place, place)]
        return pd.DataFrame(values, tip_of.index, tip_of.index)
    group = lineage(specimens, ranks, tree_rank)[rank].reindex(tips).dropna()
    place = pd.Index(tips).get_indexer(group.index)
    member = pd.get_dummies(group).to_numpy(float)  # (n_tips, n_taxa)
    sums = member.T @ distances.data[np.ix_(place, place)] @ member
    n = member.sum(axis=0)
    taxa = sorted(group.unique())
    means = sums / np.outer(n, n)
    return pd.DataFrame((means + means.T) / 2, taxa, taxa)  # equal to the last bit both ways


def look_up(distances: pd.DataFrame, truth: pd.Series, predicted: pd.Series) -> np.ndarray:
    """Return the distance of each pair, (n,); NaN where one of the two has no place.

    >>> taxa = ["Arca noae", "Lima lima"]
    >>> distances = pd.DataFrame([[0.0, 3.5], [3.5, 0.0]], taxa, taxa)
    >>> truth = pd.Series(["Arca noae", "Lima lima", "Pinna nobilis"])
    >>> predicted = pd.Series(["Lima lima", "Lima lima", "Lima lima"])
    >>> look_up(distances, truth, predicted).tolist()
    [3.5, 0.0, nan]
    """
    rows, columns = distances.index.get_indexer(truth), distances.columns.get_indexer(predicted)
    found = distances.to_numpy()[rows, columns] if len(distances) else np.full(len(rows), np.nan)
    return np.where((rows >= 0) & (columns >= 0), found, np.nan)
