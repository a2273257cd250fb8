"""Pictures as a network takes them: clean, or distorted at random."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.features.backbones import Backbone
from visgen.machine.schedule import seed_of
from visgen.visual_genetic.regimes.distortion import distort, standardise, to_shares
from visgen.visual_genetic.regimes.pictures import HeldPictures, ReadPictures, load_pictures


@dataclass(frozen=True)
class Views:
    """Views of pictures, on the scale of a network.

    Attributes
    ----------
    pictures
        Of all images.
    sha256
        Checksum of each image's file.
    mean, std
        Of the network's channels.
    augmentation
        Keyword arguments rotation, scale and noise of
        `visgen.visual_genetic.regimes.distortion.distort`.
    seed
        Of the repeats.
    """

    pictures: HeldPictures | ReadPictures
    sha256: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: Mapping[str, float]
    seed: int

    def distorted(self, batch: Tensor, seed: int, device: torch.device) -> Tensor:
        """Return pictures (batch, channels, size, size), uint8, as (batch, 3, size, size)."""
        batch = batch.to(device, non_blocking=True)
        return standardise(distort(batch, **self.augmentation, seed=seed), self.mean, self.std)

    def batches(
        self, rows: Sequence[np.ndarray], seeds: Sequence[int], device: torch.device
    ) -> Iterator[Tensor]:
        """Yield distorted pictures of each batch of rows, (batch, 3, size, size)."""
        for pictures, seed in zip(self.pictures.batches(rows), seeds, strict=True):
            yield self.distorted(pictures, seed, device)

    def view(self, row: int, repeat: int) -> Tensor:
        """Return one picture, (3, size, size).

        Repeat 0 is clean; others are distorted, by seed, content and repeat alone.
        """
        picture = self.pictures[row][None]
        if repeat == 0:
            return standardise(to_shares(picture), self.mean, self.std)[0]
        seed = seed_of(self.seed, "view", repeat, self.sha256[row])
        return self.distorted(picture, seed, picture.device)[0]


def load_views(
    images: pd.DataFrame,
    backbone: Backbone,
    augmentation: Mapping[str, float],
    *,
    seed: int,
    **reading: Any,
) -> Views:
    """Return the views of images in their order.

    Parameters
    ----------
    images
        Columns path and sha256.
    backbone
        Which decides size, crop and scale.
    augmentation, seed
        As in `Views`.
    reading
        Keyword arguments of `visgen.visual_genetic.regimes.pictures.load_pictures`.
    """
    scale = backbone.recipe["preprocessing"]
    return Views(
        load_pictures(images, backbone, **reading),
        tuple(images["sha256"]),
        tuple(scale["mean"]),
        tuple(scale["std"]),
        augmentation,
        seed,
    )
