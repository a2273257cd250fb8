"""What a trained encoder makes of every image: pooled features, and their embeddings."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from visgen.features.extraction import run_batches
from visgen.visual_genetic.regimes.network import MetricNetwork
from visgen.visual_genetic.regimes.views import Views

#: Vectors a pass through the projection, which bounds the memory it takes.
ROWS = 4096


def pool_features(
    network: MetricNetwork,
    views: Views,
    keys: Sequence[tuple[int, int]],
    *,
    device: torch.device,
    dtype: torch.dtype,
    batch_size: int,
    workers: int,
) -> np.ndarray:
    """Return the encoder's pooled output in eval mode.

    Parameters
    ----------
    network
        On `device`; its mode is left as it was.
    views
        Of all images.
    keys
        Row and repeat of each view.
    device, dtype, batch_size, workers
        As in `visgen.features.extraction.run_batches`.

    Returns
    -------
    array
        (n_keys, n_features), float32.
    """
    if not keys:
        return np.empty((0, network.projection[0].in_features), np.float32)
    was_training = network.training
    network.eval()
    made = run_batches(
        keys,
        views.view,
        network.features,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        workers=workers,
    )
    values = [part.numpy() for part in made]
    network.train(was_training)
    return np.concatenate(values)


@torch.inference_mode()
def project(projection: nn.Module, features: np.ndarray) -> np.ndarray:
    """Return embeddings of pooled features.

    They are computed in float64: in float32 the last bits would depend on an image's place among
    the others, and on the number of threads.

    Parameters
    ----------
    projection
        On the CPU, in float32; it is left as it is.
    features
        (n, n_features), float32.

    Returns
    -------
    array
        (n, size), float32.
    """
    projection = copy.deepcopy(projection).double()
    made = [
        projection(torch.from_numpy(features[start : start + ROWS].astype(np.float64)))
        for start in range(0, len(features), ROWS)
    ]
    return torch.cat(made).float().numpy()
