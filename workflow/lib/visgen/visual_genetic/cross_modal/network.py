"""What stands behind the frozen convolutions: projection, head, and layers beside the anchors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from visgen.visual_genetic.cross_modal.options import LAYERS
from visgen.visual_genetic.regimes.projection import make_projection

_OF = ("weight", "bias")


class Residual(nn.Module):
    """A layer that is not linear and starts as the identity: x + second(relu(first(x)))."""

    def __init__(self, size: int):
        super().__init__()
        self.first, self.second = nn.Linear(size, size), nn.Linear(size, size)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the same shape, (batch, size)."""
        return values + self.second(torch.relu(self.first(values)))


class Projection(nn.Module):
    """From pooled features to embeddings, from these to taxa, and from anchors to their places.

    Parameters
    ----------
    n_features, hidden, size
        Numbers of pooled features, of hidden units and of an embedding's values.
    n_taxa
        Rows of the head.
    layer
        One of `visgen.visual_genetic.cross_modal.options.LAYERS`. What it adds starts as the
        identity; ``genetic`` between spaces of two sizes as a random rotation, cut to the smaller.
    anchor_size
        Values of an anchor; only ``genetic`` has a use for another number than `size`.

    Raises
    ------
    ValueError
        If the layer is unknown.
    """

    def __init__(
        self, n_features: int, hidden: int, size: int, n_taxa: int, layer: str, anchor_size: int
    ):
        super().__init__()
        self.extra: nn.Module = nn.Identity()
        self.genetic: nn.Module = nn.Identity()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)  # of the added layers; all else is not kept
            self.projection = make_projection(n_features, hidden, size)
            self.head = nn.Linear(size, n_taxa)
            match layer:
                case "none":
                    pass
                case "extra":
                    self.extra = Residual(size)
                case "genetic":
                    self.genetic = nn.Linear(anchor_size, size, bias=False)
                    same = anchor_size == size
                    (nn.init.eye_ if same else nn.init.orthogonal_)(self.genetic.weight)
                case _:
                    raise ValueError(
                        f"alignment.layer: found {layer!r}, expected {' or '.join(LAYERS)}"
                    )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings and logits.

        Parameters
        ----------
        features
            Pooled, (batch, n_features).

        Returns
        -------
        embeddings
            (batch, size), behind the extra layer where there is one.
        logits
            (batch, n_taxa); the head stays where it was trained, before the extra layer.
        """
        projected = self.projection(features)  # (batch, size)
        return self.extra(projected), self.head(projected)


def build_projection(tensors: Mapping[str, Tensor], layer: str, anchor_size: int) -> Projection:
    """Return a regime's projection and head, with the layer that a variant asks for.

    Parameters
    ----------
    tensors
        ``projection.0`` and ``projection.2``, ``head``: weight and bias of each.
    layer, anchor_size
        As in `Projection`.

    Raises
    ------
    ValueError
        If a tensor is missing, or their shapes do not fit together.
    """
    wanted = [f"{name}.{of}" for name in ("projection.0", "projection.2", "head") for of in _OF]
    if missing := [name for name in wanted if name not in tensors]:
        raise ValueError(f"checkpoint: tensor {missing[0]!r} is missing, found {sorted(tensors)}")
    hidden, n_features = tensors["projection.0.weight"].shape
    size, n_taxa = len(tensors["projection.2.bias"]), len(tensors["head.bias"])
    network = Projection(n_features, hidden, size, n_taxa, layer, anchor_size)
    state = network.state_dict()
    for name in wanted:
        if state[name].shape != tensors[name].shape:
            raise ValueError(
                f"checkpoint: tensor {name!r} has the shape {tuple(tensors[name].shape)}, "
                f"expected {tuple(state[name].shape)}"
            )
        state[name] = tensors[name]
    network.load_state_dict(state)
    return network
