"""What a study says of its own labelled specimens where it has not learned from them."""

import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.lineage_sets import true_lineages
from visgen.classification.lineages.known import Lineages
from visgen.naming.labelled import Labelled
from visgen.naming.parts import Said, TrainHead, ask, fit_parts

log = logging.getLogger(__name__)

#: Into which specimens are dealt.
FOLDS = 10


class OutOfFold(NamedTuple):
    """Specimens, asked of parts that have not seen them.

    Attributes
    ----------
    said
        Of all specimens.
    truth
        (n, n_ranks) number of the true taxon; −1 for a gap.
    lineage
        (n,) number of the true lineage; −1 where labels leave it open.
    seen
        (n,) whether another specimen of the lineage was learned from.
    specimens
        (n,) what they are called.
    origin
        (n,) number of the specimen that each is, or is a version of.
    """

    said: Said
    truth: np.ndarray
    lineage: np.ndarray
    seen: np.ndarray
    specimens: pd.Index
    origin: np.ndarray

    def of(self, chosen: np.ndarray) -> "OutOfFold":
        """Return some of the specimens, of (n,) bool."""
        said = self.said
        return OutOfFold(
            said._replace(
                logits={rank: values[chosen] for rank, values in said.logits.items()},
                to_taxa=said.to_taxa[chosen],
                to_all=said.to_all[chosen],
            ),
            self.truth[chosen],
            self.lineage[chosen],
            self.seen[chosen],
            self.specimens[chosen],
            self.origin[chosen],
        )


def true_taxa(taxa: pd.DataFrame, lineages: Lineages) -> np.ndarray:
    """Return the number of each specimen's taxon at each rank, −1 for a gap or an unknown one."""
    return np.stack(
        [lineages.taxa[rank].get_indexer(taxa[rank]) for rank in lineages.ranks], axis=1
    )


def deal_folds(lineage: np.ndarray, seed: int) -> np.ndarray:
    """Deal specimens to folds, those of a lineage in turn, (n,)."""
    shuffled = np.random.default_rng([seed, 17]).permutation(len(lineage))
    dealt = shuffled[np.argsort(lineage[shuffled], kind="stable")]
    fold = np.empty(len(lineage), int)
    fold[dealt] = np.arange(len(lineage)) % FOLDS
    return fold


def ask_out_of_fold(
    labelled: Labelled, lineages: Lineages, train_head: TrainHead, seed: int
) -> OutOfFold:
    """Learn from nine tenths of the specimens and ask about the others, ten times.

    Parameters
    ----------
    labelled
        Specimens. Versions of one are left out, and asked, with it.
    lineages
        Those of their taxa.
    train_head
        What learns to name.
    seed
        Of the deal.

    Raises
    ------
    ValueError
        As `visgen.naming.parts.fit_parts`; if there are fewer specimens than folds.
    """
    n_originals = len(labelled.taxa)
    if n_originals < FOLDS:
        raise ValueError(f"{n_originals} labelled specimens, expected at least {FOLDS}")
    labelled, origin = labelled.with_versions()
    truth = true_taxa(labelled.taxa, lineages)
    lineage = true_lineages(truth, lineages)
    n = len(lineage)
    fold = deal_folds(lineage[:n_originals], seed)[origin]
    found: Said | None = None
    seen = np.zeros(n, bool)
    for number in range(FOLDS):
        left_out = fold == number
        log.info("fold %d of %d: %d specimens", number + 1, FOLDS, left_out.sum())
        parts = fit_parts(labelled.of(~left_out), lineage[~left_out], train_head)
        asked = labelled.of(left_out)
        said = ask(parts, asked.x, asked.images, lineages)
        if found is None:
            found = _room_for(said, n)
        rows = np.flatnonzero(left_out)
        for rank, logits in said.logits.items():
            found.logits[rank][rows] = logits
        found.to_taxa[rows], found.to_all[rows] = said.to_taxa, said.to_all
        seen[rows] = np.isin(lineage[rows], parts.known)
    return OutOfFold(found, truth, lineage, seen, labelled.taxa.index, origin)


def _room_for(said: Said, n: int) -> Said:
    """Return empty arrays for n specimens; looks of different folds are in different spaces."""
    return Said(
        {rank: np.empty((n, logits.shape[1]), np.float32) for rank, logits in said.logits.items()},
        np.empty((0, said.looks.shape[1])),
        np.empty((n, said.to_taxa.shape[1]), np.float32),
        np.empty(n),
    )
