"""Losses between visual similarity and phylogenetic distance, over chosen pairs of taxa.

Each takes the cosine similarities and the distances of all taxa, both (n_taxa, n_taxa), and the
pairs that count; a taxon and itself are never one. Each says what a predictor that knows nothing
would lose.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from visgen.embedding.guidance.options import LOSSES


class Constants(NamedTuple):
    """Losses of a similarity of zero for all pairs, and of the constant that loses least."""

    zero: float
    best: float


class Pairs(NamedTuple):
    """Pairs of taxa.

    Attributes
    ----------
    mask
        (n_taxa, n_taxa) bool, symmetric, its diagonal empty.
    index
        (n_pairs,), each pair once, as positions in the flattened square.
    """

    mask: Tensor
    index: Tensor

    def of(self, square: Tensor) -> Tensor:
        """Return the values of the pairs, (n_pairs,)."""
        return square.flatten().index_select(0, self.index)


def pairs_between(some: Tensor, others: Tensor) -> Pairs:
    """Return the pairs with one taxon of each set, (n_taxa,) bool both."""
    mask = some[:, None] & others
    mask = (mask | mask.T) & ~torch.eye(len(some), dtype=torch.bool, device=some.device)
    return Pairs(mask, mask.triu().flatten().nonzero().flatten())


class FlippedMap(nn.Module):
    """Mean squared error against distances mapped linearly to similarities (Roy 2025).

    A distance of 0 maps to 1 and `largest` to -1; greater ones map below -1 and are not clipped.
    Cosines of features that are never negative cannot fall under 0, so that this loss then cannot
    reach 0: read it beside those of the constants.

    Parameters
    ----------
    largest
        Distance that maps to -1, in the unit of the distances; Roy has 1.7.
    """

    def __init__(self, largest: float):
        super().__init__()
        self.largest = largest

    def forward(self, similarity: Tensor, distance: Tensor, pairs: Pairs) -> Tensor:
        """Return the loss, a scalar."""
        return (pairs.of(similarity) - self._target(distance, pairs)).square().mean()

    def constants(self, distance: Tensor, pairs: Pairs) -> Constants:
        """Return the losses of constant predictors."""
        target = self._target(distance, pairs)
        return Constants(target.square().mean().item(), target.var(correction=0).item())

    def _target(self, distance: Tensor, pairs: Pairs) -> Tensor:
        return 1 - 2 * pairs.of(distance) / self.largest


class OneMinusPearson(nn.Module):
    """One minus the correlation of visual with phylogenetic distance: free of scale and offset."""

    def forward(self, similarity: Tensor, distance: Tensor, pairs: Pairs) -> Tensor:
        """Return the loss, a scalar from 0 to 2."""
        visual = 1 - pairs.of(similarity)
        visual, wanted = visual - visual.mean(), pairs.of(distance) - pairs.of(distance).mean()
        # Equal distances have no correlation; their gradient shall be nothing, not NaN.
        length = (visual.square().sum() * wanted.square().sum()).clamp_min(1e-30).sqrt()
        return 1 - (visual * wanted).sum() / length

    def constants(self, distance: Tensor, pairs: Pairs) -> Constants:
        """Return the losses of constant predictors, whose correlation is none."""
        return Constants(1.0, 1.0)


class AffineStress(nn.Module):
    """Normalised stress after an affine map of visual distance that is learned along.

    Kruskal's (1964) stress-1, sqrt(sum (g - a v - b)^2 / sum g^2), with a > 0: unlike a map with
    fixed ends it asks for no similarities that the features cannot have.
    """

    def __init__(self):
        super().__init__()
        self.log_slope = nn.Parameter(torch.zeros(()))
        self.intercept = nn.Parameter(torch.zeros(()))

    def start(self, similarity: Tensor, distance: Tensor, pairs: Pairs) -> None:
        """Set slope and intercept so that means and spreads agree."""
        visual, wanted = 1 - pairs.of(similarity), pairs.of(distance)
        with torch.no_grad():
            slope = wanted.std().clamp_min(1e-12) / visual.std().clamp_min(1e-12)
            self.log_slope.copy_(slope.log())
            self.intercept.copy_(wanted.mean() - slope * visual.mean())

    def forward(self, similarity: Tensor, distance: Tensor, pairs: Pairs) -> Tensor:
        """Return the loss, a scalar."""
        visual, wanted = 1 - pairs.of(similarity), pairs.of(distance)
        error = wanted - self.log_slope.exp() * visual - self.intercept
        return (error.square().sum() / wanted.square().sum()).sqrt()

    def constants(self, distance: Tensor, pairs: Pairs) -> Constants:
        """Return the loss of the mean distance, to which any constant is mapped."""
        wanted = pairs.of(distance)
        best = ((wanted - wanted.mean()).square().sum() / wanted.square().sum()).sqrt().item()
        return Constants(best, best)


class NeighbourCrossEntropy(nn.Module):
    """Cross-entropy between soft choices of a relative (after Hofmann et al. 2024).

    For each taxon the others are chosen with the probabilities softmax(-distance / unit), which
    visual distances are to reproduce. Hofmann et al. have the distances as they are, which
    average 1.2 in their tree; with the mean as the unit, other trees are as sharp. How sharply
    the visual distances choose is learned along.

    Parameters
    ----------
    unit
        Distance that makes a choice e times less probable.
    """

    def __init__(self, unit: float):
        super().__init__()
        self.unit = unit
        self.log_sharpness = nn.Parameter(torch.zeros(()))

    def forward(self, similarity: Tensor, distance: Tensor, pairs: Pairs) -> Tensor:
        """Return the loss, a scalar: the mean over taxa that have a pair."""
        rows = pairs.mask.any(1)
        visual = (1 - similarity) * self.log_sharpness.exp()
        chosen = (-visual).masked_fill(~pairs.mask, -math.inf)[rows].log_softmax(1)
        wanted = (-distance / self.unit).masked_fill(~pairs.mask, -math.inf)[rows].softmax(1)
        return -(wanted * chosen.masked_fill(wanted == 0, 0.0)).sum(1).mean()

    def constants(self, distance: Tensor, pairs: Pairs) -> Constants:
        """Return the loss of choosing blindly, which any constant does."""
        n_others = pairs.mask.sum(1)
        blind = n_others[n_others > 0].to(distance.dtype).log().mean().item()
        return Constants(blind, blind)


def make_loss(name: str, distance: Tensor, pairs: Pairs, largest: float | None) -> nn.Module:
    """Return a loss by its name, with what it takes from the distances of the known taxa.

    Parameters
    ----------
    name
        One of `visgen.embedding.guidance.options.LOSSES`.
    distance
        (n_taxa, n_taxa).
    pairs
        Those to fit.
    largest
        Of ``mse``: the distance that maps to -1; None takes the largest of the pairs.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    match name:
        case "mse":
            return FlippedMap(largest or pairs.of(distance).max().item())
        case "pearson":
            return OneMinusPearson()
        case "stress":
            return AffineStress()
        case "cross_entropy":
            return NeighbourCrossEntropy(pairs.of(distance).mean().item())
    raise ValueError(f"loss is {name!r}, expected one of {', '.join(LOSSES)}")
