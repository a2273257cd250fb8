"""Images to align, and where their pooled features come from: memory, or the network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: Images at a time where no gradient is taken.
CHUNK = 1024


@dataclass(frozen=True)
class Examples:
    """Images by position, some to learn from and some to watch.

    Attributes
    ----------
    look
        From positions (n,) to pooled features (n, n_features).
    taxa
        (n_images,): row of each image's taxon among the anchors.
    train
        Positions that are learned from.
    watched
        Positions by part; what the history follows.
    """

    look: Callable[[Tensor], Tensor]
    taxa: Tensor
    train: Tensor
    watched: Mapping[str, Tensor]


def look_up(features: Tensor) -> Callable[[Tensor], Tensor]:
    """Return pooled features from memory: all that an epoch needs where convolutions are frozen.

    Parameters
    ----------
    features
        (n_images, n_features).
    """
    return lambda rows: features[rows]


def look_through(encoder: nn.Module, images: Tensor) -> Callable[[Tensor], Tensor]:
    """Return pooled features from the network itself, which is frozen and put into eval mode.

    Parameters
    ----------
    encoder
        Images to pooled features (batch, n_features). In eval mode its batch norm neither learns
        nor follows the batch: what it makes of an image depends on no other image.
    images
        Preprocessed, (n_images, 3, height, width).
    """
    encoder.eval().requires_grad_(False)

    def look(rows: Tensor) -> Tensor:
        with torch.no_grad():
            return encoder(images[rows])

    return look
