"""Taxa that a new specimen may be, though none of them has a labelled one."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.lineages.known import Lineages

#: Candidates of a specimen that are told.
FIRST = 5


class Candidates(NamedTuple):
    """Taxa of the finest rank without labelled specimens.

    Attributes
    ----------
    names
        (n_candidates,) sorted.
    places
        (n_candidates, n_coarser_ranks) number of the taxon above among those that can be named; −1
        where it is not known.
    far
        (n_candidates, n_lineages) patristic distance; NaN where one of both has no place.
    means, variances
        (n_candidates, n_axes) and (n_candidates,): what they are expected to look like by their
        relatives, as a `visgen.prior.posterior.Posterior` has it; NaN where nothing is.
    """

    names: np.ndarray
    places: np.ndarray
    far: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Whether it is known what a candidate is expected to look like, (n_candidates,)."""
        return ~np.isnan(self.variances)

    def of(self, chosen: np.ndarray) -> "Candidates | None":
        """Return some of the candidates, of (n_candidates,) bool; None of none."""
        return Candidates(*(array[chosen] for array in self)) if chosen.any() else None


def taxa_of_candidates(candidates: Candidates | None, lineages: Lineages) -> pd.DataFrame:
    """Return the taxa of candidates, (n_candidates, n_ranks) coarse to fine, gaps null."""
    if candidates is None:
        return pd.DataFrame(columns=lineages.ranks, dtype="str")
    names = {
        rank: [lineages.taxa[rank][place] if place >= 0 else None for place in places]
        for rank, places in zip(lineages.ranks[:-1], candidates.places.T, strict=True)
    }
    return pd.DataFrame(names | {lineages.ranks[-1]: candidates.names}, dtype="str")


def told_candidates(
    candidates: Candidates, scores: np.ndarray, is_new: np.ndarray
) -> tuple[list[str | None], np.ndarray]:
    """Return the candidates of each specimen that is called new, in words.

    Parameters
    ----------
    candidates, scores
        As `visgen.naming.candidate_looks.score_candidates` takes and returns them.
    is_new
        (n,) whether a specimen is called new.

    Returns
    -------
    text, gain
        (n,) each: at most five names, the best first, null without any; and the score of the
        first, NaN where looks are expected of none.
    """
    texts, gains = [], np.full(len(scores), np.nan)
    for i, (own, new) in enumerate(zip(scores, is_new, strict=True)):
        first = np.argsort(-own, kind="stable")[:FIRST] if new else np.array([], int)
        first = first[np.isfinite(own[first])]
        texts.append("; ".join(candidates.names[first]) or None)
        if candidates.expected.any() and len(first):
            gains[i] = own[first[0]]
    return texts, gains
