"""Weight balancing for long-tailed data (Alshammari et al. 2022): even norms of class weights."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from visgen.machine.schedule import seed_of, share_of_rate

_TINY = torch.finfo(torch.float32).tiny


class HeadEpoch(NamedTuple):
    """One epoch of training a head: means over images, last learning rate, the rows' norms."""

    loss: float
    accuracy: float
    learning_rate: float
    norms: np.ndarray


def row_norms(layer: nn.Linear) -> Tensor:
    """Return the Euclidean norms of a layer's weight rows, (out_features,)."""
    return layer.weight.detach().float().norm(dim=1)


def max_norm_radius(norms: Tensor, share: float) -> Tensor:
    """Return the largest norm allowed: min + share * (max - min) of norms (..., n_rows), (...,).

    Alshammari et al. have a share of 0.1.
    """
    low, high = norms.amin(-1), norms.amax(-1)
    return low + share * (high - low)


@torch.no_grad()
def project_rows(weight: Tensor, radius: Tensor) -> None:
    """Shorten, in place, the weight rows that are longer than the radius (MaxNorm).

    Parameters
    ----------
    weight
        (..., n_rows, n_columns).
    radius
        (...,): of each layer.
    """
    norms = weight.norm(dim=-1, keepdim=True)  # (..., n_rows, 1)
    weight.mul_((radius[..., None, None] / norms.clamp(min=_TINY)).clamp(max=1))


def project_layers(layers: Iterable[nn.Linear], share: float) -> None:
    """Shorten each layer's longest rows, to the radius that its own rows give."""
    for layer in layers:
        project_rows(layer.weight, max_norm_radius(row_norms(layer), share))


def class_balanced_weights(n_images: Iterable[int], beta: float) -> np.ndarray:
    """Return the weight of each taxon in a class-balanced loss (Cui et al. 2019), (n_taxa,).

    It is proportional to (1 - beta) / (1 - beta ** n), the inverse of an effective number of
    images. Cui et al. let the weights sum to the number of classes; here their mean over all
    images is 1, so that a loss keeps its scale, and a learning rate its meaning, however long the
    tail is.

    Parameters
    ----------
    n_images
        Of each taxon, 1 or more.
    beta
        From 0 (no weights) to below 1 (towards one over the number of images).
    """
    n_images = np.asarray(list(n_images))
    weights = (1 - beta) / (1 - beta ** n_images.astype(float))
    return weights * n_images.sum() / (n_images * weights).sum()


def balance_head(
    head: nn.Linear,
    embeddings: Tensor,
    taxa: Tensor,
    *,
    beta: float,
    weight_decay: float,
    epochs: int,
    learning_rate: float,
    norm_share: float,
    momentum: float,
    batch_size: int,
    seed: int,
) -> Iterator[HeadEpoch]:
    """Train a head, in place, on embeddings that stay as they are: their second stage.

    Class-balanced cross-entropy, SGD along a cosine to zero, weight decay on weights alone, and
    MaxNorm after every epoch with the radius of the rows that it starts from.

    Parameters
    ----------
    head
        From embeddings to logits, as the first stage left it.
    embeddings, taxa
        (n_images, size) float32, and (n_images,) int64, on the head's device.
    beta
        As in `class_balanced_weights`.
    weight_decay, epochs, learning_rate, momentum, batch_size
        Of SGD; the learning rate is its largest. Every image is seen once an epoch.
    norm_share
        As in `max_norm_radius`.
    seed
        Of the order.

    Yields
    ------
    HeadEpoch
        After each epoch, while the head is as that epoch left it.

    Raises
    ------
    ValueError
        If the loss is no number.
    """
    n_taxa = head.out_features
    counts = torch.bincount(taxa.cpu(), minlength=n_taxa).numpy()
    weights = torch.tensor(class_balanced_weights(counts, beta), dtype=torch.float32)
    weights = weights.to(embeddings.device)  # (n_taxa,)
    radius = max_norm_radius(row_norms(head), norm_share)
    optimiser = torch.optim.SGD(
        [
            {"params": [head.weight], "weight_decay": weight_decay},
            {"params": [head.bias], "weight_decay": 0.0},
        ],
        lr=learning_rate,
        momentum=momentum,
    )
    n_batches = -(-len(taxa) // batch_size)
    for epoch in range(epochs):
        draw = np.random.default_rng(seed_of(seed, epoch, "head"))
        order = torch.from_numpy(draw.permutation(len(taxa))).to(embeddings.device)
        total, hits = 0.0, 0
        for step, rows in enumerate(order.tensor_split(n_batches)):
            share = share_of_rate(epoch * n_batches + step, epochs * n_batches, 0)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate * share
            logits, truth = head(embeddings[rows]), taxa[rows]
            # Not the library's weighted mean, whose unit would be another in every batch.
            losses = weights[truth] * cross_entropy(logits, truth, reduction="none")
            optimiser.zero_grad()
            losses.mean().backward()
            optimiser.step()
            total += losses.sum().item()
            hits += (logits.argmax(1) == truth).sum().item()
        if not math.isfinite(total):
            raise ValueError(
                f"the head's loss is {total} in epoch {epoch + 1} of {epochs}; a lower "
                "visual_genetic.balancing.learning_rate may help"
            )
        project_rows(head.weight, radius)
        n = len(taxa)
        norms = row_norms(head).cpu().numpy()
        yield HeadEpoch(total / n, hits / n, learning_rate * share, norms)
