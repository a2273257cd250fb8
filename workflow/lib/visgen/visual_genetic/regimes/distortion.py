"""Rotation, scale and Gaussian noise on whole batches, on the device of the network."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def distort(pictures: Tensor, *, rotation: float, scale: float, noise: float, seed: int) -> Tensor:
    """Return a batch of pictures, each turned, resized and made noisy at random.

    What a turn uncovers is filled with the picture's own mirror image, which brings in no colour
    that the picture lacks.

    Parameters
    ----------
    pictures
        (batch, channels, size, size), uint8.
    rotation
        Largest rotation to either side, in degrees.
    scale
        Largest change of size, as a share.
    noise
        Standard deviation of Gaussian noise on each pixel and channel, as a share of the range.
    seed
        Of all draws; on one kind of device they depend on nothing else.

    Returns
    -------
    Tensor
        (batch, channels, size, size), float32, from 0 to 1.
    """
    shares = to_shares(pictures)
    draw = torch.Generator().manual_seed(seed)
    n_images = len(pictures)
    angles = math.radians(rotation) * (2 * torch.rand(n_images, generator=draw) - 1)
    sizes = 1 + scale * (2 * torch.rand(n_images, generator=draw) - 1)
    if rotation or scale:
        # From a pixel of the result to where it comes from.
        cosine, sine, none = angles.cos() / sizes, angles.sin() / sizes, torch.zeros(n_images)
        rows = [cosine, -sine, none, sine, cosine, none]
        matrices = torch.stack(rows, 1).view(n_images, 2, 3).to(shares.device)
        grid = affine_grid(matrices, list(shares.shape), align_corners=False)
        shares = grid_sample(shares, grid, padding_mode="reflection", align_corners=False)
    if noise:
        # A generator of the device: drawing millions of numbers elsewhere takes longer than
        # a step of training.
        draw = torch.Generator(shares.device).manual_seed(seed)
        drawn = torch.empty_like(shares, memory_format=torch.contiguous_format)
        shares = shares.add(drawn.normal_(generator=draw), alpha=noise)
    return shares.clamp(0, 1)


def to_shares(pictures: Tensor) -> Tensor:
    """Return uint8 values as float32 shares of their range, of the same shape."""
    return pictures.float().div(255)


def standardise(shares: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Bring pictures to the scale of a network.

    Parameters
    ----------
    shares
        (batch, 1 or 3 channels, size, size), from 0 to 1.
    mean, std
        Of each of the network's three channels.

    Returns
    -------
    Tensor
        (batch, 3, size, size), float32, channels last.
    """
    mean, std = (
        torch.tensor(values, device=shares.device).view(1, 3, 1, 1) for values in (mean, std)
    )
    return ((shares - mean) / std).contiguous(memory_format=torch.channels_last)
