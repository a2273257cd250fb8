"""Minimising a loss with early stopping: the loop that all guidance goes through."""

import copy
import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from visgen.embedding.guidance.options import OPTIMISERS

log = logging.getLogger(__name__)

_FLAT = 1e-10  # relative change of the loss that counts as none, for L-BFGS


def descend(
    model: nn.Module,
    loss: nn.Module,
    measure: Callable[[], tuple[Tensor, Tensor, Tensor]],
    guidance: Mapping[str, Any],
    *,
    no_watched: bool,
) -> tuple[pd.DataFrame, int]:
    """Minimise loss and penalty; leave the best epoch's parameters in the model.

    A fit whose loss runs away to infinity ends there; what it had before is kept.

    Parameters
    ----------
    model
        What is learned; its `departure()` is what the penalty multiplies.
    loss
        Its own parameters, where it has any, are learned along.
    measure
        Returns three scalars: the loss to descend on, and those over fitted and watched taxa.
    guidance
        optimiser, learning_rate, epochs, penalty and patience, as in
        `visgen.embedding.guidance.fitting.fit_guidance`.
    no_watched
        Whether no taxon is watched: then the last epoch is the best.

    Returns
    -------
    history
        Columns epoch (0: before fitting), loss and watched_loss.
    epoch
        The one whose parameters the model has.

    Raises
    ------
    ValueError
        If the optimiser is unknown, or the loss is not finite before the first step.
    """
    optimiser = _optimiser([*model.parameters(), *loss.parameters()], guidance)
    rows: list[tuple[float, float]] = []
    best, best_epoch, best_watched = copy.deepcopy(model.state_dict()), 0, np.inf

    def closure() -> Tensor:
        nonlocal seen
        optimiser.zero_grad()
        slope_loss, fit_loss, watched_loss = measure()
        if seen is None:  # the first of an epoch: the parameters that the last one left
            seen = fit_loss.item(), watched_loss.item()
        total = slope_loss + guidance["penalty"] * model.departure()
        total.backward()
        return total

    for epoch in range(guidance["epochs"] + 1):
        seen = None
        before = copy.deepcopy(model.state_dict())
        optimiser.step(closure)
        if not (np.isfinite(seen[0]) and (no_watched or np.isfinite(seen[1]))):
            if epoch == 0:
                raise ValueError("the loss of the unguided vectors is not finite")
            log.warning("the loss is not finite at epoch %d: kept epoch %d", epoch, best_epoch)
            break
        rows.append(seen)
        watched_loss = seen[1]
        if no_watched or watched_loss < best_watched:
            best, best_epoch, best_watched = before, epoch, watched_loss
        elif epoch - best_epoch >= guidance["patience"]:
            break
        if guidance["optimiser"] == "lbfgs" and _is_flat(rows):
            break
    model.load_state_dict(best)
    history = pd.DataFrame(rows, columns=["loss", "watched_loss"]).rename_axis("epoch")
    return history.reset_index(), best_epoch


def _optimiser(learned: list[nn.Parameter], guidance: Mapping[str, Any]) -> torch.optim.Optimizer:
    match guidance["optimiser"]:
        case "adam":
            return torch.optim.Adam(learned, lr=guidance["learning_rate"])
        case "lbfgs":
            return torch.optim.LBFGS(
                learned, lr=1.0, max_iter=1, max_eval=20, line_search_fn="strong_wolfe"
            )
        case other:
            raise ValueError(f"optimiser is {other!r}, expected one of {', '.join(OPTIMISERS)}")


def _is_flat(rows: list[tuple[float, float]]) -> bool:
    return len(rows) > 5 and abs(rows[-6][0] - rows[-1][0]) <= _FLAT * abs(rows[-1][0])
