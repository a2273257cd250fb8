"""How strong a prior from relatives is, by restricted maximum likelihood."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from visgen.prior.evidence import Evidence
from visgen.prior.relatives import Order, Relatives, in_order
from visgen.signal.variance_components import (
    Likelihood,
    Variances,
    best_variances,
    restricted_likelihood,
)

_SHARE = 0.5  # of what a taxon has of its own that relatives get before the first step
_GAIN = 1e-3  # of the log likelihood, for each axis: less is none
_SAME = 1e-8  # share of information that is rounding
_LEAST = 0.1  # of B before the first step


class PriorFit(NamedTuple):
    """A prior that was fitted: K = Σ B_k C_k + B_own I.

    Attributes
    ----------
    names
        Of the relatives.
    places
        Of the scale of each among its scales.
    scales
        The same as shares of the median distance.
    variances
        B_k of each, on an axis on average, where the images of a taxon vary by 1.
    own
        B_own: what a taxon has of its own.
    log_likelihood, log_likelihood_without
        Restricted; of the fit, and of one without relatives.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    scales: tuple[float, ...]
    variances: tuple[float, ...]
    own: float
    log_likelihood: float
    log_likelihood_without: float

    @property
    def pi(self) -> float:
        """Share of B that relatives know nothing of; 1 where there is no B.

        At the smallest scales C is nearly I, and this share says little: see `nearest_relative`.
        """
        total = sum(self.variances) + self.own
        return self.own / total if total > 0 else 1.0


class _State(NamedTuple):
    places: tuple[int, ...]
    found: Variances


def fit_prior(
    evidence: Evidence,
    relatives: Sequence[Relatives] = (),
    orders: Sequence[Order] | None = None,
    first: PriorFit | None = None,
) -> PriorFit:
    """Fit the variances of each kind of relatives, and their scales.

    The means of taxa covary as V = K + diag(1 / n_images). One kind after the other is added, at
    the scale of the highest likelihood: scales are tried from where the likelihood would rise most
    by one step, and on to a neighbour as long as it rises. Then those of all kinds are looked at
    once more. Deterministic, and quick enough to be done anew for each of many permutations.

    Parameters
    ----------
    evidence
        Of the taxa with images.
    relatives
        All of the same taxa in the same order.
    orders
        Of the taxa, for each kind of relatives.
    first
        A fit of all kinds but the last, in the same orders, so that it is not done again.

    Raises
    ------
    ValueError
        If the covariance of taxa is not positive definite.
    """
    orders = [None] * len(relatives) if orders is None else orders
    known = evidence.known
    kinds = [
        in_order(one.covariances, order, known)
        for one, order in zip(relatives, orders, strict=True)
    ]
    fit = partial(_fit, evidence, kinds)
    squares = evidence.squares
    if first is None:
        spread = np.trace(squares) - squares.sum() / len(squares)
        moment = spread / (evidence.n_axes * (len(squares) - 1))
        start = max(moment - (1 / evidence.n_images).mean(), _LEAST)
        state = fit((), np.array([start]))
        without = state.found.likelihood.value
    else:
        values = np.array([*first.variances, first.own])
        state = _State(first.places, Variances(values, _at(evidence, kinds, first.places, values)))
        without = first.log_likelihood_without
    for kind in kinds[len(state.places) :]:
        state = _add(state, evidence, kind, fit)
    if len(kinds) > 1 and state.found.values[len(kinds) - 1] > 0:  # else no scale has changed
        for which, kind in enumerate(kinds):
            if state.found.values[which] > 0:
                state = _climb(state, which, len(kind), fit, evidence.n_axes)
    *variances, own = map(float, state.found.values)
    return PriorFit(
        tuple(one.name for one in relatives),
        state.places,
        tuple(one.scales[place] for one, place in zip(relatives, state.places, strict=True)),
        tuple(variances),
        own,
        state.found.likelihood.value,
        without,
    )


def prior_covariance(
    fit: PriorFit, relatives: Sequence[Relatives], orders: Sequence[Order] | None = None
) -> np.ndarray:
    """Return (n_taxa, n_taxa) K of a fit, with the arguments of `fit_prior`."""
    orders = [None] * len(relatives) if orders is None else orders
    values = fit.own * np.eye(len(relatives[0].taxa))
    parts = zip(relatives, orders, fit.places, fit.variances, strict=True)
    for one, order, place, variance in parts:
        values += variance * in_order(one.covariances[place], order)
    return values


def own_covariance(fit: PriorFit, n_taxa: int) -> np.ndarray:
    """Return (n_taxa, n_taxa) K of a fit without relatives: means are shrunk, no more."""
    return fit.own * np.eye(n_taxa)


def nearest_relative(prior: np.ndarray) -> float:
    """Return by what share taxa differ less from their nearest relative than from all on average.

    Expected squared differences, a mean over taxa: 0 where relatives tell nothing, whatever the
    scale, 1 where nearest ones look the same.

    Parameters
    ----------
    prior
        (n_taxa, n_taxa) K.
    """
    own = np.diag(prior)
    differences = own[:, None] + own - 2 * prior
    means = differences.sum(axis=1) / (len(prior) - 1)
    np.fill_diagonal(differences, np.inf)
    return float((1 - differences.min(axis=1) / means).mean())


def _chosen(kinds: Sequence[np.ndarray], places: Sequence[int]) -> list[np.ndarray | None]:
    return [*(kind[place] for kind, place in zip(kinds, places, strict=False)), None]


def _at(
    evidence: Evidence, kinds: Sequence[np.ndarray], places: Sequence[int], values: np.ndarray
) -> Likelihood:
    covariances = _chosen(kinds, places)
    noise = 1 / evidence.n_images
    return restricted_likelihood(evidence.squares, evidence.n_axes, noise, covariances, values)


def _fit(
    evidence: Evidence, kinds: Sequence[np.ndarray], places: Sequence[int], start: np.ndarray
) -> _State:
    covariances = _chosen(kinds, places)
    noise = 1 / evidence.n_images
    found = best_variances(evidence.squares, evidence.n_axes, noise, covariances, start)
    return _State(tuple(places), found)


def _add(state: _State, evidence: Evidence, kind: np.ndarray, fit: partial) -> _State:
    """Add relatives where that raises the likelihood, else with a variance of zero."""
    gains = _gains(state.found.likelihood, evidence, kind)
    place = int(np.argmax(gains))
    *others, own = state.found.values
    places = (*state.places, place)
    if gains[place] <= _GAIN * evidence.n_axes:
        return _State(places, state.found._replace(values=np.array([*others, 0.0, own])))
    state = fit(places, np.array([*others, _SHARE * own, (1 - _SHARE) * own]))
    return _climb(state, len(places) - 1, len(kind), fit, evidence.n_axes)


def _gains(here: Likelihood, evidence: Evidence, kind: np.ndarray) -> np.ndarray:
    """Return (n_scales,) how much the likelihood would rise by relatives, by one step from zero.

    As of a score test, with what a taxon has of its own estimated beside.
    """
    projection, n_axes = here.projection, evidence.n_axes
    curved = projection @ evidence.squares @ projection
    gains = np.zeros(len(kind))
    own = n_axes * np.vdot(projection, projection) / 2
    own_slope = (np.trace(curved) - n_axes * np.trace(projection)) / 2  # 0 but for where it stopped
    for i, covariance in enumerate(kind):
        slope = (np.vdot(curved, covariance) - n_axes * np.vdot(projection, covariance)) / 2
        product = projection @ covariance
        both = n_axes * np.vdot(product, projection) / 2
        slope -= both / own * own_slope
        whole = n_axes * np.vdot(product, product.T) / 2
        information = whole - both**2 / own
        # At a small scale C may be I: what a taxon has of its own, and nothing beside.
        if slope > 0 and information > _SAME * whole:
            gains[i] = slope**2 / (2 * information)
    return gains


def _climb(state: _State, which: int, n_scales: int, fit: partial, n_axes: int) -> _State:
    """Move one scale to its neighbours as long as the likelihood rises."""
    for side in (-1, 1):
        moved = False
        while 0 <= (place := state.places[which] + side) < n_scales:
            places = (*state.places[:which], place, *state.places[which + 1 :])
            tried = fit(places, state.found.values)
            least = state.found.likelihood.value + _GAIN * n_axes
            if tried.found.likelihood.value <= least:
                break
            state, moved = tried, True
        if moved:
            break
    return state
