"""The answer for each specimen, as arrays: what it is, and how sure that is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from visgen.classification.confidence.node_sets import node_paths, node_ranks
from visgen.classification.lineages.known import Lineages
from visgen.naming.model import NamingModel
from visgen.naming.novelty import KNOWN, NEW, NO_SUCH, novelty_scores
from visgen.naming.odds import lineage_odds
from visgen.naming.parts import Said, ask
from visgen.naming.restriction import restrict
from visgen.naming.verdicts import verdicts


class Asked(NamedTuple):
    """How specimens are asked about.

    Attributes
    ----------
    confidence
        Share of specimens of known taxa whose set should hold the truth.
    false_flags
        Share of them that may be called new.
    allowed
        (n_lineages,) bool, those that can occur; None for all.
    """

    confidence: float
    false_flags: float
    allowed: np.ndarray | None


class Answers(NamedTuple):
    """What is said of specimens, as arrays; `visgen.naming.tabulating` writes it out.

    Attributes
    ----------
    said
        By the parts.
    odds
        (n, n_lineages) probabilities, of lineages that can occur.
    best
        (n,) most probable lineage.
    taken
        (n,) probability of lineages that cannot occur, before they were ruled out.
    node
        (n,) rank down to which the taxon is trusted; −1: not even at the coarsest. Novelty is in
        it: of a new genus no genus is trusted.
    in_set
        (n, n_lineages) bool, the flat set.
    verdict, p
        (n,) how new, in words, and the p-value of being known.
    """

    said: Said
    odds: np.ndarray
    best: np.ndarray
    taken: np.ndarray
    node: np.ndarray
    in_set: np.ndarray
    verdict: np.ndarray
    p: np.ndarray

    @property
    def novelty(self) -> np.ndarray:
        """Relative Mahalanobis distance of each specimen, (n,)."""
        return novelty_scores(self.said.to_taxa, self.said.to_all)


def answer(model: NamingModel, x: np.ndarray, images: np.ndarray, asked: Asked) -> Answers:
    """Name specimens.

    Parameters
    ----------
    model
        What names them.
    x
        (n_images, n_features) float32.
    images
        (n_images,) position of the specimen of each image, from 0 without gaps.
    asked
        How sure names are to be, and which can occur.
    """
    lineages, calibration = model.lineages, model.calibration
    said = ask(model.parts, x, images, lineages)
    odds = lineage_odds(said.logits, model.pooling, lineages)
    taken = np.zeros(len(odds))
    if asked.allowed is not None:
        odds, taken = restrict(odds, lineages, asked.allowed)
    best = odds.argmax(axis=1)
    paths = node_paths(odds, best, lineages)
    in_set = -odds <= calibration.flat_limits(asked.confidence)
    in_set[np.arange(len(best)), best] = True  # nothing is no answer, where odds are high
    if asked.allowed is not None:
        in_set &= asked.allowed
    scores = novelty_scores(said.to_taxa, said.to_all)
    verdict, p = verdicts(
        scores, said.to_all, calibration.novelty, calibration.strangers, asked.false_flags
    )
    # Of a specimen that is new, what is above is less sure than odds of known taxa say.
    limits = calibration.node_limits(asked.confidence) | {NO_SUCH: np.inf}
    limit = np.array([limits[KNOWN if word is None else word] for word in verdict])
    node = node_ranks(paths, limit[:, None], lineages)
    node = finest_named(best, np.minimum(node, deepest_rank(verdict, lineages.ranks)), lineages)
    return Answers(said, odds, best, taken, node, in_set, verdict, p)


def deepest_rank(verdict: np.ndarray, ranks: Sequence[str]) -> np.ndarray:
    """Return the number of the finest rank at which a specimen so new can have a known taxon.

    >>> deepest_rank(np.array(["known", "new genus", None, NO_SUCH], object), ["family", "genus"])
    array([ 1,  0,  1, -1])
    """
    deepest = {KNOWN: len(ranks) - 1, None: len(ranks) - 1, NO_SUCH: -1}
    deepest |= {NEW.format(rank): r - 1 for r, rank in enumerate(ranks)}
    return np.array([deepest[word] for word in verdict], int)


def finest_named(best: np.ndarray, rank: np.ndarray, lineages: Lineages) -> np.ndarray:
    """Return the finest rank, no finer than a given one, at which a lineage has a name.

    Parameters
    ----------
    best
        (n,) number of the lineage.
    rank
        (n,) number of the rank, coarse to fine; −1 for none.
    lineages
        All that can be named.

    Returns
    -------
    ndarray
        (n,) number of the rank; −1 where it has no name.
    """
    ranks = np.arange(len(lineages.ranks))
    named = (lineages.places[best] >= 0) & (ranks <= rank[:, None])
    return np.where(named, ranks, -1).max(axis=1)
