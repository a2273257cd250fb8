"""The network: an encoder, a projection to embeddings, a softmax head over taxa."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from visgen.features.backbones import Backbone, forward
from visgen.visual_genetic.regimes.projection import make_projection


class MetricNetwork(nn.Module):
    """Encoder, projection and head (Karaderi et al. 2024: FC 1000, FC 256, softmax).

    Parameters
    ----------
    backbone
        What the encoder starts from; it is copied, and left as it is.
    hidden, size
        Numbers of hidden units of the projection, and of dimensions of an embedding.
    n_taxa
        Number of taxa.
    seed
        Of the initial weights of projection and head.

    Attributes
    ----------
    encoder, projection, head
        The parts; each can be called alone.
    """

    def __init__(self, backbone: Backbone, *, hidden: int, size: int, n_taxa: int, seed: int):
        super().__init__()
        self.encoder = copy.deepcopy(backbone.network).requires_grad_(True)
        # A view of the encoder that knows of joined layers.
        self._backbone = replace(backbone, network=self.encoder)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.projection = make_projection(backbone.n_features, hidden, size)
            self.head = nn.Linear(size, n_taxa)

    def features(self, images: Tensor) -> Tensor:
        """Return pooled features (batch, n_features) of images (batch, 3, height, width)."""
        return forward(self._backbone, images)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings (batch, size) and logits (batch, n_taxa)."""
        embeddings = self.projection(self.features(images))
        return embeddings, self.head(embeddings)


class FrozenNetwork(nn.Module):
    """Projection and head alone, for features that stay as they are stored.

    Parameters
    ----------
    n_features, hidden, size
        Numbers of features, of hidden units and of dimensions of an embedding.
    n_taxa, seed
        As in `MetricNetwork`.
    """

    def __init__(self, n_features: int, *, hidden: int, size: int, n_taxa: int, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.projection = make_projection(n_features, hidden, size)
            self.head = nn.Linear(size, n_taxa)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings (batch, size) and logits (batch, n_taxa) of (batch, n_features)."""
        embeddings = self.projection(features)
        return embeddings, self.head(embeddings)


def with_image_size(backbone: Mapping[str, Any], image_size: int | None) -> dict[str, Any]:
    """Return keyword arguments of `visgen.features.backbones.load_backbone` for another image size.

    Parameters
    ----------
    backbone
        The arguments, weights left out.
    image_size
        Side in pixels; None keeps the backbone's own.
    """
    if image_size is None:
        return dict(backbone)
    preprocessing = dict(backbone.get("preprocessing") or {}) | {"image_size": image_size}
    return dict(backbone) | {"preprocessing": preprocessing}
