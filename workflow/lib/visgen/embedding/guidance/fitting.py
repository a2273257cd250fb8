"""Fitting an embedding to the phylogenetic distances of known taxa."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.embedding.guidance.bags import Bags
from visgen.embedding.guidance.descent import descend
from visgen.embedding.guidance.losses import AffineStress, Constants, make_loss, pairs_between
from visgen.embedding.guidance.models import build_model
from visgen.embedding.guidance.vectors import centre_on, cosine_similarity
from visgen.embedding.guidance.watching import pick_watched
from visgen.scikit_bio import DistanceMatrix

log = logging.getLogger(__name__)


class Fit(NamedTuple):
    """A fitted embedding and how it came about.

    Attributes
    ----------
    model
        The parameters of the epoch with the smallest watched loss, of the last one where no
        taxon was watched.
    history
        Epoch (0: before fitting), loss, watched_loss (null where none was watched).
    epoch
        The epoch that was kept.
    constants
        Losses of constant predictors over the same pairs as `history.loss`.
    watched
        Taxa that only told when to stop.
    penalty
        That on what was learned.
    """

    model: nn.Module
    history: pd.DataFrame
    epoch: int
    constants: Constants
    watched: tuple[str, ...]
    penalty: float


def fit_guidance(
    bags: Bags,
    distances: np.ndarray,
    known: np.ndarray,
    guidance: Mapping[str, Any],
    *,
    groups: np.ndarray | None = None,
    scores: str,
    centre: bool,
    seed: int,
) -> Fit:
    """Fit how images are weighted, and how pooled vectors are changed, to distances of known taxa.

    Bags of other taxa are never in a loss, nor in anything that is taken from the data.

    Parameters
    ----------
    bags
        Of all taxa, on the device to use.
    distances
        (n_taxa, n_taxa), phylogenetic, in the order of the bags.
    known
        (n_taxa,) bool: the taxa to learn from, at least `MIN_TAXA`.
    guidance
        projection (none, linear, two_layer), components, hidden, loss, largest, optimiser
        (lbfgs, adam), epochs, learning_rate, penalty (a list is chosen from, by the
        smallest watched loss), watched (share of the known taxa that only tell when to stop),
        patience (epochs without a smaller watched loss).
    groups
        (n_taxa,), number of each taxon's group, of which whole ones are watched; None watches
        single taxa.
    scores
        ``equal``, ``attention`` or ``gated_attention``.
    centre
        Whether the mean of the known taxa is subtracted before cosines are taken.
    seed
        Of what is drawn: the watched taxa and hidden layers.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        If fewer than `MIN_TAXA` taxa are known.
    """
    check_known(known)
    target = torch.tensor(distances).to(bags.features)

    def fit(penalty: float) -> Fit:
        model = build_model(bags, known, guidance, scores, seed).to(bags.features.device)
        return fit_model(
            model,
            lambda: model(bags),
            None,
            target,
            bags.taxa,
            known,
            guidance | {"penalty": penalty},
            groups=groups,
            centre=centre,
            seed=seed,
        )

    penalties = guidance["penalty"]
    fits = [fit(penalty) for penalty in np.atleast_1d(penalties).tolist()]
    # Where nothing was watched there is nothing to choose by: then the first.
    return min(fits, key=lambda fit: np.nan_to_num(fit.history["watched_loss"].min(), nan=np.inf))


def fit_model(
    model: nn.Module,
    look: Callable[[], Tensor],
    glimpse: Callable[[], Tensor] | None,
    target: Tensor,
    taxa: Sequence[str],
    known: np.ndarray,
    guidance: Mapping[str, Any],
    *,
    groups: np.ndarray | None = None,
    centre: bool,
    seed: int,
) -> Fit:
    """Fit whatever makes vectors of taxa to the distances of known ones.

    Parameters
    ----------
    model
        What is learned; its `departure()` is what the penalty multiplies.
    look
        Returns the vectors of all taxa as they are now, (n_taxa, n_features).
    glimpse
        Returns them from a part of the images, drawn anew in every step, where all are too many
        to learn from at once; what is recorded, and when to stop, still hangs on `look`. None
        learns from `look`.
    target
        (n_taxa, n_taxa), phylogenetic distances, of the type and on the device of the vectors.
    taxa
        Names, in the order of the distances.
    known, groups, guidance, centre, seed
        As in `fit_guidance`, but for one penalty.
    """
    watched = pick_watched(known, groups, guidance["watched"], seed)
    everyone, fitted, seen_only = (
        torch.tensor(which, device=target.device) for which in (known, known & ~watched, watched)
    )
    pairs, watch = pairs_between(fitted, fitted), pairs_between(seen_only, everyone)
    loss = make_loss(guidance["loss"], target, pairs, guidance["largest"]).to(target)

    def compare(vectors: Tensor) -> Tensor:
        return cosine_similarity(centre_on(vectors, everyone) if centre else vectors)

    def measure() -> tuple[Tensor, Tensor, Tensor]:
        with nullcontext() if glimpse is None else torch.no_grad():
            similarity = compare(look())
            over_fitted = loss(similarity, target, pairs)
        with torch.no_grad():
            nothing = torch.tensor(torch.nan)
            over_watched = loss(similarity, target, watch) if watched.any() else nothing
        if glimpse is None:
            return over_fitted, over_fitted, over_watched
        return loss(compare(glimpse()), target, pairs), over_fitted, over_watched

    if isinstance(loss, AffineStress):
        with torch.no_grad():
            loss.start(compare(look()), target, pairs)
    history, epoch = descend(model, loss, measure, guidance, no_watched=not watched.any())
    return Fit(
        model,
        history,
        epoch,
        loss.constants(target, pairs),
        tuple(np.array(taxa)[watched]),
        guidance["penalty"],
    )


def check_known(known: np.ndarray) -> None:
    """Check that there are taxa enough to learn from.

    Raises
    ------
    ValueError
        If fewer than `MIN_TAXA` taxa are known.
    """
    if (n_known := int(known.sum())) < MIN_TAXA:
        raise ValueError(
            f"{n_known} taxa have images and phylogenetic distances, expected at least {MIN_TAXA} "
            "to be guided by; leave the guidance out"
        )


def in_bag_order(distances: DistanceMatrix, bags: Bags) -> np.ndarray:
    """Return the distances between the taxa of bags, (n_taxa, n_taxa), matched by name."""
    return np.ascontiguousarray(distances.filter(bags.taxa).data)


def summarise(fit: Fit, known: np.ndarray) -> dict:
    """Return one row on a fit: losses before and after, beside those of constants."""
    before, after = fit.history.iloc[0], fit.history.iloc[fit.epoch]
    return {
        "n_known": int(known.sum()),
        "n_watched": len(fit.watched),
        "epoch": fit.epoch,
        "penalty": fit.penalty,
        "loss_before": before["loss"],
        "loss": after["loss"],
        "watched_loss_before": before["watched_loss"],
        "watched_loss": after["watched_loss"],
        "loss_of_zero": fit.constants.zero,
        "loss_of_constant": fit.constants.best,
    }
