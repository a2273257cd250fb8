"""Specimens that a model was asked about, beside what they are in truth."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.node_sets import node_paths, node_ranks
from visgen.naming.answering import Answers
from visgen.naming.model import NamingModel
from visgen.naming.novelty import KNOWN
from visgen.naming.out_of_fold import true_taxa


class Scored(NamedTuple):
    """Specimens that a model was asked about, and what they are.

    Attributes
    ----------
    model, answers
        Who was asked, and said what.
    taxa
        (n, n_ranks) true names, gaps null.
    confidence, false_flags
        As in `visgen.naming.answering.Asked`.
    """

    model: NamingModel
    answers: Answers
    taxa: pd.DataFrame
    confidence: float
    false_flags: float

    @property
    def truth(self) -> np.ndarray:
        """Number of the true taxon at each rank, −1 for a gap or an unknown one, (n, n_ranks)."""
        return true_taxa(self.taxa, self.model.lineages)

    @property
    def named(self) -> np.ndarray:
        """Number of the taxon in the most probable lineage at each rank, −1: none, (n, n_ranks)."""
        return self.model.lineages.places[self.answers.best]

    @property
    def nodes(self) -> np.ndarray:
        """Rank down to which names would be trusted were novelty not asked, (n,)."""
        lineages = self.model.lineages
        limit = self.model.calibration.node_limits(self.confidence)[KNOWN]
        paths = node_paths(self.answers.odds, self.answers.best, lineages)
        return node_ranks(paths, limit, lineages)

    @property
    def flagged(self) -> np.ndarray:
        """Whether each is called new in any way, (n,)."""
        return np.array([verdict not in (KNOWN, None) for verdict in self.answers.verdict], bool)

    def holds(self, depth: np.ndarray) -> np.ndarray:
        """Tell whether names down to a rank, (n,), are right; −1 names nothing, which is right."""
        everyone, at = np.arange(len(depth)), np.maximum(depth, 0)
        return (depth < 0) | (self.named[everyone, at] == self.truth[everyone, at])

    def select(self, chosen: np.ndarray) -> "Scored":
        """Return some of the specimens, (n,) bool."""
        answers = self.answers
        said = answers.said
        logits = {rank: values[chosen] for rank, values in said.logits.items()}
        said = said._replace(
            logits=logits,
            looks=said.looks[chosen],
            to_taxa=said.to_taxa[chosen],
            to_all=said.to_all[chosen],
        )
        of_each = {
            name: array[chosen] for name, array in answers._asdict().items() if name != "said"
        }
        answers = answers._replace(said=said, **of_each)
        return self._replace(answers=answers, taxa=self.taxa[chosen])
