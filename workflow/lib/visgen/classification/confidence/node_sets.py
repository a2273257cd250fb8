"""Sets that are nodes of the taxonomy: a genus or a family instead of a list of its species."""

from typing import NamedTuple

import numpy as np

from visgen.classification.lineages.known import Lineages


class Paths(NamedTuple):
    """The nodes from the most probable lineage of each image up to the whole taxonomy.

    Attributes
    ----------
    masses
        (n_images, n_ranks + 1) probability of the node at each rank, fine to coarse, then 1, that
        of the whole taxonomy. A rank without a name has the probability of the next finer one.
    best
        (n_images,) number of the lineage.
    """

    masses: np.ndarray
    best: np.ndarray


def node_paths(probabilities: np.ndarray, best: np.ndarray, lineages: Lineages) -> Paths:
    """Return the probabilities of all nodes above a lineage.

    Parameters
    ----------
    probabilities
        (n_images, n_lineages).
    best
        (n_images,) number of a lineage.
    lineages
        The lineages; those that share a taxon share all that is above it.
    """
    masses = [probabilities[np.arange(len(best)), best].astype(float)]
    for r in reversed(range(len(lineages.ranks))):
        inside = _inside(lineages, r, best)
        own = (probabilities * inside).sum(axis=1, dtype=float)
        masses.append(np.where(lineages.places[best, r] >= 0, own, masses[-1]))
    masses = np.stack([*masses[1:], np.ones(len(best))], axis=1)
    return Paths(np.maximum.accumulate(masses, axis=1), best)  # sums round in any order


def _inside(lineages: Lineages, r: int, best: np.ndarray) -> np.ndarray:
    """Return which lineages share a lineage's taxon of a rank, (n_images, n_lineages) bool."""
    place = lineages.places[:, r]
    return (place[None] == place[best][:, None]) & (place[best] >= 0)[:, None]


def node_scores(paths: Paths, lineages: Lineages) -> np.ndarray:
    """Return how strange each lineage is: what lies between it and the most probable one.

    The probability of the largest node of the path that does not hold the lineage; 0 for the most
    probable lineage itself. So the lineages that are no stranger than a limit are a node, the
    smallest one whose probability exceeds the limit, and split-conformal prediction with these
    scores gives sets that are nodes: Mortier et al. 2025, with one node a set.

    Returns
    -------
    ndarray
        (n_images, n_lineages).
    """
    scores = np.where(
        np.arange(len(lineages))[None] == paths.best[:, None], 0.0, paths.masses[:, :1]
    )
    # The finest node is the lineage itself, and may hold no other.
    for k, r in enumerate(reversed(range(len(lineages.ranks)))):
        outside = ~_inside(lineages, r, paths.best) & (lineages.places[paths.best, r] >= 0)[:, None]
        scores = np.where(outside, paths.masses[:, k : k + 1], scores)
    return scores


def labels_outside(
    paths: Paths, truth: np.ndarray, labelled: np.ndarray, lineages: Lineages
) -> np.ndarray:
    """Return how strange a specimen's true taxa are where they are no lineage that can be named.

    A new species of a known genus lies in the node of that genus, though it is none of its
    lineages.

    Parameters
    ----------
    truth
        (n_images, n_ranks) number of the true taxon; negative where it cannot be named.
    labelled
        (n_images, n_ranks) whether the true taxon is known; where it is not, nothing contradicts
        the node of that rank.

    Returns
    -------
    ndarray
        (n_images,) probability of the largest node of the path that does not hold it.
    """
    own = lineages.places[paths.best]
    scores = np.zeros(len(truth))
    for k, r in enumerate(reversed(range(len(lineages.ranks)))):
        named = own[:, r] >= 0
        apart = named & labelled[:, r] & (truth[:, r] != own[:, r])
        scores = np.where(apart, paths.masses[:, k], scores)
    return scores


def node_ranks(paths: Paths, limit: float | np.ndarray, lineages: Lineages) -> np.ndarray:
    """Return the rank of the smallest node whose probability exceeds a limit.

    Parameters
    ----------
    paths
        As `node_paths` returns them.
    limit
        One for all images, or (n_images, 1).
    lineages
        The lineages.

    Returns
    -------
    ndarray
        (n_images,) number of the rank, coarse to fine; −1 for the whole taxonomy. A node that is
        the same at several ranks, as a genus of one species, has the finest.
    """
    above = paths.masses > limit
    above[:, -1] = True
    rank = len(lineages.ranks) - 1 - above.argmax(axis=1)
    # A lineage that ends before the finest rank is a node of the rank at which it ends.
    ranks, named = np.arange(len(lineages.ranks))[None], lineages.places[paths.best] >= 0
    return np.where(named & (ranks <= rank[:, None]), ranks, -1).max(axis=1)
