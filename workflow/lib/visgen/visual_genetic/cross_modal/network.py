"""What stands behind the frozen convolutions: projection, extra layer and head."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from visgen.visual_genetic.cross_modal.options import LAYERS
from visgen.visual_genetic.regimes.projection import make_projection


class Projection(nn.Module):
    """From pooled features to embeddings, and from these to taxa.

    Parameters
    ----------
    n_features, hidden, size
        Numbers of pooled features, of hidden units and of an embedding's values.
    n_taxa
        Rows of the head.
    layer
        ``none``, or ``extra`` for one more linear layer before the anchors, which starts as the
        identity (one of the dead ends of Karaderi et al. 2024).

    Raises
    ------
    ValueError
        If the layer is unknown.
    """

    def __init__(self, n_features: int, hidden: int, size: int, n_taxa: int, layer: str):
        super().__init__()
        with torch.random.fork_rng(devices=[]):  # weights are drawn, though none of them is kept
            self.projection = make_projection(n_features, hidden, size)
            self.head = nn.Linear(size, n_taxa)
            match layer:
                case "none":
                    self.extra = nn.Identity()
                case "extra":
                    self.extra = nn.Linear(size, size)
                    nn.init.eye_(self.extra.weight)
                    nn.init.zeros_(self.extra.bias)
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


def build_projection(tensors: Mapping[str, Tensor], layer: str) -> Projection:
    """Return a regime's projection and head, with the extra layer that a variant asks for.

    Parameters
    ----------
    tensors
        ``projection.0`` and ``projection.2``, ``head``: weight and bias of each.
    layer
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
    network = Projection(
        n_features, hidden, len(tensors["projection.2.bias"]), len(tensors["head.bias"]), layer
    )
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


_OF = ("weight", "bias")
