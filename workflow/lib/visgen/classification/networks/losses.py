"""What a network that classifies learns to make small."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from visgen.classification.networks.hierarchy import Hierarchy
from visgen.classification.networks.targets import Targets, shared_ranks


class RankLosses(nn.Module):
    """The loss of images at all ranks, each with its weight.

    Parameters
    ----------
    targets
        Taxa and lineages.
    hierarchy
        What logits mean.
    options
        Of the network: loss with beta, gamma or tau (`visgen.classification.networks.options`);
        rank_weights, by rank, 1 where it is not named; soft_labels, the beta of soft labels along
        the taxonomy (Bertinetto et al. 2020, eq. 6), or None; discount, the alpha of hierarchical
        cross-entropy, of ``summed`` alone: a rank r below the coarsest counts exp(−alpha·r) times,
        so that mistakes between distant taxa cost more, as the authors' code has it.

    Notes
    -----
    Weights of taxa are scaled so that their mean over training images is one: a rate of learning
    then means the same with every loss. With ``summed``, a rank's term is the probability of a
    taxon given the one above it, so that terms of weight one add up to cross-entropy of lineages;
    otherwise a rank's term is that of its own head. An image counts at the ranks at which it has
    a taxon that is known; along the taxonomy at all that its finest one lies under.
    """

    def __init__(self, targets: Targets, hierarchy: Hierarchy, options: Mapping[str, Any]):
        super().__init__()
        self.hierarchy = hierarchy
        self.summed = options["hierarchy"] == "summed"
        self.gamma = options["gamma"] if options["loss"] == "focal" else 0.0
        self.rank_weights = [
            options["rank_weights"].get(rank, 1.0) * float(np.exp(-options["discount"] * r))
            for r, rank in enumerate(targets.ranks)
        ]
        codes = torch.from_numpy(targets.codes[targets.train])
        counts = [
            np.bincount(of[of >= 0], minlength=n)
            for of, n in zip(
                hierarchy.along(codes).numpy().T, self._n_columns(targets), strict=True
            )
        ]
        adjusted = options["loss"] == "logit_adjusted"
        raised = [_images_of_lineages(targets)] if self.summed else counts
        self.raised = [f"raised{i}" for i in range(len(raised))]
        for name, n in zip(self.raised, raised, strict=True):
            self._keep(name, options["tau"] * np.log(np.maximum(n, 1)) if adjusted else 0.0 * n)
        balanced = options["loss"] == "class_balanced"
        for r, n in enumerate(counts):
            weights = balanced_weights(n, options["beta"]) if balanced else np.ones(len(n))
            self._keep(f"weight{r}", weights)
            self.register_buffer(f"soft{r}", None)
            if options["soft_labels"] is not None:
                apart = shared_ranks(targets.lineages.places, r, len(n))
                soft = torch.from_numpy(-options["soft_labels"] * apart).softmax(1)
                self.register_buffer(f"soft{r}", soft, persistent=False)

    def _keep(self, name: str, values: np.ndarray) -> None:
        values = torch.from_numpy(values.astype(np.float32))
        self.register_buffer(name, values, persistent=False)

    def _n_columns(self, targets: Targets) -> list[int]:
        """Return how many taxa, with gaps where these have logits, there are at each rank."""
        if self.hierarchy.kind == "masked":
            return list(self.hierarchy.heads.values())
        return [len(n) for n in targets.n_images.values()]

    def forward(self, logits: Sequence[Tensor], codes: Tensor) -> Tensor:
        """Return the loss of each image, (batch,).

        Parameters
        ----------
        logits
            As the heads of the network give them, (batch, n_logits) each.
        codes
            (batch, n_ranks) number of the taxon, −1 for none.
        """
        codes = self.hierarchy.along(codes)
        raised = [of + getattr(self, n) for of, n in zip(logits, self.raised, strict=True)]
        log_p = self.hierarchy.conditional(raised)
        total = logits[0].new_zeros(len(codes))
        above = torch.zeros_like(total)
        for r, (of, weight) in enumerate(zip(log_p, self.rank_weights, strict=True)):
            known = codes[:, r] >= 0
            taxon = codes[:, r].clamp_min(0)
            told = of.gather(1, taxon[:, None])[:, 0]  # log p of the true taxon
            given = told - above if self.summed else told
            loss = -given
            if (soft := getattr(self, f"soft{r}")) is not None:
                loss = -(soft[taxon] * of).sum(1)
            if self.gamma:
                # Not from 0, where a power below one has no slope.
                loss = loss * (1 - given.exp()).clamp_min(1e-7) ** self.gamma
            loss = loss * getattr(self, f"weight{r}")[taxon]
            total = total + weight * torch.where(known, loss, 0.0)
            above = torch.where(known, told, above)
        return total


def balanced_weights(n_images: np.ndarray, beta: float) -> np.ndarray:
    """Return (n_taxa,) class-balanced weights whose mean over images is one.

    Parameters
    ----------
    n_images
        (n_taxa,) training images, one or more.
    beta
        From 0, equal weights, to below 1, inverse frequencies.

    Examples
    --------
    >>> balanced_weights(np.array([3, 1]), 0.5).round(3).tolist()
    [0.842, 1.474]
    """
    weights = (1 - beta) / (1 - beta ** np.maximum(n_images, 1))
    return weights * n_images.sum() / (weights * n_images).sum()


def _images_of_lineages(targets: Targets) -> np.ndarray:
    """Return the training images of each lineage's finest taxon."""
    places = targets.lineages.places
    finest = places.shape[1] - 1 - (places[:, ::-1] >= 0).argmax(axis=1)
    counts = list(targets.n_images.values())
    n = [counts[r][places[i, r]] for i, r in enumerate(finest)]
    return np.array(n)
