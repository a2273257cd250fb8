"""How sure names may be, measured on specimens that were not learned from."""

from typing import NamedTuple

import numpy as np

from visgen.classification.confidence.conformal_sets import allowed_ranks, threshold
from visgen.classification.confidence.node_sets import labels_outside, node_paths, node_scores
from visgen.classification.lineages.known import Lineages
from visgen.naming.novelty import (
    KNOWN,
    NEW,
    levels,
    novelty_scores,
    others_of,
    scores_without,
)
from visgen.naming.odds import Pooling, fit_pooling, lineage_odds
from visgen.naming.out_of_fold import OutOfFold
from visgen.naming.strangers import Strangers, smaller_p

_LEAST = 1e-300  # sum of odds that are divided by it


class Calibration(NamedTuple):
    """Scores of labelled specimens, each out of fold.

    Attributes
    ----------
    rare
        (n_lineages,) whether fewer specimens of a lineage are known than of half of all. What is
        promised holds of rare and of common ones each, where there are enough of both to calibrate:
        drawers are seldom mixed as a study was.
    lineage
        (n_calibration,) number of the true lineage.
    flat
        (n_calibration,) how strange it was, for flat sets.
    nodes
        By level, as `visgen.naming.novelty.levels` lists them: how strange what is true above the
        taxon left out was, for nodes; of known taxa the lineage itself, (n_calibration,).
    novelty
        By level: novelty scores of specimens for which it was true, their own taxa being left out
        as far as need be.
    strangers
        What pictures of no such specimen are told by.
    """

    rare: np.ndarray
    lineage: np.ndarray
    flat: np.ndarray
    nodes: dict[str, np.ndarray]
    novelty: dict[str, np.ndarray]
    strangers: Strangers

    def groups(self, confidence: float) -> np.ndarray:
        """Return the group that each lineage is calibrated with, (n_lineages,) int.

        1 of rare and 0 of common ones; 0 of all where one of both has too few specimens.
        """
        sizes = np.bincount(self.rare[self.lineage].astype(int), minlength=2)
        apart = min(allowed_ranks(int(size), confidence) for size in sizes) > 0
        return self.rare.astype(int) if apart else np.zeros(len(self.rare), int)

    def flat_limits(self, confidence: float) -> np.ndarray:
        """Return the largest strangeness in a flat set, (n_lineages,)."""
        group, limits = self._limits(self.flat, confidence)
        return limits[group]

    def node_limits(self, confidence: float) -> dict[str, float]:
        """Return the probability that a trusted node exceeds, by how new a specimen is."""
        limits = {level: threshold(scores, confidence) for level, scores in self.nodes.items()}
        return limits | {KNOWN: float(self._limits(self.nodes[KNOWN], confidence)[1].max())}

    def _limits(self, scores: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        group = self.groups(confidence)
        own = group[self.lineage]
        return group, np.array([
            threshold(scores[own == number], confidence) for number in range(group.max() + 1)
        ])  # fmt: skip


def halves(n: int, seed: int) -> np.ndarray:
    """Tell which of n specimens calibrate; the others are what odds are fitted to, (n,) bool."""
    return np.random.default_rng([seed, 18]).permutation(n) % 2 == 0


def taxa_seen(found: OutOfFold, lineages: Lineages) -> np.ndarray:
    """Tell whether another specimen of a taxon was learned from, (n, n_ranks) bool."""
    known = np.isfinite(found.said.to_taxa)
    return np.stack(
        [
            (known & (place[None] == true[:, None]) & (true >= 0)[:, None]).any(axis=1)
            for place, true in zip(lineages.places.T, found.truth.T, strict=True)
        ],
        axis=1,
    )


def calibrate(
    found: OutOfFold, left_out: np.ndarray, lineages: Lineages, n_known: np.ndarray, seed: int
) -> tuple[Pooling, Calibration]:
    """Fit how odds are pooled to one half of the specimens, and calibrate by the other.

    Parameters
    ----------
    found
        Specimens, asked out of fold.
    left_out
        As `visgen.naming.strangers.leave_out_groups` returns it.
    lineages
        That can be named.
    n_known
        (n_lineages,) labelled specimens of each.
    seed
        Of the halves.

    Notes
    -----
    Sets and novelty of known taxa are calibrated by specimens whose lineage was learned from, and
    odds are fitted at the ranks at which the taxon was: that a head cannot name what it was not
    shown says nothing of one that was shown all.
    Novelty does not depend on how odds are pooled, so that all specimens calibrate it. For a taxon
    left out of the comparison alone, the space has still been whitened with it; that such a
    specimen is as new as one of a taxon never seen is measured, not promised: see
    `visgen.naming.scoring`.
    """
    calibrating = halves(found.origin.max() + 1, seed)[found.origin]
    said, seen = found.said, found.seen & (found.lineage >= 0)
    fitted = ~calibrating
    pooling = fit_pooling(
        {rank: values[fitted] for rank, values in said.logits.items()},
        np.where(taxa_seen(found, lineages), found.truth, -1)[fitted],
        lineages,
    )
    used = np.flatnonzero(calibrating & seen)
    odds = lineage_odds({r: values[used] for r, values in said.logits.items()}, pooling, lineages)
    own = np.arange(len(used)), found.lineage[used]
    paths = node_paths(odds, odds.argmax(axis=1), lineages)
    nodes = {KNOWN: node_scores(paths, lineages)[own]}
    novelty = {KNOWN: novelty_scores(said.to_taxa[seen], said.to_all[seen])}
    placed = found.lineage >= 0
    for rank in reversed(lineages.ranks):
        level = NEW.format(rank)
        novelty[level] = scores_without(
            said.to_taxa[placed], said.to_all[placed], found.lineage[placed], lineages, rank
        )
        known = np.isfinite(said.to_taxa[used])
        nodes[level] = _strange_without(odds, found.lineage[used], known, lineages, rank)
    assert list(novelty) == levels(lineages.ranks)
    rare = n_known < np.median(n_known)
    known = smaller_p(novelty[KNOWN], said.to_all[seen], novelty[KNOWN], left_out)
    strangers = Strangers(left_out, known)
    return pooling, Calibration(rare, found.lineage[used], -odds[own], nodes, novelty, strangers)


def _strange_without(
    odds: np.ndarray, lineage: np.ndarray, known: np.ndarray, lineages: Lineages, rank: str
) -> np.ndarray:
    """Return how strange what is true above a taxon is, for nodes, were the taxon not known.

    Parameters
    ----------
    odds
        (n, n_lineages).
    lineage, known, lineages, rank
        As `visgen.naming.novelty.others_of` takes them.

    Returns
    -------
    ndarray
        (m,) of the specimens of `visgen.naming.novelty.others_of`.
    """
    is_other, asked = others_of(lineage, known, lineages, rank)
    left = np.where(is_other[asked], odds[asked], 0.0)
    left /= np.maximum(left.sum(axis=1, keepdims=True), _LEAST)
    truth = lineages.places[lineage[asked]]
    labelled = truth >= 0
    truth = np.where(np.arange(len(lineages.ranks)) < lineages.ranks.index(rank), truth, -1)
    paths = node_paths(left, left.argmax(axis=1), lineages)
    return labels_outside(paths, truth, labelled, lineages)
