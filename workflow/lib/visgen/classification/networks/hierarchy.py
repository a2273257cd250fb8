"""From logits to log probabilities of taxa, along the taxonomy or not."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from visgen.classification.networks.targets import siblings


class Hierarchy(nn.Module):
    """What logits mean.

    Parameters
    ----------
    places
        (n_lineages, n_ranks) taxa of each lineage, −1 for a gap.
    n_taxa
        By rank, coarse to fine: how many taxa there are.
    kind
        One of `visgen.classification.networks.options.HIERARCHIES`.

    Attributes
    ----------
    kind, n_taxa
        As given.
    heads
        By name: number of the logits that are needed. One a rank, or one of lineages.
    """

    def __init__(self, places: np.ndarray, n_taxa: Mapping[str, int], kind: str):
        super().__init__()
        self.kind, self.n_taxa, self._sizes = kind, dict(n_taxa), list(n_taxa.values())
        self.heads = {"lineages": len(places)} if kind == "summed" else dict(n_taxa)
        self._above: list[tuple[Tensor, Tensor]] = []
        for r, n in enumerate(self._sizes):
            of = siblings(places, r, n)
            self.register_buffer(f"group{r}", torch.from_numpy(of.group))
            place = torch.from_numpy(places[:, r])
            self.register_buffer(f"place{r}", torch.where(place < 0, n, place))
            self._above.append((torch.from_numpy(of.rank), torch.from_numpy(of.parent)))

    def conditional(self, logits: list[Tensor]) -> list[Tensor]:
        """Return what a head of each rank says, log p (batch, n_taxa).

        Among all taxa (``free``), among siblings (``masked``), or summed over lineages.
        """
        if self.kind == "free":
            return [of.log_softmax(1) for of in logits]
        if self.kind == "masked":
            return [of - self._of_group(of, r) for r, of in enumerate(logits)]
        log_p = logits[0].log_softmax(1)
        sums = []
        for r, n_taxa in enumerate(self._sizes):
            # Lineages without a name at the rank are summed into a column of their own.
            place = getattr(self, f"place{r}")
            sums.append(_log_sums(log_p, place, n_taxa + 1)[:, :n_taxa])
        return sums

    def probabilities(self, logits: list[Tensor]) -> list[Tensor]:
        """Return probabilities of the taxa of each rank, (batch, n_taxa); rows sum to one."""
        found: list[Tensor] = []
        for r, log_p in enumerate(self.conditional(logits)):
            if self.kind == "masked":
                rank, parent = self._above[r]
                for coarser in range(r):
                    mine = torch.nonzero(rank == coarser)[:, 0].to(log_p.device)
                    at = parent.to(log_p.device)[mine]
                    log_p[:, mine] += found[coarser][:, at].clamp_min(_LEAST).log()
            # Lineages with gaps may share out a parent's probability twice, or none of it.
            found.append(log_p.softmax(1))
        return found

    def _of_group(self, logits: Tensor, r: int) -> Tensor:
        group = getattr(self, f"group{r}")
        return _log_sums(logits, group, int(group.max()) + 1)[:, group]


_LEAST = float(np.finfo(np.float32).tiny)


def _log_sums(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Return log Σ exp of the columns of each group, (batch, n_groups); −inf of an empty one."""
    places = group.expand_as(values)
    empty = values.new_full((len(values), n_groups), -torch.inf)
    top = empty.scatter_reduce(1, places, values.detach(), "amax")
    shifted = (values - top.gather(1, places)).exp()
    sums = torch.zeros_like(top).scatter_add(1, places, shifted)
    return sums.log() + torch.where(top.isinf(), 0.0, top)


def decide(probabilities: list[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Name a lineage from the coarsest rank down, taxa of other parents masked.

    Parameters
    ----------
    probabilities
        By rank, (n_images, n_taxa).
    places
        (n_lineages, n_ranks) taxa of each lineage, −1 for a gap.

    Returns
    -------
    ndarray
        (n_images, n_ranks) numbers of taxa; −1 where no lineage goes on. Of equals the first.
    """
    n_images, n_ranks = len(probabilities[0]), places.shape[1]
    found = np.full((n_images, n_ranks), -1)
    rows: dict[tuple[int, ...], np.ndarray] = {(): np.arange(n_images)}
    for r in range(n_ranks):
        further: dict[tuple[int, ...], np.ndarray] = {}
        for named, images in rows.items():
            fits = (places[:, :r] == np.array(named, int)).all(axis=1)
            taxa = np.unique(places[fits & (places[:, r] >= 0), r])
            if len(taxa):
                found[images, r] = taxa[probabilities[r][images][:, taxa].argmax(axis=1)]
            for taxon in np.unique(found[images, r]):
                further[*named, int(taxon)] = images[found[images, r] == taxon]
        rows = further
    return found
