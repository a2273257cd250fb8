"""Regimes of training on long-tailed data, and the features that each leaves behind.

``control`` leaves the backbone untouched, and projection and head as they are drawn; ``naive``
trains without weight decay; ``wd`` with it; ``ltr`` balances weights in both stages. ``frozen``
learns from stored features, see `visgen.visual_genetic.regimes.frozen`.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from visgen.features.backbones import Backbone
from visgen.features.folded_norms import refuse_folded_norms
from visgen.machine.checkpoints import open_checkpoint
from visgen.machine.devices import describe_device, fix_kernels, pick_device, pick_precision
from visgen.visual_genetic.regimes.labels import label_images
from visgen.visual_genetic.regimes.network import MetricNetwork
from visgen.visual_genetic.regimes.options import FROZEN, REGIMES
from visgen.visual_genetic.regimes.pooled import pool_features
from visgen.visual_genetic.regimes.results import TrainedRegime, history_table, norm_table
from visgen.visual_genetic.regimes.second_stage import head_accuracy, second_stage
from visgen.visual_genetic.regimes.training import (
    REVISION,
    TRAINING_OPTIONS,
    software,
    train_network,
)
from visgen.visual_genetic.regimes.views import load_views
from visgen.visual_genetic.regimes.weight_balancing import row_norms

log = logging.getLogger(__name__)


def train_regime(
    images: pd.DataFrame,
    backbone: Backbone,
    store: Path,
    *,
    regime: str,
    seed: int,
    colour: str,
    hidden: int,
    size: int,
    augmentation: Mapping[str, float],
    pretraining: Mapping[str, Any],
    balancing: Mapping[str, Any],
    background: tuple[int, int, int],
    max_pixels: int,
    workers: int,
) -> TrainedRegime:
    """Train a network under a regime, or go on where it was stopped, and pool its features.

    In all regimes of a seed the network starts with the same weights and sees the same batches.
    On a CPU the same input gives the same bytes, with any order of the images and after any
    interruption; on a GPU some layers, such as overlapping max-pooling, may sum in any order.

    Parameters
    ----------
    images
        As `visgen.visual_genetic.recognition.labelled_images.study_images` returns it.
    backbone
        What training starts from; it is left as it is.
    store
        Folder of the checkpoint.
    regime
        One of `visgen.visual_genetic.regimes.options.REGIMES` but ``frozen``. Weight balancing
        after Alshammari et al. (2022) touches the head alone and would leave every embedding that
        of ``wd``; so that ``ltr`` is a regime of its own, MaxNorm holds projection and head while
        the network learns, too.
    seed
        Of initial weights, batches and augmentation.
    colour
        ``colour`` or ``grey``.
    hidden, size
        Of projection and embeddings.
    augmentation
        Keys rotation, scale and noise, see `visgen.visual_genetic.regimes.distortion.distort`;
        ``control`` needs none.
    pretraining
        Keys epochs, batch_size, per_taxon, learning_rate, momentum, weight_decay (of ``wd`` and
        ``ltr``), loss, loss_weight, distance, epsilon, margin and precision; ``control`` needs
        batch_size and precision alone.
    balancing
        Keys beta, weight_decay, epochs, learning_rate and norm_share: the head's second stage
        in ``ltr``; norm_share holds for the first stage too.
    background, max_pixels, workers
        As in `visgen.visual_genetic.regimes.pictures.load_pictures`.

    Raises
    ------
    ValueError
        If the regime is unknown, the backbone cannot be trained, an image cannot be read or has
        changed, or a loss is no number.
    """
    known = [name for name in REGIMES if name != FROZEN]
    if regime not in known:
        raise ValueError(f"regime: found {regime!r}, expected one of {', '.join(known)}")
    if regime != "control":
        refuse_folded_norms(backbone.network, "visual_genetic.backbone")
    images = images.sort_values("id", ignore_index=True)
    n_images, codes, train, val = label_images(images)
    device = pick_device()
    dtype = pick_precision(pretraining["precision"], device)
    fix_kernels()
    recipe = {
        "revision": REVISION,
        "network": backbone.recipe | {"hidden": hidden, "size": size},
        "images": hashlib.sha256(images.drop(columns="path").to_csv().encode()).hexdigest(),
        "regime": regime,
        "seed": seed,
        "augmentation": dict(augmentation) | {"colour": colour},
        "pretraining": dict(pretraining),
        "balancing": dict(balancing),
        "background": list(background),
        "device": describe_device(device),
        "precision": str(dtype).removeprefix("torch."),
        "software": software(),
    }
    log.info("%s: regime %s, %d images of %d taxa", device, regime, len(train), len(n_images))
    shown = load_views(
        images,
        backbone,
        augmentation,
        seed=seed,
        colour=colour,
        background=background,
        max_pixels=max_pixels,
        workers=workers,
    )
    network = MetricNetwork(backbone, hidden=hidden, size=size, n_taxa=len(n_images), seed=seed)
    network = network.to(device, memory_format=torch.channels_last).train()
    pool = partial(
        pool_features,
        network,
        shown,
        device=device,
        dtype=dtype,
        batch_size=pretraining["batch_size"],
        workers=workers,
    )
    history: dict[str, list] = {}
    norms: dict[str, list] = {"network": [row_norms(network.head).tolist()]}
    checkpoint = open_checkpoint(store / "metric_learning", recipe, 0.0)
    trains = regime != "control" and len(n_images) > 1  # one taxon alone teaches nothing
    if trains:
        stage = train_network(
            network,
            partial(shown.batches, device=device),
            train,
            codes[train],
            checkpoint,
            val_accuracy=lambda: head_accuracy(network, pool(_clean(val)), codes[val]),
            weight_decay=0.0 if regime == "naive" else pretraining["weight_decay"],
            norm_share=balancing["norm_share"] if regime == "ltr" else None,
            dtype=dtype,
            seed=seed,
            **{key: pretraining[key] for key in TRAINING_OPTIONS},
        )
        history["network"] = stage["history"]
        norms["network"] += stage["norms"]
    network.eval().requires_grad_(False)
    index = pd.MultiIndex.from_product([images["id"], [0]], names=["id", "repeat"])
    pooled = pd.DataFrame(pool(_clean(range(len(images)))), index=index)
    network.to("cpu", memory_format=torch.contiguous_format)
    if trains and regime == "ltr":
        clean = pooled.to_numpy()
        stage = second_stage(
            network,
            (clean[train], codes[train]),
            (clean[val], codes[val]),
            **balancing,
            momentum=pretraining["momentum"],
            batch_size=pretraining["batch_size"],
            seed=seed,
        )
        history["head"], norms["head"] = stage["history"], stage["norms"]
    shape = {"n_features": backbone.n_features, "hidden": hidden, "size": size}
    metadata = {"taxa": list(n_images), **shape, "regime": regime, "recipe": recipe}
    return TrainedRegime(
        network, metadata, history_table(history), norm_table(norms, n_images), pooled, checkpoint
    )


def _clean(rows: Iterable[int]) -> list[tuple[int, int]]:
    return [(int(row), 0) for row in rows]
