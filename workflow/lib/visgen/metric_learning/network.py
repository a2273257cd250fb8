"""The network: an encoder, a projection to embeddings, a softmax head over taxa."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from visgen.backbones import Backbone, forward
from visgen.metric_learning.projection import make_projection


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


def refuse_folded_norms(network: nn.Module) -> None:
    """Refuse a network that would fall apart in training.

    Converters for inference fold the statistics of batch normalisation into the convolutions
    before it. What is left normalises anew as soon as it sees batches, and what the network has
    learned is gone.

    Raises
    ------
    ValueError
        If all layers of batch normalisation have the statistics of an untrained network, and some
        a bias that is none of one.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats and norm.affine]
    is_untouched = all(
        not norm.running_mean.any()
        and torch.equal(norm.running_var, norm.running_var[:1].expand_as(norm.running_var))
        for norm in norms
    )
    if is_untouched and any(norm.bias.any() for norm in norms):
        raise ValueError(
            "config key visual_genetic.backbone: found weights whose batch normalisation is folded "
            "into the convolutions (means are 0, biases are not), as converters for inference "
            "leave them; expected weights as they were trained, or the regime control alone"
        )


def with_image_size(backbone: Mapping[str, Any], image_size: int | None) -> dict[str, Any]:
    """Return keyword arguments of `visgen.backbones.load_backbone` for another image size.

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
