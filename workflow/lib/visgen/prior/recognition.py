"""How often specimens are named right: rare taxa, and the others."""

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

#: What a specimen's name is the largest of.
BALANCED, AS_COLLECTED, COSINE = SCORINGS = ("balanced", "as_collected", "cosine")


class Trial(NamedTuple):
    """Specimens to be named among the taxa with images.

    Attributes
    ----------
    products
        Of their looks.
    truth
        (n,) position of the true taxon.
    n_images
        (n_taxa,) of training.
    temperature
        Of density scores.
    """

    products: Products
    truth: np.ndarray
    n_images: np.ndarray
    temperature: float

    @property
    def rare(self) -> np.ndarray:
        """(n_taxa,) bool: taxa with one training image."""
        return self.n_images == 1


def trial_of(looks: Looks, specimens: np.ndarray, truth: np.ndarray, temperature: float) -> Trial:
    """Return a trial.

    Parameters
    ----------
    looks
        Of the training images.
    specimens
        (n, n_axes) looks.
    truth
        (n,) names of taxa.
    temperature
        As `visgen.prior.calibrating.fit_temperature` finds it.

    Raises
    ------
    ValueError
        If a specimen's taxon has no training image.
    """
    place = pd.Index(looks.taxa).get_indexer(pd.Index(truth))
    if (place < 0).any():
        absent = np.asarray(truth, dtype=object)[place < 0]
        raise ValueError(
            f"{len(absent)} test specimens are of taxa without a training image, {absent[0]!r} "
            "among them; score those as unseen"
        )
    return Trial(products_of(specimens, looks.means), place, looks.n_images, temperature)


def scores_of(trial: Trial, weights: Weights, scoring: str = BALANCED) -> np.ndarray:
    """Return (n, n_taxa) scores of the specimens of a trial.

    Parameters
    ----------
    trial
        Its specimens.
    weights
        Of the taxa with images, in their order; of others, too, only where nothing but
        `BALANCED` or `COSINE` is asked for.
    scoring
        ``balanced``: log probabilities where taxa are as likely as each other; ``as_collected``:
        where they come as often as in training; ``cosine``: of the angle between looks.
    """
    if scoring == COSINE:
        return cosine_scores(trial.products, weights)
    n_images = trial.n_images if scoring == AS_COLLECTED else None
    return log_probabilities(density_scores(trial.products, weights), trial.temperature, n_images)


def recall_by_taxon(trial: Trial, scores: np.ndarray) -> np.ndarray:
    """Return (n_taxa,) share of a taxon's specimens that are named right; NaN without any."""
    right = credit(scores, scores[np.arange(len(scores)), trial.truth])
    n = np.bincount(trial.truth, minlength=len(trial.n_images))
    hits = np.bincount(trial.truth, right, minlength=len(trial.n_images))
    return np.divide(hits, n, out=np.full(len(n), np.nan), where=n > 0)


def recalls(trial: Trial, weights: Weights, scoring: str = BALANCED) -> dict[str, float]:
    """Return mean recalls: of all taxa, of rare ones (one training image), and of the others.

    Parameters
    ----------
    trial, weights, scoring
        As `scores_of` takes them.

    Returns
    -------
    dict
        all, rare, others; NaN where there is no such taxon with specimens.
    """
    found = recall_by_taxon(trial, scores_of(trial, weights, scoring))
    parts = {"all": np.ones(len(found), bool), "rare": trial.rare, "others": ~trial.rare}
    means = {}
    for part, taken in parts.items():
        values = found[taken & ~np.isnan(found)]
        means[part] = float(values.mean()) if len(values) else np.nan
    return means
