"""Train projection and head, with an encoder or without: cross-entropy and a metric loss."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from visgen.machine.checkpoints import Checkpoint
from visgen.machine.schedule import seed_of, share_of_rate
from visgen.machine.taxon_batches import taxon_batches
from visgen.visual_genetic.regimes.losses import make_metric_loss
from visgen.visual_genetic.regimes.steps import sgd, train_epoch
from visgen.visual_genetic.regimes.weight_balancing import project_layers, row_norms

#: Keys of `pretraining` that are handed to `train_network` as they are.
TRAINING_OPTIONS = (
    *("epochs", "batch_size", "per_taxon", "learning_rate", "momentum"),
    *("loss", "loss_weight", "distance", "epsilon", "margin"),
)

#: Packages whose versions decide the weights.
SOFTWARE = ("torch", "torchvision", "timm", "pytorch-metric-learning")

#: Raised when this code comes to learn other weights from the same images.
REVISION = 3

#: Means that the log tells.
TOLD = ("loss", "accuracy")

log = logging.getLogger(__name__)


def software() -> dict[str, str]:
    """Return the versions of packages that decide the weights."""
    return {name: version(name) for name in SOFTWARE}


def train_network(
    network: nn.Module,
    show: Callable[[Sequence[np.ndarray], Sequence[int]], Iterator[Tensor]],
    rows: np.ndarray,
    taxa: np.ndarray,
    checkpoint: Checkpoint,
    *,
    val_accuracy: Callable[[], float],
    epochs: int,
    batch_size: int,
    per_taxon: int,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    norm_share: float | None,
    loss: str,
    loss_weight: float,
    distance: str,
    epsilon: float,
    margin: float,
    dtype: torch.dtype,
    seed: int,
) -> dict[str, list[Any]]:
    """Train a network in place, or go on after the last epoch of a training that was killed.

    SGD with momentum, its learning rate along a cosine to zero. The last epoch is taken: nothing
    is chosen by validation or test images. For an epoch see
    `visgen.machine.taxon_batches.taxon_batches`.

    Parameters
    ----------
    network
        `visgen.visual_genetic.regimes.network.MetricNetwork` or `FrozenNetwork`, on its device, in
        training mode.
    show
        From the rows of each batch, and a seed each, to what the network takes.
    rows, taxa
        (n_training_images,) integers: rows of the images, and their taxa as rows of the head.
    checkpoint
        Written after every epoch.
    val_accuracy
        Accuracy of the head on validation images, NaN where there are none.
    epochs, batch_size, per_taxon, learning_rate, momentum, weight_decay, seed
        Of the training.
    norm_share
        Of MaxNorm on projection and head after every epoch, see
        `visgen.visual_genetic.regimes.weight_balancing.project_layers`; None leaves them alone.
    loss, distance, epsilon, margin
        As in `visgen.visual_genetic.regimes.losses.make_metric_loss`.
    loss_weight, dtype
        As in `visgen.visual_genetic.regimes.steps.train_epoch`.

    Returns
    -------
    dict
        history: one dict an epoch; norms: one list an epoch, norms of the head's rows.

    Raises
    ------
    ValueError
        If the loss is no number, or the checkpoint is damaged.
    """
    optimiser = sgd(network, momentum=momentum, weight_decay=weight_decay)
    state = checkpoint.read() or {"history": [], "norms": []}
    done = len(state["history"])
    if done:
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
    metric_loss = make_metric_loss(loss, distance=distance, epsilon=epsilon, margin=margin)
    labels = torch.from_numpy(taxa)
    device = network.head.weight.device
    layers = [*(part for part in network.projection if isinstance(part, nn.Linear)), network.head]
    # Networks with dropout draw while they train.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for epoch in range(done, epochs):
            batches = taxon_batches(
                taxa, batch_size=batch_size, per_taxon=per_taxon, seed=seed, epoch=epoch
            )
            n_steps = len(batches)
            seeds = [seed_of(seed, epoch, step) for step in range(n_steps)]
            shares = [
                share_of_rate(epoch * n_steps + i, epochs * n_steps, 0) for i in range(n_steps)
            ]
            shown = show([rows[batch] for batch in batches], seeds)
            means = train_epoch(
                network,
                optimiser,
                metric_loss,
                (
                    (inputs, labels[batch].to(device))
                    for inputs, batch in zip(shown, batches, strict=True)
                ),
                rates=[learning_rate * share for share in shares],
                loss_weight=loss_weight,
                dtype=dtype,
                seeds=seeds,
            )
            if not math.isfinite(means["loss"]):
                raise ValueError(
                    f"the loss is {means['loss']} in epoch {epoch + 1} of {epochs}; a lower "
                    "visual_genetic.pretraining.learning_rate may help"
                )
            if norm_share is not None:
                project_layers(layers, norm_share)
            means |= {"learning_rate": learning_rate * shares[-1], "val_accuracy": val_accuracy()}
            state["history"].append(means)
            state["norms"].append(row_norms(network.head).tolist())
            log.info("epoch %d: loss %.4f, accuracy %.3f", epoch + 1, *map(means.get, TOLD))
            checkpoint.write(
                state | {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            )
    return {"history": state["history"], "norms": state["norms"]}
