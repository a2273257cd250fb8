"""The regime of stored features: the backbone sees images once, for all sections alike.

Features are standardised by the training images; projection and head learn from them as they do
behind an encoder. It costs seconds where training through the network costs hours.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.machine.checkpoints import open_checkpoint
from visgen.machine.devices import describe_device
from visgen.visual_genetic.regimes.labels import label_images
from visgen.visual_genetic.regimes.network import FrozenNetwork
from visgen.visual_genetic.regimes.options import FROZEN
from visgen.visual_genetic.regimes.results import TrainedRegime, history_table, norm_table
from visgen.visual_genetic.regimes.second_stage import head_accuracy
from visgen.visual_genetic.regimes.training import (
    REVISION,
    TRAINING_OPTIONS,
    software,
    train_network,
)
from visgen.visual_genetic.regimes.weight_balancing import row_norms

log = logging.getLogger(__name__)


def standardise_features(
    features: np.ndarray, train: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bring each feature to mean 0 and deviation 1 over the training images.

    Parameters
    ----------
    features
        (n_images, n_features).
    train
        Rows of the training images, one or more.

    Returns
    -------
    values
        (n_images, n_features) float32; a feature that is the same in all of them is only centred.
    mean, deviation
        (n_features,) float32.

    Examples
    --------
    >>> standardise_features(np.array([[1.0, 5], [3, 5], [4, 6]]), np.array([0, 1]))[0].tolist()
    [[-1.0, 0.0], [1.0, 0.0], [2.0, 1.0]]
    """
    known = features[train].astype(float)
    mean, deviation = known.mean(0), known.std(0)
    deviation[deviation <= np.finfo(np.float32).eps * np.abs(mean)] = 1.0
    values = (features - mean) / deviation
    return values.astype(np.float32), mean.astype(np.float32), deviation.astype(np.float32)


def train_frozen(
    images: pd.DataFrame,
    features: pd.DataFrame,
    store: Path,
    *,
    seed: int,
    hidden: int,
    size: int,
    pretraining: Mapping[str, Any],
    device: torch.device,
) -> TrainedRegime:
    """Train projection and head on stored features, and return these standardised.

    Parameters
    ----------
    images
        As `visgen.visual_genetic.recognition.labelled_images.study_images` returns it.
    features
        (n_images, n_features), index id; of every image.
    store
        Folder of the checkpoint.
    seed
        Of initial weights and batches.
    hidden, size
        Of projection and embeddings.
    pretraining
        As in `visgen.visual_genetic.regimes.regime.train_regime` for the regime ``wd``, without
        precision.
    device
        Where to train.

    Raises
    ------
    ValueError
        If an image has no features, or a loss is no number.
    """
    images = images.sort_values("id", ignore_index=True)
    n_images, codes, train, val = label_images(images)
    rows = features.index.get_indexer(images["id"])
    if (missing := rows < 0).any():
        raise ValueError(
            f"features: found none of {missing.sum()} of {len(images)} images, such as "
            f"{images.loc[missing, 'id'].iloc[0]!r}"
        )
    # Without a training image nothing is learned, and the scale is that of all images.
    known = train if len(train) else np.arange(len(images))
    values, mean, deviation = standardise_features(features.to_numpy()[rows], known)
    network = FrozenNetwork(
        values.shape[1], hidden=hidden, size=size, n_taxa=len(n_images), seed=seed
    )
    network.register_buffer("mean", torch.from_numpy(mean))
    network.register_buffer("deviation", torch.from_numpy(deviation))
    network = network.to(device).train()
    recipe = {
        "revision": REVISION,
        "regime": FROZEN,
        "images": hashlib.sha256(images.to_csv().encode()).hexdigest(),
        "features": hashlib.sha256(values.tobytes()).hexdigest(),
        "seed": seed,
        "network": {"hidden": hidden, "size": size},
        "pretraining": dict(pretraining),
        "device": describe_device(device),
        "software": software(),
    }
    checkpoint = open_checkpoint(store / "frozen", recipe, 0.0)
    history: dict[str, list] = {}
    norms: dict[str, list] = {"network": [row_norms(network.head).tolist()]}
    log.info("%s: %d images of %d taxa", device, len(train), len(n_images))
    if len(n_images) > 1:  # one taxon alone teaches nothing
        stage = train_network(
            network,
            _show(torch.from_numpy(values).to(device)),
            train,
            codes[train],
            checkpoint,
            val_accuracy=lambda: head_accuracy(network, values[val], codes[val]),
            norm_share=None,
            dtype=torch.float32,
            seed=seed,
            **{key: pretraining[key] for key in (*TRAINING_OPTIONS, "weight_decay")},
        )
        history["network"] = stage["history"]
        norms["network"] += stage["norms"]
    network = network.eval().requires_grad_(False).cpu()
    index = pd.MultiIndex.from_product([images["id"], [0]], names=["id", "repeat"])
    shape = {"n_features": values.shape[1], "hidden": hidden, "size": size}
    return TrainedRegime(
        network,
        {"taxa": list(n_images), **shape, "regime": FROZEN, "recipe": recipe},
        history_table(history),
        norm_table(norms, n_images),
        pd.DataFrame(values, index=index),
        checkpoint,
    )


def _show(features: Tensor):
    """Return what shows batches of features, (batch, n_features); they are not distorted."""

    def show(rows: Sequence[np.ndarray], seeds: Sequence[int]) -> Iterator[Tensor]:
        return (features[torch.from_numpy(batch).to(features.device)] for batch in rows)

    return show
