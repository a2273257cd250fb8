"""From logits to log probabilities of taxa, along the taxonomy or not."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

_LEAST = float(np.finfo(np.float32).tiny)


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
        By name: number of the logits that are needed. One a rank, or one of lineages. With
        ``masked`` a rank has a logit more for each parent under which a lineage goes on without a
        name at the rank.
    nodes
        (n_lineages, n_ranks): `places`, and at a gap with a name below the number of that logit.
    """

    def __init__(self, places: np.ndarray, n_taxa: Mapping[str, int], kind: str):
        super().__init__()
        self.kind, self.n_taxa, self._sizes = kind, dict(n_taxa), list(n_taxa.values())
        self.nodes, self._n_nodes = with_gaps(places, self._sizes)
        self.heads = dict(n_taxa)
        if kind == "masked":
            self.heads = dict(zip(n_taxa, self._n_nodes, strict=True))
        elif kind == "summed":
            self.heads = {"lineages": len(places)}
        follows = self.nodes if kind == "masked" else places
        for r, n in enumerate(self._sizes):
            self._keep(f"path{r}", paths(follows, r, n))
            self._keep(
                f"node{r}", np.where(self.nodes[:, r] < 0, self._n_nodes[r], self.nodes[:, r])
            )
            self._keep(f"parent{r}", _parents(self.nodes, r, self._n_nodes[r]))

    def _keep(self, name: str, numbers: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(numbers.astype(np.int64)), persistent=False)

    def along(self, codes: Tensor) -> Tensor:
        """Return the lineage of each image's finest taxon, (batch, n_ranks), as logits have it.

        Its own labels where each rank answers for itself. −1 below the finest taxon that is known,
        and at gaps that have no logit.
        """
        if self.kind == "free":
            return codes
        found = torch.full_like(codes, -1)
        for r in range(codes.shape[1]):  # finer ones overwrite
            known = codes[:, r] >= 0
            found[known] = getattr(self, f"path{r}")[codes[known, r]]
        return found

    def conditional(self, logits: list[Tensor]) -> list[Tensor]:
        """Return what is learned at each rank, log p (batch, n_logits or n_taxa).

        Among all taxa (``free``), among siblings (``masked``), or summed over lineages.
        """
        if self.kind == "free":
            return [of.log_softmax(1) for of in logits]
        if self.kind == "masked":
            return [of - self._of_siblings(of, r) for r, of in enumerate(logits)]
        sums = self._sums(logits[0])
        return [of[:, :n] for of, n in zip(sums, self._sizes, strict=True)]

    def probabilities(self, logits: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return probabilities of the taxa of each rank, and of all nodes.

        Returns
        -------
        taxa
            By rank, (batch, n_taxa); rows sum to one, whatever lineages without a name have.
        nodes
            By rank, (batch, n_nodes): the same with those of gaps, not brought to one.
        """
        if self.kind == "free":
            nodes = [of.softmax(1) for of in logits]
        elif self.kind == "masked":
            nodes = []
            for r, log_p in enumerate(self.conditional(logits)):
                parent = getattr(self, f"parent{r}")
                above = 1.0 if not r else nodes[-1][:, parent]
                nodes.append(log_p.exp() * above)
        else:
            nodes = [of.exp() for of in self._sums(logits[0])]
        taxa = []
        for of, n in zip(nodes, self._sizes, strict=True):
            named = of[:, :n].clamp_min(_LEAST)
            taxa.append(named / named.sum(1, keepdim=True))
        return taxa, nodes

    def _of_siblings(self, logits: Tensor, r: int) -> Tensor:
        group = getattr(self, f"parent{r}")
        sums = _log_sums(logits, group, int(group.max()) + 1)
        return sums.gather(1, group.expand_as(logits))

    def _sums(self, logits: Tensor) -> list[Tensor]:
        """Return log p of nodes, summed over lineages, by rank (batch, n_nodes)."""
        log_p = logits.log_softmax(1)
        # Lineages that end above a rank are summed into a column of their own.
        return [
            _log_sums(log_p, getattr(self, f"node{r}"), n + 1)[:, :n]
            for r, n in enumerate(self._n_nodes)
        ]


def with_gaps(places: np.ndarray, n_taxa: list[int]) -> tuple[np.ndarray, list[int]]:
    """Give a number to each gap of lineages that go on below it.

    Returns
    -------
    nodes
        (n_lineages, n_ranks): `places`, and numbers from `n_taxa` on for gaps with a name below;
        lineages that agree down to a gap share its number. −1 below the end of a lineage.
    n_nodes
        By rank.

    Examples
    --------
    >>> nodes, n = with_gaps(np.array([[0, 0], [-1, 1], [1, -1]]), [2, 2])
    >>> nodes.tolist(), n
    ([[0, 0], [2, 1], [1, -1]], [3, 2])
    """
    nodes, n_nodes = places.copy(), list(n_taxa)
    for r in range(places.shape[1]):
        goes_on = (places[:, r + 1 :] >= 0).any(axis=1)
        gap = np.flatnonzero((places[:, r] < 0) & goes_on)
        if len(gap):
            _, number = np.unique(nodes[gap, :r], axis=0, return_inverse=True)
            number = number.reshape(-1) if r else np.zeros(len(gap), int)
            nodes[gap, r] = n_taxa[r] + number
            n_nodes[r] = n_taxa[r] + int(number.max()) + 1
    return nodes, n_nodes


def paths(nodes: np.ndarray, r: int, n_taxa: int) -> np.ndarray:
    """Return what lies above each taxon of rank number `r`, (n_taxa, n_ranks), −1 below it."""
    found = np.full((n_taxa, nodes.shape[1]), -1)
    named = (nodes[:, r] >= 0) & (nodes[:, r] < n_taxa)
    found[nodes[named, r], : r + 1] = nodes[named, : r + 1]
    return found


def _parents(nodes: np.ndarray, r: int, n_nodes: int) -> np.ndarray:
    """Return the node above each, (n_nodes,), 0 at the coarsest rank."""
    parent = np.zeros(n_nodes, int)
    if r:
        here = nodes[:, r] >= 0
        parent[nodes[here, r]] = nodes[here, r - 1]
    return parent


def _log_sums(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Return log Σ exp of the columns of each group, (batch, n_groups); −inf of an empty one."""
    places = group.expand_as(values)
    empty = values.new_full((len(values), n_groups), -torch.inf)
    top = empty.scatter_reduce(1, places, values.detach(), "amax")
    shifted = (values - top.gather(1, places)).exp()
    sums = torch.zeros_like(top).scatter_add(1, places, shifted)
    return sums.log() + torch.where(top.isinf(), 0.0, top)


def decide(probabilities: list[np.ndarray], nodes: np.ndarray, n_taxa: list[int]) -> np.ndarray:
    """Name a lineage from the coarsest rank down, what has other parents masked.

    Parameters
    ----------
    probabilities
        By rank, (n_images, n_nodes), as `Hierarchy.probabilities` returns them.
    nodes
        Of a `Hierarchy`.
    n_taxa
        By rank.

    Returns
    -------
    ndarray
        (n_images, n_ranks) numbers of taxa; −1 at gaps and where no lineage goes on. Of equals the
        first.
    """
    n_images, n_ranks = len(probabilities[0]), nodes.shape[1]
    found = np.full((n_images, n_ranks), -1)
    rows: dict[tuple[int, ...], np.ndarray] = {(): np.arange(n_images)}
    for r in range(n_ranks):
        further: dict[tuple[int, ...], np.ndarray] = {}
        for named, images in rows.items():
            fits = (nodes[:, :r] == np.array(named, int)).all(axis=1)
            here = np.unique(nodes[fits & (nodes[:, r] >= 0), r])
            if not len(here):
                continue
            chosen = here[probabilities[r][images][:, here].argmax(axis=1)]
            found[images, r] = np.where(chosen < n_taxa[r], chosen, -1)
            for node in np.unique(chosen):
                further[*named, int(node)] = images[chosen == node]
        rows = further
    return found
