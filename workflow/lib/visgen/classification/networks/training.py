"""Training a network on features, until validation gets no better."""

import copy
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from visgen.classification.networks.prototypes import Prototypes
from visgen.machine.checkpoints import Checkpoint
from visgen.machine.schedule import seed_of, share_of_rate

log = logging.getLogger(__name__)

HISTORY_COLUMNS = ["seed", "epoch", "learning_rate", "loss", "val_loss", "chosen"]
_BLOCK = 8192  # images asked at a time


def train_network(
    network: nn.Module,
    loss: nn.Module,
    rows_of: Callable[[int], Tensor],
    codes: Tensor,
    batches_of: Callable[[int], list[np.ndarray]],
    val_loss: Callable[[], float],
    checkpoint: Checkpoint,
    *,
    optimiser: str,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    epochs: int,
    patience: int | None,
    mixup: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Train a network in place, or go on where it was stopped; the best epoch is kept.

    The rate falls along a cosine to zero. The best epoch is the one with the least loss of
    validation images; without any it is the last.

    Parameters
    ----------
    network, loss
        As `visgen.classification.networks.modules.RankNetwork` and
        `visgen.classification.networks.losses.RankLosses`, on the device of the features.
    rows_of
        From an epoch to the features that it sees of the training images, (n_images, n_features).
    codes
        (n_images, n_ranks) their taxa.
    batches_of
        From an epoch to the rows of each of its batches.
    val_loss
        Loss of validation images as the network is now, NaN of none.
    checkpoint
        Written after an epoch when it is due.
    optimiser
        One of `visgen.classification.networks.options.OPTIMISERS`.
    learning_rate, momentum, weight_decay, epochs
        Of the training; momentum of ``sgd``. Biases do not decay.
    patience
        Epochs without a better one after which it stops; None goes on.
    mixup
        Both parameters of the beta distribution that shares are drawn from in which two images
        are mixed (Zhang et al. 2018); 0 mixes none.
    seed
        Of mixtures, and of what layers draw.

    Returns
    -------
    list
        One dict an epoch: epoch (from 1), learning_rate, loss, val_loss, chosen.

    Raises
    ------
    ValueError
        If a loss is no number, or the checkpoint is damaged.
    """
    learned = nn.ModuleList([network, loss])
    steps = make_optimiser(learned, optimiser, momentum=momentum, weight_decay=weight_decay)
    state = checkpoint.read() or {"history": [], "best": None}
    if state["history"]:
        learned.load_state_dict(state["learned"])
        steps.load_state_dict(state["optimiser"])
    history, best = state["history"], state["best"]
    device = codes.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for epoch in range(len(history), epochs):
            if _is_done(history, patience):
                break
            x, order = rows_of(epoch), batches_of(epoch)
            n_steps = len(order)
            draw = np.random.default_rng(seed_of(seed, epoch, "mixup"))
            rates = [
                learning_rate * share_of_rate(epoch * n_steps + i, epochs * n_steps, 0)
                for i in range(n_steps)
            ]
            network.train()
            told = torch.zeros(n_steps, device=device)
            for step, (rows, rate) in enumerate(zip(order, rates, strict=True)):
                torch.manual_seed(seed_of(seed, epoch, step))
                for group in steps.param_groups:
                    group["lr"] = rate
                batch = torch.from_numpy(rows).to(device)
                value = _mixed_loss(network, loss, x[batch], codes[batch], mixup, draw)
                steps.zero_grad()
                value.backward()
                steps.step()
                told[step] = value.detach()
            means = told.double().cpu()
            if not means.isfinite().all():
                bad = int(torch.nonzero(~means.isfinite())[0])
                raise ValueError(
                    f"the loss is {means[bad]} in step {bad + 1} of epoch {epoch + 1} at the "
                    f"learning rate {rates[bad]:.3g}; a lower learning_rate may help"
                )
            sizes = torch.tensor([len(rows) for rows in order], dtype=torch.float64)
            row = {
                "epoch": epoch + 1,
                "learning_rate": rates[-1],
                "loss": float((means * sizes).sum() / sizes.sum()),
                "val_loss": val_loss(),
            }
            history.append(row)
            is_best = not row["val_loss"] > min(h["val_loss"] for h in history)
            if is_best:
                best = {"epoch": epoch + 1, "network": copy.deepcopy(network.state_dict())}
            if checkpoint.is_due:
                checkpoint.write({
                    "history": history,
                    "best": best,
                    "learned": learned.state_dict(),
                    "optimiser": steps.state_dict(),
                })  # fmt: skip
    network.load_state_dict(best["network"])
    network.eval()
    log.info("epoch %d of %d is kept", best["epoch"], len(history))
    return [row | {"chosen": row["epoch"] == best["epoch"]} for row in history]


def mean_loss(network: nn.Module, loss: nn.Module, x: Tensor, codes: Tensor) -> float:
    """Return the mean loss of images as they are, NaN of none."""
    network.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(codes), _BLOCK):
            part = slice(start, start + _BLOCK)
            total += float(loss(network(x[part]), codes[part]).double().sum())
    return total / len(codes) if len(codes) else math.nan


def embed(network: nn.Module, x: Tensor) -> Tensor:
    """Return the (n_images, size) embeddings of images as they are."""
    network.eval()
    with torch.no_grad():
        blocks = [network(x[i : i + _BLOCK])[0] for i in range(0, max(len(x), 1), _BLOCK)]
    return torch.cat(blocks)


def prototype_loss(
    prototypes: Prototypes, embeddings: Tensor, codes: Tensor, weights: Sequence[float]
) -> float:
    """Return the mean over images of −log p by prototypes, summed over ranks; NaN of none."""
    if not len(codes):
        return math.nan
    total = embeddings.new_zeros(len(codes))
    for r, log_p in enumerate(prototypes.log_probabilities(embeddings)):
        told = log_p.gather(1, codes[:, r, None].clamp_min(0))[:, 0]
        total -= weights[r] * torch.where(codes[:, r] >= 0, told, 0.0)
    return float(total.double().mean())


def make_optimiser(
    network: nn.Module, name: str, *, momentum: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return an optimiser whose rate is set before each step; biases do not decay.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    weights = [p for p in network.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in network.parameters() if p.requires_grad and p.ndim < 2]
    groups = [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    match name:
        case "adamw":
            return torch.optim.AdamW(groups, lr=0.0)
        case "sgd":
            return torch.optim.SGD(groups, lr=0.0, momentum=momentum)
    raise ValueError(f"optimiser {name!r} is unknown")


def _is_done(history: list[Mapping[str, Any]], patience: int | None) -> bool:
    """Tell whether so many epochs have passed since the best one."""
    losses = [row["val_loss"] for row in history]
    if patience is None or not losses or math.isnan(losses[0]):
        return False
    best = max(i for i, value in enumerate(losses) if value == min(losses))
    return len(losses) - 1 - best >= patience


def _mixed_loss(
    network: nn.Module,
    loss: nn.Module,
    x: Tensor,
    codes: Tensor,
    mixup: float,
    draw: np.random.Generator,
) -> Tensor:
    """Return the mean loss of a batch, each image mixed with another one if need be."""
    if not mixup:
        return loss(network(x), codes).mean()
    share = float(draw.beta(mixup, mixup))
    other = torch.from_numpy(draw.permutation(len(x))).to(x.device)
    logits = network(share * x + (1 - share) * x[other])
    return (share * loss(logits, codes) + (1 - share) * loss(logits, codes[other])).mean()
