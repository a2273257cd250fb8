"""Photographs of simulated valves: pose, light, background and camera."""

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from visgen.simulate.rendering import LARGEST_EXTENT, VIEWS, Photo, draw_valve
from visgen.simulate.shells import Shell

BACKGROUNDS = ("black velvet", "grey card", "white paper", "blue felt")

_GROUND = {  # colour, noise and unevenness of the light
    "black velvet": ((0.045, 0.045, 0.05), 0.010, 0.02),
    "grey card": ((0.50, 0.50, 0.49), 0.012, 0.06),
    "white paper": ((0.90, 0.885, 0.85), 0.010, 0.08),
    "blue felt": ((0.27, 0.36, 0.47), 0.025, 0.05),
}


def draw_photo(size: float, rng: np.random.Generator) -> Photo:
    """Draw pose, framing and light of one picture.

    Parameters
    ----------
    size : float
        Size of the specimen as a share of a grown one, 0 to 1.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Photo
        How the picture is taken.
    """
    extent = rng.uniform(0.84, LARGEST_EXTENT) * (0.88 + 0.12 * size)
    room = 0.3 * (1 - extent)
    return Photo(
        rotation=rng.normal(0, 0.14),
        pitch=rng.normal(0, 0.08),
        roll=rng.normal(0, 0.08),
        extent=extent,
        offset_x=rng.uniform(-room, room),
        offset_y=rng.uniform(-room, room),
        azimuth=rng.normal(-2.3, 0.5),  # upper left
        elevation=rng.uniform(0.6, 1.0),
        gain=rng.normal(1.06, 0.05),
    )


def take_photo(
    shell: Shell,
    photo: Photo,
    view: str,
    mirrored: bool,
    background: str,
    n_pixels: int,
    specimen_seed: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Render one valve.

    Parameters
    ----------
    shell : Shell
        Parameters of the valve.
    photo : Photo
        Pose, framing and light.
    view : {"outside", "inside"}
        The face that is seen.
    mirrored : bool
        Whether it is the other valve of the pair.
    background : str
        One of ``BACKGROUNDS``.
    n_pixels : int
        Width and height of the picture.
    specimen_seed : int
        Seed of the irregularities of the specimen, the same in all its pictures.
    rng : numpy.random.Generator
        Source of camera noise and of the grain of the background.

    Returns
    -------
    numpy.ndarray, (n_pixels, n_pixels, 3), uint8
        The picture.

    Raises
    ------
    ValueError
        If view or background is unknown.
    """
    if view not in VIEWS:
        raise ValueError(f"view is {view!r}; expected one of {', '.join(VIEWS)}")
    if background not in BACKGROUNDS:
        raise ValueError(f"background is {background!r}; expected one of {', '.join(BACKGROUNDS)}")
    colour, mask = draw_valve(shell, photo, view, mirrored, 2 * n_pixels, specimen_seed)
    colour, mask = _halve(colour), _halve(mask)
    ground = _draw_ground(background, photo, mask, rng)
    picture = colour + (1 - mask) * ground
    picture = gaussian_filter(picture, (0, 0.35, 0.35)) * photo.gain
    picture += rng.normal(0, 0.008, picture.shape)
    return np.rint(255 * np.clip(picture, 0, 1) ** 0.9).astype(np.uint8).transpose(1, 2, 0)


def _draw_ground(
    background: str, photo: Photo, mask: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the background (3, n, n) with uneven light, grain and the soft shadow of the valve."""
    colour, grain, uneven = _GROUND[background]
    n = mask.shape[-1]
    rows, columns = np.mgrid[0:n, 0:n] / n - 0.5
    towards_light = columns * np.cos(photo.azimuth) + rows * np.sin(photo.azimuth)
    ground = np.array(colour)[:, None, None] * (1 + uneven * 2 * towards_light)
    ground = ground + gaussian_filter(rng.normal(0, 1.5 * grain, (n, n)), 0.6)
    reach = 0.035 * n / np.tan(photo.elevation)
    moved = shift(
        mask[0], (-reach * np.sin(photo.azimuth), -reach * np.cos(photo.azimuth)), order=1
    )
    shadow = gaussian_filter(moved, 0.02 * n)
    return ground * (1 - 0.55 * shadow)


def _halve(picture: np.ndarray) -> np.ndarray:
    """Return a picture (channels, n, n) at half its size, by averaging."""
    rows = picture[:, 0::2] + picture[:, 1::2]
    return (rows[:, :, 0::2] + rows[:, :, 1::2]) / 4
