"""How often specimens are named right: of rare taxa, of the others, and of those without images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.looks import Looks
from visgen.prior.posterior import (
    Products,
    Weights,
    cosine_scores,
    credit,
    density_scores,
    log_probabilities,
    products_of,
)
from visgen.prior.relatives import check_once

#: What a specimen's name is the largest of.
BALANCED, AS_COLLECTED, COSINE = SCORINGS = ("balanced", "as_collected", "cosine")


class Trial(NamedTuple):
    """Specimens to be named.

    Attributes
    ----------
    products
        Of their looks.
    truth
        (n,) position of the true taxon.
    n_images
        (n_taxa,) of training; 0 of taxa that are known by their place among relatives alone.
    temperature
        Of density scores.
    """

    products: Products
    truth: np.ndarray
    n_images: np.ndarray
    temperature: float


def trial_of(
    looks: Looks,
    taxa: Sequence[str],
    specimens: np.ndarray,
    truth: Sequence[str],
    temperature: float = 1.0,
) -> Trial:
    """Return a trial.

    Parameters
    ----------
    looks
        Of the training images.
    taxa
        (n_taxa,) names that can be given, as relatives have them.
    specimens
        (n, n_axes) looks.
    truth
        (n,) names.
    temperature
        As `visgen.prior.calibrating.fit_temperature` finds it; cosines need none, nor does the
        order of balanced scores.

    Raises
    ------
    ValueError
        If a taxon occurs twice, or one of training or of a specimen is not among the taxa.
    """
    check_once(taxa, "taxa to name")
    names = pd.Index(list(taxa))
    places = []
    for given, what in ((looks.taxa, "with training images"), (truth, "of test specimens")):
        place = names.get_indexer(pd.Index(list(given)))
        if (place < 0).any():
            absent = list(given)[int(np.argmin(place))]
            raise ValueError(
                f"taxa to name: {absent!r} is not among them, expected all taxa {what}"
            )
        places.append(place)
    n_images = np.zeros(len(names), dtype=int)
    n_images[places[0]] = looks.n_images
    return Trial(products_of(specimens, looks.means), places[1], n_images, temperature)


def scores_of(trial: Trial, weights: Weights, scoring: str = BALANCED) -> np.ndarray:
    """Return (n, n_taxa) scores of the specimens of a trial.

    Parameters
    ----------
    trial
        Its specimens.
    weights
        Of its taxa, in their order.
    scoring
        ``balanced``: log probabilities where taxa are as likely as each other; ``as_collected``:
        where they come as often as in training; ``cosine``: of the angle between looks.

    Notes
    -----
    Cosines lean towards common taxa, whose means are longer for being less noisy; relatives
    steady the means of rare ones, which lose less by it and take specimens from common ones. The
    two others say what they lean towards.
    """
    if scoring == COSINE:
        return cosine_scores(trial.products, weights)
    n_images = trial.n_images if scoring == AS_COLLECTED else None
    return log_probabilities(density_scores(trial.products, weights), trial.temperature, n_images)


def recall_by_taxon(trial: Trial, scores: np.ndarray, first: int = 1) -> np.ndarray:
    """Return (n_taxa,) share of a taxon's specimens that are named right; NaN without any.

    Parameters
    ----------
    trial
        Its specimens.
    scores
        (n, n_taxa), of `scores_of`.
    first
        The right name is among so many of the largest scores.
    """
    right = credit(scores, scores[np.arange(len(scores)), trial.truth], first)
    n = np.bincount(trial.truth, minlength=len(trial.n_images))
    hits = np.bincount(trial.truth, right, minlength=len(trial.n_images))
    return np.divide(hits, n, out=np.full(len(n), np.nan), where=n > 0)


def recalls(trial: Trial, weights: Weights, scoring: str = BALANCED) -> dict[str, float]:
    """Return mean recalls of taxa.

    Parameters
    ----------
    trial, weights, scoring
        As `scores_of` takes them.

    Returns
    -------
    dict
        all: of taxa with training images; rare: with one; others: with more. NaN where no such
        taxon has specimens.
    """
    found = recall_by_taxon(trial, scores_of(trial, weights, scoring))
    n_images = trial.n_images
    parts = {"all": n_images > 0, "rare": n_images == 1, "others": n_images > 1}
    return {part: mean_recall(found, taken) for part, taken in parts.items()}


def mean_recall(found: np.ndarray, taken: np.ndarray) -> float:
    """Return the mean of (n_taxa,) recalls over those that are taken and have one, else NaN."""
    values = found[taken & ~np.isnan(found)]
    return float(values.mean()) if len(values) else np.nan
