"""What ridge learns from: known taxa on the tree, and inner folds of them.

All here hangs on the tree and on which taxa are known, on no image: under a null that deals images
to other taxa it stays as it is, so it is made once for all refits.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from visgen.embedding.folds import deal_groups
from visgen.embedding.ridge.coordinates import tree_coordinates
from visgen.embedding.ridge.solving import group_weights

#: Parts into which known groups are dealt, each held out in turn where options are chosen.
INNER_FOLDS = 5
#: Fewer known taxa have no distances to choose by.
MIN_KNOWN = 3


class Targets(NamedTuple):
    """What is predicted of known taxa.

    Attributes
    ----------
    known
        Positions of the taxa, (n_known,).
    weights
        How much each counts, (n_known,).
    coordinates
        (n_powers, n_known, n_axes): principal coordinates, the longest axis first.
    """

    known: np.ndarray
    weights: np.ndarray
    coordinates: np.ndarray


class InnerFold(NamedTuple):
    """Known taxa of which some are held out, to choose options by.

    Attributes
    ----------
    targets
        Of the others.
    held_out
        Positions of the taxa that are held out, (n_held_out,).
    genetic
        (n_held_out, n_known): distances along the tree.
    """

    targets: Targets
    held_out: np.ndarray
    genetic: np.ndarray


class KnownTaxa(NamedTuple):
    """All that a fit takes from the tree.

    Attributes
    ----------
    targets
        Of all known taxa.
    inner
        None where known taxa are too few to hold any out.
    """

    targets: Targets
    inner: list[InnerFold]


def place_known(
    distances: np.ndarray,
    groups: np.ndarray,
    known: np.ndarray,
    *,
    powers: Sequence[float],
    n_axes: int,
    by_group: bool,
    seed: int,
) -> KnownTaxa:
    """Place known taxa in space, and again with some of them held out.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa), along the tree; those of taxa that are not known are not looked at.
    groups
        (n_taxa,): the group of each taxon, by whatever number.
    known
        (n_taxa,) bool.
    powers
        Of the distances, a target each.
    n_axes
        Of each target, at most.
    by_group
        Whether inner folds hold out whole groups or single taxa, as the folds do that are scored.
    seed
        Of the deal to inner folds.

    Notes
    -----
    Where all known taxa are of one group, single taxa are dealt to the inner folds.
    """
    where = np.flatnonzero(known)
    of_known = groups[where]
    if not by_group or len(np.unique(of_known)) == 1:
        of_known = np.arange(len(where))
    fold = deal_groups(of_known, INNER_FOLDS, np.random.default_rng([seed, 5]))

    def targets(taxa: np.ndarray) -> Targets:
        among = distances[np.ix_(taxa, taxa)]
        coordinates = [tree_coordinates(among, power, n_axes) for power in powers]
        return Targets(taxa, group_weights(groups[taxa]), np.stack(coordinates))

    inner = []
    for number in np.unique(fold):
        rest, held_out = where[fold != number], where[fold == number]
        if len(rest) >= MIN_KNOWN:
            inner.append(InnerFold(targets(rest), held_out, distances[np.ix_(held_out, rest)]))
    return KnownTaxa(targets(where), inner)
