"""Taxa without any image, named by their place among relatives alone."""

import numpy as np

from visgen.prior.posterior import Weights
from visgen.prior.recognition import COSINE, Trial, mean_recall, recall_by_taxon, scores_of

FIRST = 5


def unseen_recalls(trial: Trial, weights: Weights, scoring: str = COSINE) -> dict[str, float]:
    """Return how often specimens of taxa without images are named right, a mean over these taxa.

    Parameters
    ----------
    trial
        With specimens of taxa without training images; what others it has is left out.
    weights
        Of its taxa.
    scoring
        ``cosine``: the look that relatives foretell is as good as any. ``balanced``: it is known
        to be vague, so that what looks like no known taxon is named after an unseen one; how many
        specimens of known taxa that costs, `visgen.prior.recognition.recalls` says.

    Returns
    -------
    dict
        among_unseen: the true taxon has the largest score of those without images; among_all: of
        all; first_five: one of the five largest of all. NaN without such specimens.
    """
    unseen = trial.n_images == 0
    found = unseen_by_taxon(trial, weights, scoring)
    return {key: mean_recall(of_taxa, unseen) for key, of_taxa in found.items()}


def unseen_by_taxon(trial: Trial, weights: Weights, scoring: str) -> dict[str, np.ndarray]:
    """Return the same of each taxon, (n_taxa,); NaN of those without specimens."""
    unseen = trial.n_images == 0
    scores = scores_of(trial, weights, scoring)
    others = np.where(unseen, scores, -np.inf)
    return {
        "among_unseen": recall_by_taxon(trial, others),
        "among_all": recall_by_taxon(trial, scores),
        "first_five": recall_by_taxon(trial, scores, FIRST),
    }


def chance_recalls(n_unseen: int, n_taxa: int) -> dict[str, float]:
    """Return what naming at random gives, with the keys of `unseen_recalls`."""
    first = min(FIRST, n_taxa)
    return {"among_unseen": 1 / n_unseen, "among_all": 1 / n_taxa, "first_five": first / n_taxa}
