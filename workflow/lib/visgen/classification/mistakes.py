"""How far a wrong taxon is from the right one: in ranks of the taxonomy, and along the tree."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import lineage


def lca_heights(truth: pd.Series, predicted: pd.Series, above: pd.DataFrame) -> np.ndarray:
    """Return how many ranks up the true and the predicted taxon meet.

    Parameters
    ----------
    truth, predicted
        (n_images,) taxa of one rank.
    above
        As `visgen.specimens.taxonomy.lineage` returns it: the taxa above each taxon, coarse to
        fine.

    Returns
    -------
    ndarray
        (n_images,): 0 where both are the same taxon, 1 where they share the taxon of the next
        coarser rank, and so on; one more than there are coarser ranks where they share none.
        A gap is shared with nothing.
    """
    same = truth.to_numpy() == predicted.to_numpy()
    heights = np.full(len(truth), above.shape[1] + 1)
    for i, rank in enumerate(above.columns):  # finer ranks overwrite coarser ones
        of_truth = above[rank].reindex(truth).to_numpy()
        of_predicted = above[rank].reindex(predicted).to_numpy()
        heights[(of_truth == of_predicted) & pd.notna(of_truth)] = above.shape[1] - i
    return np.where(same, 0, heights)


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
    return pd.DataFrame(sums / np.outer(n, n), taxa, taxa)


def look_up(distances: pd.DataFrame, truth: pd.Series, predicted: pd.Series) -> np.ndarray:
    """Return the distance of each pair, (n,); NaN where one of the two has no place."""
    rows, columns = distances.index.get_indexer(truth), distances.columns.get_indexer(predicted)
    found = distances.to_numpy()[rows, columns] if len(distances) else np.full(len(rows), np.nan)
    return np.where((rows >= 0) & (columns >= 0), found, np.nan)
