"""A network cut before its last stages: maps that stay as they are, and the tail that learns."""

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from visgen.features.backbones import Backbone, forward

_KEY = "embedding.variants.<name>.guidance.fine_tune"
#: Largest difference to the whole network's output, as a share of its largest value.
_SAME = 1e-4


@dataclass(frozen=True)
class CutNetwork:
    """A network in two parts.

    Attributes
    ----------
    whole
        The network as it was.
    first
        Name of the first module behind the cut.
    tail
        From the maps before the cut to pooled features; a copy, with its own parameters. All
        that comes before the cut is left out of it.
    """

    whole: nn.Module
    first: str
    tail: nn.Module

    def maps(self, images: Tensor) -> Tensor:
        """Return the maps that go into the tail, (batch, ...), of images as the network takes."""
        # What follows is computed in vain: a way out of any network's forward would be fragile.
        caught: list[Tensor] = []
        hook = self.whole.get_submodule(self.first).register_forward_pre_hook(
            lambda module, inputs: caught.append(inputs[0])
        )
        with hook:
            self.whole(images)
        return caught[0]


def cut_network(backbone: Backbone, stages: int) -> CutNetwork:
    """Cut a network before the last of its stages.

    Parameters
    ----------
    backbone
        On the CPU.
    stages
        How many stages the tail has, with all that follows them.

    Raises
    ------
    ValueError
        If the network has too few stages, or its tail does not make the network's own features
        from the maps alone: position embeddings and connections across the cut need more.

    Notes
    -----
    Stages are those of timm's ``feature_info``, which names the modules after which maps are
    about to be halved. Modules run before the cut are replaced by identities, so that the
    network's own forward, fed with maps, does the rest. That it then makes what the whole network
    makes is tried out, not assumed.
    """
    model, network = backbone.recipe["model"], backbone.network
    ends = [info["module"] for info in getattr(network, "feature_info", [])]
    if stages >= len(ends):
        raise ValueError(
            f"config key {_KEY}.stages: found {stages}, but backbone model {model!r} has "
            f"{max(len(ends) - 1, 0)} stages that can be trained"
        )
    size = backbone.image_size
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        order, features = _run_order(backbone, _units(network, ends), images)
    end = ends[-stages - 1]
    before = order[: order.index(end) + 1] if end in order else order
    after = order[len(before) :]
    if not after:
        raise _refusal(model, stages, f"nothing runs after {end}")
    tail = copy.deepcopy(network)
    for name in set(before):
        tail.set_submodule(name, nn.Identity())
    cut = CutNetwork(network, after[0], tail)
    with torch.inference_mode():
        maps = cut.maps(images)
        try:
            difference = (tail(maps).float() - features).abs().max()
        except Exception as error:  # A network fed with what it does not expect raises any type.
            raise _refusal(model, stages, f"{type(error).__name__}: {error}") from error
    if not difference <= _SAME * features.abs().max():
        raise _refusal(model, stages, f"features differ by up to {difference:.2g}")
    return cut


def _units(module: nn.Module, ends: Collection[str], prefix: str = "") -> Iterator[str]:
    """Yield the names of the largest modules that hold no end of a stage inside."""
    for name, child in module.named_children():
        path = prefix + name
        if any(end.startswith(f"{path}.") for end in ends):
            yield from _units(child, ends, f"{path}.")
        else:
            yield path


def _run_order(
    backbone: Backbone, names: Iterator[str], images: Tensor
) -> tuple[list[str], Tensor]:
    """Return modules in the order in which they run, and the network's features."""
    order: list[str] = []
    hooks = [
        backbone.network.get_submodule(name).register_forward_pre_hook(
            lambda module, inputs, name=name: order.append(name)
        )
        for name in names
    ]
    features = forward(backbone, images)
    for hook in hooks:
        hook.remove()
    return order, features


def _refusal(model: str, stages: int, found: str) -> ValueError:
    return ValueError(
        f"config key {_KEY}: backbone model {model!r} cannot be cut before the last {stages} of "
        f"its stages, since what follows needs more than the maps at the cut, such as position "
        f"embeddings ({' '.join(found.split())[:200]}); leave the backbone or the variant out"
    )
