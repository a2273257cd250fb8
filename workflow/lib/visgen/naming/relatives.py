"""How far, on the tree, a specimen is from the relative that it looks most like."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.conformal_sets import allowed_ranks
from visgen.classification.lineages.known import Lineages
from visgen.naming.novelty import KNOWN, NO_SUCH
from visgen.naming.out_of_fold import OutOfFold


class Placement(NamedTuple):
    """What is known of how far specimens are from whom they look like.

    Attributes
    ----------
    tips
        (n_lineages,) name of the taxon of the tree that a lineage belongs to; None without one.
    of_known, of_new
        Patristic distances from labelled specimens, left out, to the lineage that they look most
        like, in units of the tree, rising: of specimens as they are, and of one a taxon of the
        tree to the nearest other taxon, as if its own were not known.
    """

    tips: np.ndarray
    of_known: np.ndarray
    of_new: np.ndarray


def nearest_tip(to_taxa: np.ndarray, tips: np.ndarray) -> np.ndarray:
    """Return the lineage with a place in the tree that each specimen is nearest to, (n,)."""
    placed = np.array([tip is not None for tip in tips])
    return np.where(placed, to_taxa, np.inf).argmin(axis=1)


def calibrate_placement(
    found: OutOfFold, lineages: Lineages, distances: pd.DataFrame, seed: int
) -> Placement | None:
    """Measure how far labelled specimens are from the taxa that they look most like.

    A new specimen of a known taxon is one as those of the study; one of a new taxon is one of a
    taxon as those of the study, so that each of these counts once, by a specimen that is drawn: the
    median of several is less far than one may be.

    Parameters
    ----------
    found
        Specimens, asked out of fold.
    lineages
        That can be named.
    distances
        Between taxa of one rank of the lineages, named by it.
    seed
        Of which specimen of a taxon is drawn.

    Returns
    -------
    Placement
        None where fewer than two lineages have a place in the tree.
    """
    names = lineages.names[distances.index.name]
    tips = np.array([name if name in distances.index else None for name in names], object)
    placed = np.array([tip is not None for tip in tips])
    if len(set(tips[placed])) < 2:
        return None
    place = distances.index.get_indexer(pd.Index(np.where(placed, tips, distances.index[0])))
    own = found.lineage
    judged = np.flatnonzero((own >= 0) & placed[own])
    to_taxa, own = found.said.to_taxa[judged], own[judged]
    other = np.where(tips[None] == tips[own][:, None], np.inf, to_taxa)
    values = distances.to_numpy()

    def far(nearest: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        return np.sort(values[place[own[chosen]], place[nearest[chosen]]])

    seen = np.flatnonzero(np.isfinite(to_taxa[np.arange(len(own)), own]))
    drawn = np.random.default_rng([seed, 19]).permutation(len(own))
    drawn = drawn[np.isfinite(other[drawn][:, placed]).any(axis=1)]
    one_a_taxon = drawn[np.unique(place[own[drawn]], return_index=True)[1]]
    return Placement(
        tips, far(nearest_tip(to_taxa, tips), seen), far(nearest_tip(other, tips), one_a_taxon)
    )


def interval_of(far: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return between which distances a new one lies, with a stated confidence.

    Split-conformal: a new specimen's distance is as likely as any to be the largest.

    Parameters
    ----------
    far
        (n,) rising, of specimens that were left out, as those of a `Placement`.
    confidence
        Between 0 and 1.

    Returns
    -------
    tuple
        0 to the largest that is likely; infinite where there are too few to tell.

    Examples
    --------
    >>> interval_of(np.arange(1.0, 20.0), 0.9)
    (0.0, 18.0)
    """
    ranks = allowed_ranks(len(far), confidence)
    return 0.0, float(far[-ranks]) if ranks else float("inf")


def relative_limits(
    placement: Placement, verdict: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return between which patristic distances the relatives of specimens lie.

    Parameters
    ----------
    placement
        What is known of how far specimens are.
    verdict
        (n,) how new each is, in the words of `visgen.naming.novelty`.
    confidence
        Between 0 and 1.

    Returns
    -------
    low, high
        (n,) each, in units of the tree; NaN of no such specimen.
    """
    known, gone = verdict == KNOWN, verdict == NO_SUCH
    of_known, of_new = (
        interval_of(far, confidence) for far in (placement.of_known, placement.of_new)
    )
    low, high = (np.where(known, *ends) for ends in zip(of_known, of_new, strict=True))
    return np.where(gone, np.nan, low), np.where(gone, np.nan, high)
