"""Taxa of any rank in the order of a tree, where there is one, else of the taxonomy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.distances.taxon_distances import taxon_distances
from visgen.figures.leaf_order import among_relatives, leaf_order
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import group_above, group_coarsest, taxonomic_order


def taxa_in_order(
    tips: DistanceMatrix | None,
    labels: pd.DataFrame,
    ranks: Sequence[str],
    tree_rank: str | None,
    rank: str,
) -> list[str]:
    """Return all taxa of a rank, near relatives beside each other.

    Parameters
    ----------
    tips
        Distances between taxa of `tree_rank`; None without a tree.
    labels
        One row an image, with the ranks.
    ranks
        Coarse to fine.
    tree_rank, rank
        Rank of the tips, and of the taxa.
    """
    taxa = taxonomic_order(labels, ranks, rank)
    if tips is None:
        return taxa
    between = taxon_distances(tips, labels, ranks, tree_rank, rank)
    if between.empty:
        return taxa
    values = between.to_numpy().copy()
    np.fill_diagonal(values, 0)  # of a coarse taxon: the mean within it
    matrix = DistanceMatrix(values, list(between.index))
    leaves = leaf_order(matrix, group_coarsest(labels, ranks, rank))
    return among_relatives(leaves, taxa, group_above(labels, ranks, rank))
