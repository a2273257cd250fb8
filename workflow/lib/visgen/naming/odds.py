"""Joint odds of lineages from what a head says of their taxa."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from visgen.classification.lineages.joint import joint_logs, log_terms, members
from visgen.classification.lineages.known import Lineages
from visgen.classification.lineages.weights import RankWeights, fit_weights

_COLDEST, _HOTTEST = 1e-2, 1e4


class Pooling(NamedTuple):
    """How logits become joint odds.

    Attributes
    ----------
    temperatures
        By rank that the head has, what its logits are divided by.
    weights
        Of all ranks.
    """

    temperatures: Mapping[str, float]
    weights: RankWeights


def fit_pooling(logits: Mapping[str, np.ndarray], truth: np.ndarray, lineages: Lineages) -> Pooling:
    """Fit one temperature a rank that the head has, then how much each rank counts.

    Parameters
    ----------
    logits
        By rank: (n, n_taxa).
    truth
        (n, n_ranks) number of the true taxon; negative where it is not known.
    lineages
        That can be named.
    """
    temperatures = {
        rank: fit_temperature(values, truth[:, lineages.ranks.index(rank)])
        for rank, values in logits.items()
    }
    terms = log_terms(_odds_by_rank(logits, temperatures, lineages), lineages)
    return Pooling(temperatures, fit_weights(terms, truth, lineages, np.arange(len(truth))))


def lineage_odds(
    logits: Mapping[str, np.ndarray], pooling: Pooling, lineages: Lineages
) -> np.ndarray:
    """Return the probability of each lineage, (n, n_lineages) float64."""
    terms = log_terms(_odds_by_rank(logits, pooling.temperatures, lineages), lineages)
    return np.exp(joint_logs(terms, pooling.weights.exponents))


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature at which the true taxa are most probable; 1 without any.

    Parameters
    ----------
    logits
        (n, n_taxa).
    truth
        (n,) negative where it is not known.
    """
    known = truth >= 0
    if not known.any():
        return 1.0
    own, true = logits[known].astype(float), truth[known]

    def loss(log_temperature: float) -> float:
        found = log_softmax(own / np.exp(log_temperature), axis=1)
        return -float(found[np.arange(len(true)), true].mean())

    # The loss is convex in 1 / T, and so has one valley in log T.
    bounds = np.log(_COLDEST), np.log(_HOTTEST)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _odds_by_rank(
    logits: Mapping[str, np.ndarray], temperatures: Mapping[str, float], lineages: Lineages
) -> dict[str, np.ndarray]:
    """Return probabilities at every rank, (n, n_taxa) each.

    Where the head lacks a rank, each taxon of its finest one shares its probability out equally to
    its lineages, and they are summed.
    """
    found = {
        rank: np.exp(log_softmax(values / temperatures[rank], axis=1))
        for rank, values in logits.items()
    }
    finest = next(rank for rank in reversed(lineages.ranks) if rank in found)
    lacking = [rank for rank in lineages.ranks if rank not in found]
    if lacking:
        place = lineages.places[:, lineages.ranks.index(finest)]
        share = 1 / np.bincount(place[place >= 0], minlength=len(lineages.taxa[finest]))
        of_lineages = np.where(place >= 0, (found[finest] * share)[:, place], 0)
        found |= {rank: of_lineages @ members(lineages, rank) for rank in lacking}
    return {rank: found[rank] for rank in lineages.ranks}
