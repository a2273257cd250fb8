"""Losses of embeddings: images of a taxon close together, those of other taxa far away."""

import torch
from pytorch_metric_learning.losses import ArcFaceLoss, ProxyAnchorLoss, SupConLoss
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from visgen.machine.schedule import seed_of


class MetricLosses(nn.Module):
    """A loss of embeddings at all ranks, each with its weight.

    Parameters
    ----------
    name
        One of `visgen.classification.networks.options.METRIC_LOSSES`.
    n_taxa
        By rank, coarse to fine.
    rank_weights
        By rank; 1 where one is not named.
    size
        Of an embedding.
    seed
        Of proxies.
    margin
        Of ``hierarchical_triplet``, where two taxa share no rank.

    Raises
    ------
    ValueError
        If the name is unknown.
    """

    def __init__(
        self,
        name: str,
        n_taxa: dict[str, int],
        rank_weights: dict[str, float],
        *,
        size: int,
        seed: int,
        margin: float = 0.5,
    ):
        super().__init__()
        self.name, self.margin = name, margin
        self.weights = [rank_weights.get(rank, 1.0) for rank in n_taxa]
        self.losses = nn.ModuleList()
        with torch.random.fork_rng(devices=[]):
            for rank, n in n_taxa.items():
                torch.default_generator.manual_seed(seed_of(seed, "proxies", rank))
                self.losses.append(_loss_of_rank(name, n, size))

    def forward(self, embeddings: list[Tensor], codes: Tensor) -> Tensor:
        """Return the loss of a batch, once for each image, (batch,).

        Parameters
        ----------
        embeddings
            One tensor, (batch, size).
        codes
            (batch, n_ranks) number of the taxon, −1 for none.
        """
        (of,) = embeddings
        if self.name == "hierarchical_triplet":
            return hierarchical_triplet(of, codes, self.margin).expand(len(codes))
        total = of.sum() * 0
        for r, (loss, weight) in enumerate(zip(self.losses, self.weights, strict=True)):
            known = codes[:, r] >= 0
            if weight and known.any():
                total = total + weight * loss(of[known], codes[known, r])
        return total.expand(len(codes))


def _loss_of_rank(name: str, n_taxa: int, size: int) -> nn.Module:
    match name:
        case "prototypical":
            return Prototypical()
        case "arcface":
            return ArcFaceLoss(n_taxa, size)
        case "proxy_anchor":
            return ProxyAnchorLoss(n_taxa, size)
        case "supervised_contrastive":
            return SupConLoss()
        case "hierarchical_triplet":
            return nn.Identity()  # of all ranks at once
    raise ValueError(f"loss {name!r} of embeddings is unknown")


class Prototypical(nn.Module):
    """An episode (Snell et al. 2017): half of a taxon's images make a mean, which others seek.

    Of the images of a taxon in the batch every other one, beginning with the first, supports;
    those between are the queries: the cross-entropy of softmax(−d²) to all means, d Euclidean.
    A taxon of one image has a mean that nobody is to find.
    """

    def forward(self, embeddings: Tensor, taxa: Tensor) -> Tensor:
        """Return the mean loss of the queries of (batch, size), 0 of none."""
        present, taxon = taxa.unique(return_inverse=True)
        same = taxon[:, None] == taxon
        place = torch.tril(same, -1).sum(1)  # how many of the taxon came before
        supports = place % 2 == 0
        if supports.all():
            return embeddings.sum() * 0
        members = torch.nn.functional.one_hot(taxon[supports], len(present)).to(embeddings.dtype)
        means = (members.T @ embeddings[supports]) / members.sum(0)[:, None]
        far = torch.cdist(embeddings[~supports], means).square()
        return cross_entropy(-far, taxon[~supports])


def hierarchical_triplet(embeddings: Tensor, codes: Tensor, margin: float) -> Tensor:
    """Return the triplet loss whose margin grows with how far up two taxa meet (after Ge 2018).

    The mean over triplets of max(0, d²(a, p) − d²(a, n) + margin·share) of embeddings of unit
    length, where a and p are of one taxon at the finest rank, n is of another, and share is that
    of the ranks at which a and n are not of one taxon. Images without a name at the finest rank
    teach nothing. Ge takes distances within taxa that were
    found in training into the margin, too. 0 without a triplet.

    Parameters
    ----------
    embeddings
        (batch, size).
    codes
        (batch, n_ranks) taxa, coarse to fine, −1 for none.
    margin
        Where no rank is shared.
    """
    unit = normalize(embeddings)
    far = torch.cdist(unit, unit).square()
    shared = (codes[:, None] == codes) & (codes >= 0)  # (batch, batch, n_ranks)
    share = 1 - shared.to(far.dtype).mean(2)
    same = shared[:, :, -1]
    other = (codes[:, None, -1] != codes[:, -1]) & (codes[:, None, -1] >= 0) & (codes[:, -1] >= 0)
    positive = same & ~torch.eye(len(codes), dtype=torch.bool, device=codes.device)
    anchor, near = positive.nonzero(as_tuple=True)
    # Not by two indices, whose gradients threads sum in any order.
    close = far.flatten().index_select(0, anchor * len(codes) + near)
    loss = close[:, None] - far.index_select(0, anchor) + margin * share[anchor]
    loss = loss.clamp_min(0)
    counted = other[anchor]
    return (loss * counted).sum() / counted.sum().clamp_min(1)
