"""How sure names may be, measured on specimens that were not learned from."""

from typing import NamedTuple

import numpy as np

from visgen.classification.confidence.conformal_sets import threshold
from visgen.classification.confidence.node_sets import node_paths, node_scores
from visgen.classification.lineages.known import Lineages
from visgen.naming.novelty import KNOWN, NEW, levels, novelty_scores, scores_without
from visgen.naming.odds import Pooling, fit_pooling, lineage_odds
from visgen.naming.out_of_fold import OutOfFold


class Calibration(NamedTuple):
    """Scores of labelled specimens, each out of fold.

    Attributes
    ----------
    flat, nodes
        (n_calibration,) how strange the true lineage was, for flat sets and for nodes.
    novelty
        By level, as `visgen.naming.novelty.levels` lists them: novelty scores of specimens for
        which the level was true, their own taxa being left out as far as need be.
    """

    flat: np.ndarray
    nodes: np.ndarray
    novelty: dict[str, np.ndarray]

    def flat_limit(self, confidence: float) -> float:
        """Return the largest strangeness of a lineage in a flat set."""
        return threshold(self.flat, confidence)

    def node_limit(self, confidence: float) -> float:
        """Return the probability that a trusted node exceeds."""
        return threshold(self.nodes, confidence)


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


def calibrate(found: OutOfFold, lineages: Lineages, seed: int) -> tuple[Pooling, Calibration]:
    """Fit how odds are pooled to one half of the specimens, and calibrate by the other.

    Parameters
    ----------
    found
        Specimens, asked out of fold.
    lineages
        That can be named.
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
    calibrating = halves(len(found.lineage), seed)
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
    strange = node_scores(paths, lineages)[own]
    novelty = {KNOWN: novelty_scores(said.to_taxa[seen], said.to_all[seen])}
    placed = found.lineage >= 0
    for rank in reversed(lineages.ranks):
        novelty[NEW.format(rank)] = scores_without(
            said.to_taxa[placed], said.to_all[placed], found.lineage[placed], lineages, rank
        )
    assert list(novelty) == levels(lineages.ranks)
    return pooling, Calibration(-odds[own], strange, novelty)
