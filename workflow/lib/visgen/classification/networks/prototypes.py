"""Answers by embeddings: the taxon whose mean training image is nearest."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

SCALE = 16.0  #: of cosines; what it is worth, tempering on validation says


class Prototypes(nn.Module):
    """Mean embeddings of the taxa of each rank.

    Parameters
    ----------
    n_taxa
        By rank, coarse to fine.
    size
        Of an embedding.
    euclidean
        Whether squared distances count, as of ``prototypical``, or cosines.
    """

    kind = "free"  # each rank answers for itself

    def __init__(self, n_taxa: Mapping[str, int], *, size: int, euclidean: bool):
        super().__init__()
        self.n_taxa, self.euclidean = dict(n_taxa), euclidean
        self.heads = {"embedding": size}
        for r, n in enumerate(n_taxa.values()):
            self.register_buffer(f"mean{r}", torch.zeros(n, size))

    def learn(self, embeddings: Tensor, codes: Tensor) -> None:
        """Take means of training images, (n_images, size), by their (n_images, n_ranks) taxa."""
        seen = embeddings if self.euclidean else normalize(embeddings)
        for r in range(codes.shape[1]):
            known = codes[:, r] >= 0
            mean = torch.zeros_like(getattr(self, f"mean{r}"))
            mean.index_add_(0, codes[known, r], seen[known])
            n = torch.bincount(codes[known, r], minlength=len(mean))
            setattr(self, f"mean{r}", mean / n[:, None])

    def log_probabilities(self, embeddings: Tensor) -> list[Tensor]:
        """Return log p of the taxa of each rank, (batch, n_taxa)."""
        found = []
        for r in range(len(self.n_taxa)):
            means = getattr(self, f"mean{r}")
            if self.euclidean:
                logits = -torch.cdist(embeddings, means).square()
            else:
                logits = SCALE * normalize(embeddings) @ normalize(means).T
            found.append(logits.log_softmax(1))
        return found

    def probabilities(self, embeddings: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return probabilities of the taxa of each rank, twice, of one tensor (batch, size)."""
        found = [log_p.exp() for log_p in self.log_probabilities(embeddings[0])]
        return found, found
