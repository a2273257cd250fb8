"""Alignment itself: projections learn to put images where the anchors of their taxa are."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from visgen.visual_genetic.cross_modal.batches import deal_batches
from visgen.visual_genetic.cross_modal.examples import CHUNK, Examples
from visgen.visual_genetic.cross_modal.losses import (
    CosineTerms,
    ReciprocalTerms,
    cosines_to,
    make_terms,
    triplet_means,
)
from visgen.visual_genetic.cross_modal.network import Projection

#: Columns of a history: one row an epoch and part.
HISTORY = [
    *("epoch", "part", "loss", "positive", "negative", "cross_entropy"),
    *("own_cosine", "nearest_other_cosine"),
]


def align(
    start: Projection,
    examples: Examples,
    anchors: Tensor,
    head_rows: Tensor,
    options: Mapping[str, Any],
    seed: int,
) -> tuple[Projection, pd.DataFrame]:
    """Train a projection by triplets of anchors and images (Karaderi et al. 2024).

    Stochastic gradient descent with momentum and a constant rate, in batches as `deal_batches`
    deals them. Convolutions stay as they are; the head learns only where the cross-entropy
    counts.

    Parameters
    ----------
    start
        What training starts from, on the device of the examples; it is left as it is.
    examples
        Images of taxa with anchors.
    anchors
        (n_taxa, size), two or more.
    head_rows
        (n_taxa,): the head's row of each. The cross-entropy is taken among these rows: those of
        taxa that are not there would only ever be pushed down.
    options
        ``loss`` and ``margin`` as in `make_terms`; ``cross_entropy``, its weight; ``epochs``,
        ``batch_size``, ``learning_rate``, ``momentum``.
    seed
        Of the batches.

    Returns
    -------
    network
        The trained copy.
    history
        Columns `HISTORY`; epoch 0 is before any training. Here each image counts once:
        `positive` is the mean of each to its own anchor, `negative` the mean of each to the
        anchors of all other taxa.

    Raises
    ------
    ValueError
        If the loss is no number, or as `deal_batches` and `make_terms`.
    """
    terms = make_terms(anchors, options["loss"], options["margin"])
    weight = options["cross_entropy"]
    network = copy.deepcopy(start).requires_grad_(True)
    network.head.requires_grad_(weight > 0)
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(learned, lr=options["learning_rate"], momentum=options["momentum"])
    taxa = examples.taxa[examples.train].cpu().numpy()
    history = _watch(network, examples, terms, head_rows, weight, epoch=0)
    for epoch in range(1, options["epochs"] + 1):
        batches = torch.from_numpy(deal_batches(taxa, options["batch_size"], seed, epoch))
        for batch in batches.to(examples.train.device):
            rows = examples.train[batch]
            labels = examples.taxa[rows]
            embeddings, logits = network(examples.look(rows))
            loss = sum(triplet_means(*terms(embeddings, labels), labels))
            if weight > 0:
                loss = loss + weight * cross_entropy(logits[:, head_rows], labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        rows = _watch(network, examples, terms, head_rows, weight, epoch=epoch)
        if not all(math.isfinite(row["loss"]) for row in rows):
            raise ValueError(
                f"the loss is no number after epoch {epoch} of the alignment; a lower "
                "visual_genetic.alignment.learning_rate may help"
            )
        history += rows
    return network, pd.DataFrame(history, columns=HISTORY)


@torch.no_grad()
def embed(network: Projection, features: Tensor) -> tuple[Tensor, Tensor]:
    """Return embeddings (n, size) and logits (n, n_taxa) of pooled features, on the CPU."""
    parts = [network(part) for part in features.split(CHUNK)]
    embeddings, logits = (torch.cat(side).cpu() for side in zip(*parts, strict=True))
    return embeddings, logits


@torch.no_grad()
def _watch(
    network: Projection,
    examples: Examples,
    terms: CosineTerms | ReciprocalTerms,
    head_rows: Tensor,
    weight: float,
    epoch: int,
) -> list[dict[str, Any]]:
    """Return one row of the history for each part."""
    history = []
    for part, positions in examples.watched.items():
        sums = torch.zeros(5, dtype=torch.float64)
        for rows in positions.split(CHUNK):
            own = examples.taxa[rows][:, None]  # (n, 1)
            embeddings, logits = network(examples.look(rows))
            pull, push = terms(embeddings, own[:, 0])
            cosines = cosines_to(embeddings, terms.anchors)  # (n, n_taxa)
            entropy = cross_entropy(logits[:, head_rows], own[:, 0], reduction="sum")
            others = push.scatter(1, own, 0).sum(1) / (len(terms.anchors) - 1)  # (n,)
            nearest = cosines.scatter(1, own, -torch.inf).amax(1)
            of_own = cosines.gather(1, own)
            found = (pull, others, entropy, of_own, nearest)
            sums += torch.stack([values.sum().cpu().double() for values in found])
        positive, negative, entropy, of_own, nearest = (sums / len(positions)).tolist()
        loss = positive + negative + weight * entropy
        values = (epoch, part, loss, positive, negative, entropy, of_own, nearest)
        history.append(dict(zip(HISTORY, values, strict=True)))
    return history
