"""What is learned from some labelled specimens, and what it says of others."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from visgen.classification.lineages.known import Lineages
from visgen.features.taxon_means import taxon_means
from visgen.naming.heads import Head
from visgen.naming.labelled import Labelled
from visgen.naming.novelty import (
    Surroundings,
    distances_to_all,
    distances_to_taxa,
    surroundings_of,
)
from visgen.prior.looks import Looks, LookSpace, fit_looks

#: From specimens, and the looks of those with a lineage (whose taxa are numbers of lineages), to
#: what names them.
TrainHead = Callable[[Labelled, Looks], Head]


class Parts(NamedTuple):
    """What names are made of.

    Attributes
    ----------
    space
        From features to looks.
    head
        That names.
    around
        Of the known lineages.
    known
        (n_known,) numbers of the lineages with specimens.
    """

    space: LookSpace
    head: Head
    around: Surroundings
    known: np.ndarray


class Said(NamedTuple):
    """What parts say of specimens.

    Attributes
    ----------
    logits
        By rank, as `visgen.naming.heads.Head.logits` returns them.
    looks
        (n, n_axes).
    to_taxa
        (n, n_lineages) squared distance to each, infinite where no specimen is known.
    to_all
        (n,).
    """

    logits: dict[str, np.ndarray]
    looks: np.ndarray
    to_taxa: np.ndarray
    to_all: np.ndarray


def fit_parts(labelled: Labelled, lineage: np.ndarray, train_head: TrainHead) -> Parts:
    """Learn from labelled specimens.

    Parameters
    ----------
    labelled
        Specimens.
    lineage
        (n_specimens,) number of the lineage of each; −1 where it is not known: these tell the
        head their taxa at coarser ranks, and nothing else.
    train_head
        What learns to name.

    Raises
    ------
    visgen.features.within_covariance.NoSpreadError
        If no two specimens of a lineage differ.
    ValueError
        If there are fewer than two lineages.
    """
    placed = np.flatnonzero(lineage >= 0)
    space, looks = fit_looks(labelled.means[placed], lineage[placed], least_taxa=2)
    known = np.array(looks.taxa, int)
    return Parts(space, train_head(labelled, looks), surroundings_of(looks), known)


def ask(parts: Parts, x: np.ndarray, images: np.ndarray, lineages: Lineages) -> Said:
    """Ask about specimens.

    Parameters
    ----------
    parts
        As `fit_parts` returns them.
    x, images
        Features of images, and the position of the specimen of each, from 0 without gaps.
    lineages
        All that can be named.
    """
    looks = parts.space.apply(taxon_means(x, images))
    to_taxa = np.full((len(looks), len(lineages)), np.inf, np.float32)
    to_taxa[:, parts.known] = distances_to_taxa(looks, parts.around)
    return Said(
        parts.head.logits(x, images, looks), looks, to_taxa, distances_to_all(looks, parts.around)
    )
