"""Training specimens, others that are named by them, and what is fitted to name them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.calibrating import fit_temperature
from visgen.prior.evidence import Evidence, evidence_of
from visgen.prior.fitting import (
    PriorFit,
    fit_prior,
    nearest_relative,
    own_covariance,
    prior_covariance,
)
from visgen.prior.looks import fit_looks
from visgen.prior.options import TAXONOMY
from visgen.prior.permuting import Measure, measure_orders
from visgen.prior.posterior import Weights, posterior_weights
from visgen.prior.recognition import Trial, trial_of
from visgen.prior.relatives import Relatives
from visgen.prior.scoring import NOTHING, beyond
from visgen.prior.training import Specimens

#: From taxa to how they covary by each source.
RelativesOf = Callable[[Sequence[str]], Mapping[str, Relatives]]
#: What is told of each fit.
FIT_COLUMNS = ["relatives", "own_share", "variance", "scale", "log_likelihood_gain"]
FIT_COLUMNS += ["nearest_relative", "n_filled", "clipped"]


class Asked(NamedTuple):
    """A training part, and the specimens that are named by it.

    Attributes
    ----------
    taxa
        (n_taxa,) names that can be given, sorted; some may have no training specimen.
    evidence
        Of the taxa with training specimens.
    trial
        The asked specimens.
    names
        (n,) of these specimens.
    """

    taxa: list[str]
    evidence: Evidence
    trial: Trial
    names: np.ndarray


def ask(
    training: Specimens, others: Specimens, taxa: Sequence[str], *, calibrated: bool = False
) -> Asked:
    """Learn looks from training specimens, and compare others with them.

    Parameters
    ----------
    training
        Specimens of some of the taxa.
    others
        To be named; those of other taxa are left out.
    taxa
        Names that can be given.
    calibrated
        Whether a temperature is fitted, which only scores as collected need.

    Raises
    ------
    ValueError, visgen.features.within_covariance.NoSpreadError
        As `visgen.prior.looks.fit_looks`.
    """
    space, looks = fit_looks(training.x, training.taxa)
    chosen = others.of(np.isin(others.taxa, taxa))
    temperature = fit_temperature(training.x, training.taxa) if calibrated else 1.0
    trial = trial_of(looks, taxa, space.apply(chosen.x), chosen.taxa, temperature)
    return Asked(list(taxa), evidence_of(looks, taxa), trial, chosen.names)


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


def all_weights(
    asked: Asked, fitted: Mapping[str, Sequence[Relatives]]
) -> Iterator[tuple[str, Weights, dict[str, Any] | None]]:
    """Yield name, weights and what is told of the fit: without relatives, then of every model.

    Without relatives the means of taxa are shrunk towards the general one, by as much as their
    numbers of specimens ask for.
    """
    n_images, known = asked.evidence.n_images, asked.evidence.known
    own = own_covariance(fit_prior(asked.evidence), len(asked.taxa))
    yield NOTHING, posterior_weights(own, n_images, known), None
    first: dict[str, PriorFit] = {}
    for name, kinds in fitted.items():
        # A second source is added to the fit of the first.
        fit = fit_prior(asked.evidence, kinds, first=first[name] if len(kinds) > 1 else None)
        first |= {other: fit for other in fitted if fitted[other][:-1] == kinds}
        prior = prior_covariance(fit, kinds)
        last, place = kinds[-1], fit.places[-1]
        told = {
            "own_share": fit.pi,
            "variance": sum(fit.variances) + fit.own,
            "scale": last.scales[place],
            "log_likelihood_gain": fit.log_likelihood - fit.log_likelihood_without,
            "nearest_relative": nearest_relative(prior),
            "n_filled": len(last.filled),
            "clipped": last.clipped[place],
        }
        yield name, posterior_weights(prior, n_images, known), told


def named_taxa(asked: Asked, found: np.ndarray) -> pd.Series:
    """Return (n_taxa,) numbers of taxa by name, without those that are not defined."""
    return pd.Series(found, asked.taxa).dropna()


def rows_of(
    part: str, asked: Asked, name: str, evaluator: str, measure: str, found: np.ndarray
) -> Iterator[tuple]:
    """Yield rows of the table of taxa, without seed, of those whose number is defined."""
    n_train = pd.Series(asked.trial.n_images, asked.taxa)
    n_asked = pd.Series(np.bincount(asked.trial.truth, minlength=len(asked.taxa)), asked.taxa)
    for taxon, value in named_taxa(asked, found).items():
        yield part, n_train[taxon], taxon, name, evaluator, measure, n_asked[taxon], value


def refit_rows(
    asked: Asked,
    kinds: Sequence[Relatives],
    orders: np.ndarray,
    measure: Measure,
    null: str,
    name: str,
    part: str,
) -> Iterator[tuple]:
    """Yield rows of the table of refits, without values that are not defined."""
    found = measure_orders(asked.evidence, kinds, orders, measure)
    apart = ("pi", "nearest_relative", "scale", "log_likelihood")
    for metric in found.columns.difference(apart, sort=False):
        for number, value in enumerate(found[metric].to_numpy()[1:], start=1):
            if not np.isnan(value):
                yield null, name, number, part, metric, value
