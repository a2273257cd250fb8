"""Learned pooling: how much each image of a taxon counts, and maps of the pooled vectors.

Every part begins as what an unguided embedding has (equal weights, the vectors as they are) and
learns a departure from it, which can be penalised.
"""

import numpy as np
import torch
from torch import Tensor, nn

from visgen.embedding.guidance.bags import Bags


class EqualScores(nn.Module):
    """Give all images of a bag the same weight, which leaves nothing to learn."""

    def forward(self, features: Tensor) -> Tensor:
        """Return zeros, (n_images,)."""
        return features.new_zeros(len(features))


class LinearScores(nn.Module):
    """Score images with one linear layer (Roy 2025); its bias would cancel in the softmax.

    Parameters
    ----------
    n_features
        Of an image.
    scale
        Features are divided by it, so that weights and their penalty mean the same for any
        network.
    """

    def __init__(self, n_features: int, scale: float):
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.zeros(n_features))

    def forward(self, features: Tensor) -> Tensor:
        """Return the scores of images, (n_images,)."""
        return features @ (self.weight / self.scale)


class GatedScores(nn.Module):
    """Score images by gated attention (Ilse, Tomczak & Welling 2018, equation 9).

    Parameters
    ----------
    n_features, scale
        As in `LinearScores`.
    hidden
        Units of the hidden layer.
    generator
        Draws the two hidden layers; the last one begins at zero, as equal weights.
    """

    def __init__(self, n_features: int, scale: float, hidden: int, generator: torch.Generator):
        super().__init__()
        self.scale = scale
        bound = n_features**-0.5
        self.value = nn.Parameter(_uniform((n_features, hidden), bound, generator))
        self.gate = nn.Parameter(_uniform((n_features, hidden), bound, generator))
        self.weight = nn.Parameter(torch.zeros(hidden))

    def forward(self, features: Tensor) -> Tensor:
        """Return the scores of images, (n_images,)."""
        value = torch.tanh(features @ (self.value / self.scale))  # (n_images, hidden)
        gate = torch.sigmoid(features @ (self.gate / self.scale))
        return (value * gate) @ self.weight


class Unchanged(nn.Module):
    """Leave pooled vectors as they are."""

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the vectors."""
        return vectors


class LinearProjection(nn.Module):
    """Add to a vector a learned linear map of its main components.

    Parameters
    ----------
    centre
        (n_features,), mean of the known taxa.
    basis
        (n_features, n_components), orthonormal: directions in which the known taxa differ most.
        What lies outside them stays as it is, since known taxa say little of it.
    """

    def __init__(self, centre: Tensor, basis: Tensor):
        super().__init__()
        self.register_buffer("centre", centre)
        self.register_buffer("basis", basis)
        self.change = nn.Parameter(basis.new_zeros(basis.shape[1], basis.shape[1]))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return changed vectors, (n_taxa, n_features)."""
        components = (vectors - self.centre) @ self.basis  # (n_taxa, n_components)
        return vectors + components @ self.change @ self.basis.T


class TwoLayerProjection(nn.Module):
    """Add to a vector a learned two-layer map (tanh) of its main components.

    Parameters
    ----------
    centre, basis
        As in `LinearProjection`.
    scale
        Spread of the components, at which the hidden layer begins to bend.
    hidden
        Units of the hidden layer.
    generator
        Draws the first layer; the second begins at zero.
    """

    def __init__(
        self,
        centre: Tensor,
        basis: Tensor,
        scale: float,
        hidden: int,
        generator: torch.Generator,
    ):
        super().__init__()
        self.register_buffer("centre", centre)
        self.register_buffer("basis", basis)
        self.scale = scale
        n_components = basis.shape[1]
        first = _uniform((n_components, hidden), n_components**-0.5, generator)
        self.first = nn.Parameter(first.to(basis.dtype))
        self.bias = nn.Parameter(basis.new_zeros(hidden))
        self.second = nn.Parameter(basis.new_zeros(hidden, n_components))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return changed vectors, (n_taxa, n_features)."""
        components = (vectors - self.centre) @ self.basis / self.scale
        hidden = torch.tanh(components @ self.first + self.bias)  # (n_taxa, hidden)
        return vectors + self.scale * (hidden @ self.second @ self.basis.T)


class GuidedEmbedding(nn.Module):
    """From bags to one vector a taxon: scores, softmax within bags, weighted sum, projection."""

    def __init__(self, scores: nn.Module, projection: nn.Module):
        super().__init__()
        self.scores = scores
        self.projection = projection

    def forward(self, bags: Bags) -> Tensor:
        """Return (n_taxa, n_features)."""
        return self.projection(pool_bags(bags, self.scores(bags.features)))

    def departure(self) -> Tensor:
        """Return the sum of squares of all that was learned, which a penalty multiplies."""
        learned = [parameter.square().sum() for parameter in self.parameters()]
        return torch.stack(learned).sum()


def pool_bags(bags: Bags, scores: Tensor) -> Tensor:
    """Return the means of bags, images weighted by the softmax of their scores within the bag.

    Parameters
    ----------
    bags
        (n_images, n_features) in n_taxa bags.
    scores
        (n_images,).

    Returns
    -------
    Tensor
        (n_taxa, n_features).
    """
    if len(bags.sizes) == len(bags.features):  # bags of one: each image has all the weight
        return bags.features
    # Bag by bag, on views: padding would multiply memory where bags are unequal, and a scatter
    # reads the features several times.
    pooled = [
        torch.softmax(part, dim=0) @ images
        for part, images in zip(
            scores.split(bags.sizes), bags.features.split(bags.sizes), strict=True
        )
    ]
    return torch.stack(pooled)


def main_directions(vectors: Tensor, n_components: int) -> tuple[Tensor, Tensor, float]:
    """Return the mean of vectors and the directions in which they differ most.

    Parameters
    ----------
    vectors
        (n_taxa, n_features), of the known taxa.
    n_components
        How many; fewer where the vectors span fewer.

    Returns
    -------
    centre
        (n_features,).
    basis
        (n_features, n_components), orthonormal.
    scale
        Root mean square of the components.
    """
    centre = vectors.mean(dim=0)
    departures = (vectors - centre).double().cpu().numpy()
    _, spread, directions = np.linalg.svd(departures, full_matrices=False)
    kept = min(n_components, int((spread > 1e-9 * spread[0]).sum()))
    directions = directions[:kept]
    signs = np.sign(directions[np.arange(kept), np.abs(directions).argmax(axis=1)])
    basis = torch.from_numpy((directions * signs[:, None]).T.copy()).to(vectors)
    scale = float(np.sqrt((spread[:kept] ** 2).sum() / (len(vectors) * kept)))
    return centre, basis, scale


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * bound
