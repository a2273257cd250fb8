"""Joint probabilities of lineages, from what independent classifiers say at each rank."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from visgen.classification.lineages.known import Lineages
from visgen.classification.predictions import LABELS

#: A probability counts as no less than this share of what chance gives: trees say 0 of taxa that
#: few of them saw, and one 0 would rule out a lineage that all other ranks agree on.
FLOOR = 0.01


def log_terms(odds: Mapping[str, np.ndarray], lineages: Lineages) -> np.ndarray:
    """Return what each rank says of each lineage.

    Parameters
    ----------
    odds
        By rank: (n_images, n_taxa) probabilities of its taxa, of the same images in one order.
    lineages
        Of these ranks and taxa.

    Returns
    -------
    ndarray
        (n_images, n_ranks, n_lineages) float32, log-probability of the lineage's taxon. Where a
        lineage has no name at a rank, it gets there what the most probable of the lineages with
        fewest gaps has (all ranks counting alike), so that the two are compared at the ranks that
        they share.
    """
    n_images = len(odds[lineages.ranks[0]])
    terms = np.empty((n_images, len(lineages.ranks), len(lineages)), np.float32)
    for r, rank in enumerate(lineages.ranks):
        logs = np.log(np.maximum(odds[rank], FLOOR / odds[rank].shape[1]))
        terms[:, r] = logs[:, lineages.places[:, r]]
    gaps = lineages.places < 0
    if not gaps.any():
        return terms
    n_gaps = gaps.sum(axis=1)
    fullest = np.flatnonzero(n_gaps == n_gaps.min())
    named = ~gaps[fullest].any(axis=0)  # ranks at which all of these have a name
    best = fullest[terms[:, named][:, :, fullest].sum(axis=1).argmax(axis=1)]
    for r in np.flatnonzero(gaps.any(axis=0)):
        own = terms[np.arange(n_images), r, best]
        fill = own if named[r] else terms[:, r, ~gaps[:, r]].max(axis=1)
        terms[:, r, gaps[:, r]] = fill[:, None]
    return terms


def joint_logs(terms: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return log p(lineage), p ∝ exp(Σ_r w_r log p_r), (n_images, n_lineages).

    A logarithmic opinion pool (Genest & Zidek 1986). Ranks are nested, so they tell the same
    evidence several times: the weights say how much each one counts, the temperature is in them.

    Parameters
    ----------
    terms
        As `log_terms` returns them.
    weights
        (n_ranks,), none negative.
    """
    pooled = sum(w * terms[:, r].astype(float) for r, w in enumerate(weights))
    return log_softmax(pooled, axis=1)


def members(lineages: Lineages, rank: str) -> np.ndarray:
    """Return which lineages belong to which taxon of a rank, (n_lineages, n_taxa) float32."""
    place = lineages.places[:, lineages.ranks.index(rank)]
    belongs = np.zeros((len(lineages), len(lineages.taxa[rank])), np.float32)
    named = np.flatnonzero(place >= 0)
    belongs[named, place[named]] = 1
    return belongs


def marginals(probabilities: np.ndarray, lineages: Lineages) -> dict[str, np.ndarray]:
    """Return the probability of each taxon, summed over its lineages.

    Parameters
    ----------
    probabilities
        (n_images, n_lineages).

    Returns
    -------
    dict
        By rank (n_images, n_taxa). Rows sum to less than one where lineages have no name at the
        rank.
    """
    return {rank: probabilities @ members(lineages, rank) for rank in lineages.ranks}


def odds_of(table: pd.DataFrame) -> np.ndarray:
    """Return the probabilities of a predictions table, (n_images, n_taxa)."""
    return table.iloc[:, len(LABELS) :].to_numpy(np.float32)
