"""Networks from features to logits of taxa: towers, and heads above them."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from visgen.machine.schedule import seed_of


class RankNetwork(nn.Module):
    """A tower for all ranks or one a rank, and a linear head for each answer.

    Weights of a part are drawn from its own seed, so that they do not depend on which other parts
    there are.

    Parameters
    ----------
    n_features
        Number of features.
    hidden
        Units of the layers of a tower; without any a head sees the features.
    heads
        By name, coarse to fine: number of its logits.
    towers
        One of `visgen.classification.networks.options.TOWERS`.
    dropout
        Share of the units of a layer that a step leaves out.
    seed
        Of the initial weights.

    Attributes
    ----------
    described
        Its form, in plain values.

    Examples
    --------
    >>> network = RankNetwork(
    ...     3, hidden=[5], heads={"genus": 2, "species": 7}, towers="fused", dropout=0, seed=1
    ... )
    >>> [tuple(logits.shape) for logits in network(torch.zeros(11, 3))]
    [(11, 2), (11, 7)]
    """

    def __init__(
        self,
        n_features: int,
        *,
        hidden: Sequence[int],
        heads: dict[str, int],
        towers: str,
        dropout: float,
        seed: int,
    ):
        super().__init__()
        self.described = {
            **{"n_features": n_features, "hidden": list(hidden)},
            **{"heads": dict(heads), "towers": towers},
        }
        self.fused = towers == "fused"
        sizes = [n_features, *hidden]
        with torch.random.fork_rng(devices=[]):
            self.towers = nn.ModuleList()
            for number in range(1 if towers == "shared" else len(heads)):
                torch.default_generator.manual_seed(seed_of(seed, "tower", number))
                layers = [
                    (nn.Linear(*pair), nn.ReLU(), nn.Dropout(dropout)) for pair in pairwise(sizes)
                ]
                self.towers.append(nn.Sequential(*(part for layer in layers for part in layer)))
            self.heads = nn.ModuleList()
            for name, n_logits in heads.items():
                torch.default_generator.manual_seed(seed_of(seed, "head", name))
                self.heads.append(nn.Linear(sizes[-1], n_logits))

    def embeddings(self, features: Tensor) -> list[Tensor]:
        """Return what each head sees, (batch, hidden[-1]) each, of (batch, n_features)."""
        seen = [tower(features) for tower in self.towers]
        if self.fused:
            seen = list(accumulate(seen))
        return seen * len(self.heads) if len(seen) == 1 else seen

    def forward(self, features: Tensor) -> list[Tensor]:
        """Return the logits of each head, (batch, n_logits), of (batch, n_features)."""
        return [
            head(seen) for head, seen in zip(self.heads, self.embeddings(features), strict=True)
        ]
