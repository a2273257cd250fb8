"""What taxa score by themselves and by their relatives, on specimens that training has not seen."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.evidence import Evidence, evidence_of
from visgen.prior.fitting import PriorFit, fit_prior, nearest_relative, prior_covariance
from visgen.prior.looks import Looks, fit_looks
from visgen.prior.options import TAXONOMY
from visgen.prior.posterior import (
    Products,
    Weights,
    credit,
    posterior_weights,
    products_of,
)
from visgen.prior.relatives import Relatives
from visgen.prior.scoring import beyond
from visgen.prior.training import Specimens


class Asked(NamedTuple):
    """A training part, and the specimens that are named by it.

    Attributes
    ----------
    taxa
        (n_taxa,) candidates, sorted; some may have no training specimen.
    looks
        Of the training specimens.
    evidence
        Of the taxa with training specimens.
    products
        Of the looks of asked specimens with the means of these taxa.
    truth
        (n,) position of each asked specimen's taxon among `taxa`.
    """

    taxa: list[str]
    looks: Looks
    evidence: Evidence
    products: Products
    truth: np.ndarray

    @property
    def n_train(self) -> np.ndarray:
        """(n_taxa,) training specimens."""
        found = np.zeros(len(self.taxa), int)
        found[self.evidence.known] = self.looks.n_images
        return found


def ask(training: Specimens, asked: Specimens, candidates: Sequence[str]) -> Asked:
    """Learn looks from training specimens, and compare others with them.

    Parameters
    ----------
    training
        Specimens of some of the candidates.
    asked
        Specimens of candidates.
    candidates
        Taxa, sorted.

    Raises
    ------
    ValueError, visgen.features.within_covariance.NoSpreadError
        As `visgen.prior.looks.fit_looks`.
    """
    space, looks = fit_looks(training.x, training.taxa)
    products = products_of(space.apply(asked.x), looks.means)
    truth = pd.Index(candidates).get_indexer(asked.taxa)
    return Asked(list(candidates), looks, evidence_of(looks, candidates), products, truth)


def models(relatives: Mapping[str, Relatives]) -> dict[str, list[Relatives]]:
    """Return what is fitted, by name: each source alone, and each but the taxonomy beside it."""
    found = {source: [one] for source, one in relatives.items()}
    if TAXONOMY in relatives:
        found |= {
            beyond(source): [relatives[TAXONOMY], one]
            for source, one in relatives.items()
            if source != TAXONOMY
        }
    return found


def fit_weights(
    asked: Asked, relatives: Sequence[Relatives], first: PriorFit | None = None
) -> tuple[PriorFit, Weights, dict[str, float]]:
    """Fit the prior of one model; return it, the weights of all taxa, and what is told of it."""
    fit = fit_prior(asked.evidence, relatives, first=first)
    prior = prior_covariance(fit, relatives)
    weights = posterior_weights(prior, asked.evidence.n_images, asked.evidence.known)
    last, place = relatives[-1], fit.places[-1]
    told = {
        "own_share": fit.pi,
        "variance": sum(fit.variances) + fit.own,
        "scale": last.scales[place],
        "log_likelihood_gain": fit.log_likelihood - fit.log_likelihood_without,
        "nearest_relative": nearest_relative(prior),
        "n_filled": len(last.filled),
        "clipped": last.clipped[place],
    }
    return fit, weights, told


def right_by_taxon(asked: Asked, scores: np.ndarray) -> pd.Series:
    """Return the share of each taxon's specimens that are named right, index taxon."""
    return by_taxon(asked, credit(scores, true_scores(asked, scores)))


def true_scores(asked: Asked, scores: np.ndarray) -> np.ndarray:
    """Return (n,) scores of the true taxa."""
    return scores[np.arange(len(scores)), asked.truth]


def by_taxon(asked: Asked, values: np.ndarray) -> pd.Series:
    """Return means over the asked specimens of each taxon that has any, index taxon."""
    means = pd.Series(values).groupby(asked.truth).mean()
    return means.set_axis([asked.taxa[i] for i in means.index])
