"""The steps of an epoch: cross-entropy and a metric loss, by stochastic gradient descent."""

from collections.abc import Iterator, Sequence

import torch
from timm.optim import param_groups_weight_decay
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


def sgd(network: nn.Module, *, momentum: float, weight_decay: float) -> torch.optim.SGD:
    """Return SGD over a network; biases and normalisation layers do not decay."""
    # The rate is set before each step.
    groups = param_groups_weight_decay(network, weight_decay)
    return torch.optim.SGD(groups, lr=0.0, momentum=momentum)


def summing_device(device: torch.device) -> torch.device:
    """Return where float64 sums of what a device computes are kept.

    On the device itself: fetching terms would wait for every step of a GPU. But MPS has no float64.
    """
    return torch.device("cpu") if device.type == "mps" else device


def train_epoch(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    metric_loss: nn.Module,
    batches: Iterator[tuple[Tensor, Tensor]],
    *,
    rates: Sequence[float],
    loss_weight: float,
    dtype: torch.dtype,
    seeds: Sequence[int],
) -> dict[str, float]:
    """Take one step for each batch.

    Parameters
    ----------
    network
        From inputs to embeddings and logits, in training mode.
    optimiser
        Of its parameters.
    metric_loss
        As `visgen.visual_genetic.regimes.losses.make_metric_loss` makes it.
    batches
        What the network takes, (batch, ...), and taxa, (batch,) int64.
    rates, seeds
        Learning rate of each step, and the seed of what its layers draw.
    loss_weight
        Of the metric loss beside cross-entropy.
    dtype
        Arithmetic of the forward pass; losses are float32.

    Returns
    -------
    dict
        loss, cross_entropy, metric_loss and accuracy, means over the images.
    """
    sums = torch.zeros(4, dtype=torch.float64)
    n_images = 0
    for (inputs, taxa), rate, seed in zip(batches, rates, seeds, strict=True):
        torch.manual_seed(seed)
        for group in optimiser.param_groups:
            group["lr"] = rate
        kind = inputs.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=dtype == torch.bfloat16):
            embeddings, logits = network(inputs)
        entropy = cross_entropy(logits.float(), taxa)
        metric = metric_loss(embeddings.float(), taxa)
        loss = entropy + loss_weight * metric
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        hits = (logits.argmax(1) == taxa).float().mean()
        terms = torch.stack([loss.detach(), entropy.detach(), metric.detach(), hits])
        place = summing_device(terms.device)
        sums = sums.to(place) + len(taxa) * terms.to(place)
        n_images += len(taxa)
    names = ("loss", "cross_entropy", "metric_loss", "accuracy")
    return dict(zip(names, (sums / n_images).tolist(), strict=True))
