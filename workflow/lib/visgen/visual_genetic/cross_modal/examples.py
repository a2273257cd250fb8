"""Images to align, and where their pooled features come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

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


def from_memory(features: Tensor) -> Callable[[Tensor], Tensor]:
    """Return pooled features from memory: all that an epoch needs where convolutions are frozen.

    Parameters
    ----------
    features
        (n_images, n_features).
    """
    return lambda rows: features[rows]
