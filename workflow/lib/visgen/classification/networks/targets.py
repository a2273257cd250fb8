"""What a network learns: numbers of taxa, and how they lie in the taxonomy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.lineages.known import Lineages, known_lineages
from visgen.specimens.taxonomy import lineage


class Targets(NamedTuple):
    """Taxa and lineages of training images.

    Attributes
    ----------
    lineages
        That training images have. Taxa of a rank lie in the order of their numbers of training
        images, then of their first one: names decide nothing.
    codes
        (n_images, n_ranks) number of each image's taxon; −1 for a gap, and for a taxon that no
        training image has.
    n_images
        By rank, (n_taxa,) training images.
    train
        (n_images,) bool: which images train.
    """

    lineages: Lineages
    codes: np.ndarray
    n_images: dict[str, np.ndarray]
    train: np.ndarray

    @property
    def ranks(self) -> list[str]:
        """The ranks, coarse to fine."""
        return self.lineages.ranks


def make_targets(labels: pd.DataFrame, train: np.ndarray, ranks: Sequence[str]) -> Targets:
    """Give numbers to taxa and lineages.

    Parameters
    ----------
    labels
        (n_images, ...) with the ranks; gaps are null.
    train
        (n_images,) bool: which images train.
    ranks
        Coarse to fine.
    """
    known = labels.loc[train, list(ranks)]
    counts = {
        rank: known[rank]
        .value_counts(sort=False)  # in the order of the first image
        .sort_values(ascending=False, kind="stable")
        for rank in ranks
    }
    taxa = {rank: pd.Index(of.index) for rank, of in counts.items()}
    found = known_lineages(taxa, {rank: lineage(known, ranks, rank) for rank in ranks})
    order = np.lexsort(found.places.T[::-1])
    lineages = Lineages(found.names.iloc[order], found.places[order], taxa)
    codes = np.stack([taxa[rank].get_indexer(labels[rank]) for rank in ranks], axis=1)
    n_images = {rank: of.to_numpy() for rank, of in counts.items()}
    return Targets(lineages, codes, n_images, train)


def shared_ranks(places: np.ndarray, r: int, n_taxa: int) -> np.ndarray:
    """Return how far up two taxa of rank number `r` meet, as a share of the way.

    Parameters
    ----------
    places, r, n_taxa
        (n_lineages, n_ranks) taxa of each lineage, −1 for a gap; the rank; how many taxa it has.

    Returns
    -------
    ndarray
        (n_taxa, n_taxa) float32: 0 of a taxon with itself, 1 where no rank is shared. A rank at
        which one of them has no name is not shared.
    """
    place = places[:, r]
    above = np.full((n_taxa, r), -1)
    named = place >= 0
    above[place[named]] = places[named, :r]
    height = np.full((n_taxa, n_taxa), r + 1)
    for coarser in range(r):  # finer ones overwrite
        of = above[:, coarser]
        height[(of[:, None] == of) & (of >= 0)] = r - coarser
    np.fill_diagonal(height, 0)
    return (height / (r + 1)).astype(np.float32)
