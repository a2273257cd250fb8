"""Metric losses: embeddings of a taxon close together, those of other taxa far away.

Each is called with embeddings (batch, size) and taxa (batch,) int64, and returns a scalar. A
triplet is an anchor, another image of its taxon (the positive), and an image of another taxon
(the negative). A batch without any has a loss of zero, and gradients of zero.
"""

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import ContrastiveLoss, TripletMarginLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from visgen.visual_genetic.regimes.options import LOSSES

#: Powers of the Euclidean distance by their names in a configuration.
POWERS = {"plain": 1, "squared": 2}


class Euclidean(LpDistance):
    """The Euclidean distance of embeddings as they are, or its square.

    The library's takes it from inner products where a batch is large: two equal embeddings are
    then not quite at distance 0, which a reciprocal would blow up.

    Parameters
    ----------
    name
        ``plain`` or ``squared``.

    Raises
    ------
    ValueError
        If the name is another.
    """

    def __init__(self, name: str):
        if name not in POWERS:
            raise ValueError(f"distance: found {name!r}, expected one of {', '.join(POWERS)}")
        super().__init__(normalize_embeddings=False, power=POWERS[name])

    def compute_mat(self, query_emb: Tensor, ref_emb: Tensor) -> Tensor:
        """Return distances (batch, batch); the gradient at distance 0 is 0."""
        return torch.cdist(query_emb, ref_emb, compute_mode="donot_use_mm_for_euclid_dist")


class ReciprocalTriplet(nn.Module):
    """Reciprocal triplet loss (Karaderi et al. 2024).

    It is the mean of d(anchor, positive) + 1 / d(anchor, negative) over all triplets of the
    batch. Unlike a margin it never stops pushing.

    Parameters
    ----------
    distance
        Of embeddings.
    epsilon
        Added to d(anchor, negative), in the unit of the distance. The paper has none, and an
        infinite loss where an anchor and a negative coincide.
    """

    def __init__(self, distance: Euclidean, epsilon: float):
        super().__init__()
        self.distance = distance
        self.epsilon = epsilon

    def forward(self, embeddings: Tensor, taxa: Tensor) -> Tensor:
        """Return the loss, a scalar."""
        distance = self.distance(embeddings)  # (batch, batch)
        same = taxa[:, None] == taxa
        positive = same & ~torch.eye(len(taxa), dtype=torch.bool, device=taxa.device)
        n_positive, n_negative = positive.sum(1), (~same).sum(1)  # (batch,)
        # A positive meets every negative of its anchor, and the other way round.
        pulled = (distance * positive).sum(1) * n_negative
        pushed = ((distance + self.epsilon).reciprocal() * ~same).sum(1) * n_positive
        return (pulled + pushed).sum() / (n_positive * n_negative).sum().clamp_min(1)


class NoMetricLoss(nn.Module):
    """No loss: cross-entropy is left alone."""

    def forward(self, embeddings: Tensor, taxa: Tensor) -> Tensor:
        """Return zero."""
        return embeddings.new_zeros(())


def make_metric_loss(name: str, *, distance: str, epsilon: float, margin: float) -> nn.Module:
    """Return a metric loss by its name.

    Parameters
    ----------
    name
        ``reciprocal``, see `ReciprocalTriplet`; ``triplet``: the mean over all triplets of
        max(0, d(anchor, positive) - d(anchor, negative) + margin) (Schroff et al. 2015);
        ``contrastive``: the mean of d over pairs of one taxon plus the mean of max(0, margin - d)
        over pairs of two (Hadsell et al. 2006, who have squares); or ``none``.
    distance
        ``plain`` or ``squared`` Euclidean distance, as d in all of them.
    epsilon
        Of ``reciprocal``, in the unit of the distance.
    margin
        Of ``triplet`` and ``contrastive``, in the unit of the distance.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    measure = Euclidean(distance)
    match name:
        case "reciprocal":
            return ReciprocalTriplet(measure, epsilon)
        case "triplet":
            # The library's default leaves triplets without a loss out of the mean.
            return TripletMarginLoss(margin, distance=measure, reducer=MeanReducer())
        case "contrastive":
            return ContrastiveLoss(0.0, margin, distance=measure, reducer=MeanReducer())
        case "none":
            return NoMetricLoss()
    raise ValueError(f"loss: found {name!r}, expected one of {', '.join(LOSSES)}")
