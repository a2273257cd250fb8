"""What is taken of a network's maps: their mean and their deviation over space, in blocks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from visgen.features.options import FINAL, STATISTICS


def pooled_blocks(
    network: nn.Module,
    images: Tensor,
    layers: Sequence[int | str] | None,
    statistics: Sequence[str],
) -> list[Tensor]:
    """Return features of images in blocks: layer by layer, and in each statistic by statistic.

    Parameters
    ----------
    network
        A timm model without a classification head.
    images
        Preprocessed, (batch, 3, height, width).
    layers
        Indices of layers, in the network's order, and `visgen.features.options.FINAL` for the map
        before its own pooling; None takes its own pooled output, in one block.
    statistics
        Some of `visgen.features.options.STATISTICS`, taken of every map over space.

    Returns
    -------
    list of Tensor
        Each (batch, channels), float32.

    Raises
    ------
    ValueError
        If what comes before the network's own pooling is no map.
    """
    if layers is None:
        return [network(images).float()]
    return [
        _over_space(part, statistic)
        for part in _maps(network, images, layers)
        for statistic in statistics
    ]


def _maps(network: nn.Module, images: Tensor, layers: Sequence[int | str]) -> list[Tensor]:
    """Return the maps, (batch, channels, height, width) each."""
    indices = [layer for layer in layers if layer != FINAL]
    if FINAL not in layers:
        return network.forward_intermediates(
            images, indices=indices, intermediates_only=True, output_fmt="NCHW"
        )
    if indices:
        last, maps = network.forward_intermediates(images, indices=indices, output_fmt="NCHW")
    else:
        last, maps = network.forward_features(images), []
    if last.ndim != 4:
        raise ValueError(
            f"the layer {FINAL!r} has the shape {tuple(last.shape)}, expected maps; take layers by "
            "their index"
        )
    if getattr(network, "output_fmt", "NCHW") == "NHWC":
        last = last.permute(0, 3, 1, 2)
    return [*maps, last]


def _over_space(part: Tensor, statistic: str) -> Tensor:
    match statistic:
        case "mean":
            return part.float().mean(dim=(2, 3))
        case "deviation":
            return torch.var(part.float(), dim=(2, 3), correction=0).sqrt()
        case _:
            raise ValueError(f"statistic is {statistic!r}, expected {', '.join(STATISTICS)}")
