"""Balance the head of a trained network, on embeddings that stay as they are."""

import math
from typing import Any

import numpy as np
import torch

from visgen.visual_genetic.regimes.network import MetricNetwork
from visgen.visual_genetic.regimes.pooled import project
from visgen.visual_genetic.regimes.weight_balancing import balance_head


@torch.no_grad()
def head_accuracy(network: MetricNetwork, features: np.ndarray, taxa: np.ndarray) -> float:
    """Return the share of images that projection and head get right; NaN where there are none.

    Parameters
    ----------
    network
        On any device.
    features, taxa
        Pooled features (n_images, n_features), and true rows of the head (n_images,).
    """
    if not len(taxa):
        return math.nan
    values = torch.from_numpy(features).to(network.head.weight.device)
    predicted = network.head(network.projection(values)).argmax(1).cpu().numpy()
    return float((predicted == taxa).mean())


def second_stage(
    network: MetricNetwork,
    train: tuple[np.ndarray, np.ndarray],
    val: tuple[np.ndarray, np.ndarray],
    **options: Any,
) -> dict[str, list[Any]]:
    """Train the head alone, in place, as `balance_head` of the module weight_balancing does.

    Parameters
    ----------
    network
        On the CPU.
    train, val
        Pooled features (n_images, n_features) of clean images, and rows of the head (n_images,).
    options
        Keyword arguments of `visgen.visual_genetic.regimes.weight_balancing.balance_head`.

    Returns
    -------
    dict
        history: one dict an epoch; norms: one list an epoch, norms of the head's rows.
    """
    features, taxa = train
    network.head.requires_grad_(True)
    history, norms = [], []
    embeddings = torch.from_numpy(project(network.projection, features))
    for epoch in balance_head(network.head, embeddings, torch.from_numpy(taxa), **options):
        history.append(
            {
                "loss": epoch.loss,
                "cross_entropy": epoch.loss,
                "accuracy": epoch.accuracy,
                "learning_rate": epoch.learning_rate,
                "val_accuracy": head_accuracy(network, *val),
            }
        )
        norms.append(epoch.norms.tolist())
    network.head.requires_grad_(False)
    return {"history": history, "norms": norms}
