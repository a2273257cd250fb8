"""What a trained network makes of distorted views of the images that it learned from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.features.backbones import Backbone
from visgen.machine.devices import fix_kernels, pick_device, pick_precision
from visgen.visual_genetic.regimes.labels import label_images
from visgen.visual_genetic.regimes.network import MetricNetwork
from visgen.visual_genetic.regimes.pooled import pool_features
from visgen.visual_genetic.regimes.views import load_views


def pool_views(
    images: pd.DataFrame,
    backbone: Backbone,
    tensors: Mapping[str, Tensor],
    about: Mapping[str, Any],
    *,
    n_views: int,
    seed: int,
    augmentation: Mapping[str, float],
    colour: str,
    batch_size: int,
    precision: str,
    background: tuple[int, int, int],
    max_pixels: int,
    workers: int,
) -> pd.DataFrame:
    """Return pooled features of distorted views of training images; the network stays as it is.

    Parameters
    ----------
    images
        As `visgen.visual_genetic.recognition.labelled_images.study_images` returns it.
    backbone
        Of the regime; its weights are not used.
    tensors, about
        The regime with its encoder, as `visgen.visual_genetic.regimes.files.read_checkpoint` reads
        it.
    n_views
        Views of each image, 1 or more.
    seed
        Of the views.
    augmentation
        Keys rotation, scale and noise, see `visgen.visual_genetic.regimes.distortion.distort`.
    colour, background, max_pixels, workers
        As in `visgen.visual_genetic.regimes.pictures.load_pictures`.
    batch_size, precision
        As in training.

    Returns
    -------
    DataFrame
        (n_train x n_views, n_features) float32, index (id, repeat), repeats from 1 on.

    Raises
    ------
    ValueError
        If an image cannot be read or has changed.
    RuntimeError
        If the checkpoint is of another network.
    """
    images = images.sort_values("id", ignore_index=True)
    train = images.loc[label_images(images).train].reset_index(drop=True)
    network = MetricNetwork(
        backbone,
        hidden=about["hidden"],
        size=about["size"],
        n_taxa=len(about["taxa"]),
        seed=seed,
    )
    network.load_state_dict(tensors)
    device = pick_device()
    fix_kernels()
    shown = load_views(
        train,
        backbone,
        augmentation,
        seed=seed,
        colour=colour,
        background=background,
        max_pixels=max_pixels,
        workers=workers,
    )
    keys = [(row, repeat) for repeat in range(1, n_views + 1) for row in range(len(train))]
    values = pool_features(
        network.to(device, memory_format=torch.channels_last),
        shown,
        keys,
        device=device,
        dtype=pick_precision(precision, device),
        batch_size=batch_size,
        workers=workers,
    )
    repeats = range(1, n_views + 1)
    index = [np.tile(train["id"], n_views), np.repeat(repeats, len(train))]
    return pd.DataFrame(values, index=pd.MultiIndex.from_arrays(index, names=["id", "repeat"]))
