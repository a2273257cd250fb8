"""What is odd about a picture, in words, beside what a study's own pictures look like."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

#: The words, and what they mean to a person.
ODDITIES = {
    "tiny": "it has fewer pixels than the network sees, or far fewer than the study's pictures",
    "grey": "it has no colour, unlike the study's pictures",
    "flat": "it has hardly any contrast",
    "blurred": "it is less sharp than the study's pictures",
    "cut_at_border": "more lies across its border than across those of the study's pictures",
}

#: Those of a picture that changes how all that is on it looks, whatever it is.
OF_LOOKS = ("tiny", "grey", "flat", "blurred")

_WORKING_SIDE = 128  # pixels of the long side: about what a network sees, and quick
_BORDER_DIFFERENCE = 40  # of 255, in any channel
_LOW, _HIGH = 0.01, 0.99  # quantiles of the study's pictures

# How far beyond them is odd, so that of the study's pictures fewer than 1 % are.
_FACTOR = 0.5  # of the low quantile of colour, contrast and sharpness
_FACTOR_OF_SIDE = 0.9  # of the low quantile, up to the pixels that the network sees
_FAR_FEWER = 0.25  # of the low quantile, whatever the network sees
_MORE_OF_BORDER = 0.1  # above the high quantile

# Where even so much is usual, nothing can be told.
_SOME_COLOUR = 0.01  # the low quantile is below it: that a picture has no colour
_HALF_THE_BORDER = 0.5  # the high quantile is above it: that a picture is cut


class Look(NamedTuple):
    """Simple measures of a picture, all but the first at a long side of 128 pixels.

    Attributes
    ----------
    side : float
        The short side of the file, pixels.
    colour : float
        The mean difference between a pixel's largest and smallest channel, 0 (grey) to 1.
    contrast : float
        The standard deviation of the brightness, which is the mean of the channels; 0 to 0.5.
    sharpness : float
        The variance of the Laplacian over the mean squared gradient, 0 to 8: 0 for a ramp, 5 for
        independent noise, 8 for a chequerboard of single pixels. Contrast cancels out.
    border : float
        The share of the outermost pixels that differ from their own median colour by more than 40
        of 255 in any channel, 0 to 1: how far the specimen, or the scene, is cut by the border.
    """

    side: float
    colour: float
    contrast: float
    sharpness: float
    border: float


class Usual(NamedTuple):
    """What a study's own pictures look like; ``Usual(**json.loads(json.dumps(u._asdict())))``.

    Attributes
    ----------
    n : int
        Pictures of the study.
    quantiles : dict of str to dict of str to float
        For each measure of `Look` the quantiles ``low`` (1 %), ``median`` and ``high`` (99 %).
    """

    n: int
    quantiles: dict[str, dict[str, float]]


def look_at(image: Image.Image, side: int | None = None) -> Look:
    """Measure a picture.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode RGB, upright.
    side : int, optional
        The short side of the file in pixels, where fewer of them were decoded.

    Returns
    -------
    Look
        Its measures; smaller pictures are enlarged to the working size, and are blurred by it.
    """
    scale = _WORKING_SIDE / max(image.size)
    size = tuple(max(3, round(length * scale)) for length in image.size)  # a Laplacian needs 3
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    pixels = np.asarray(small, dtype=np.float64)  # (height, width, 3)
    brightness = pixels.mean(axis=2)
    return Look(
        side=float(side or min(image.size)),
        colour=float(np.ptp(pixels, axis=2).mean() / 255),
        contrast=float(brightness.std() / 255),
        sharpness=_sharpness(brightness),
        border=_share_of_border(pixels),
    )


def usual(looks: pd.DataFrame) -> Usual:
    """Sum up what a study's own pictures look like.

    Parameters
    ----------
    looks : DataFrame
        A row a picture, the measures of `Look`.

    Raises
    ------
    ValueError
        If there are no pictures.
    """
    if looks.empty:
        raise ValueError("there are no pictures of the study to judge others by")
    names = {"low": _LOW, "median": 0.5, "high": _HIGH}
    found = looks[list(Look._fields)].quantile(list(names.values())).set_axis(list(names))
    return Usual(len(looks), {measure: column.to_dict() for measure, column in found.items()})


def find_oddities(look: Look, usual: Usual, network_size: int) -> list[str]:
    """Return what is odd about a picture: words of `ODDITIES`, in their order.

    A measure is odd by a margin beyond what 99 % of the study's own pictures have. What these
    have themselves is not odd: where the study's pictures are small, grey or cut, so may others
    be. Of fewer than some 50 pictures the quantiles are nearly the extremes.

    Parameters
    ----------
    look : Look
        Of the picture.
    usual : Usual
        Of the study's own pictures.
    network_size : int
        Side of what the network sees, pixels.

    Examples
    --------
    >>> own = pd.DataFrame([Look(500, 0.2, 0.1, 2.0, 0.0), Look(700, 0.3, 0.2, 2.5, 0.1)])
    >>> find_oddities(Look(100, 0.0, 0.1, 2.2, 0.4), usual(own), network_size=224)
    ['tiny', 'grey', 'cut_at_border']
    """
    low = {measure: quantiles["low"] for measure, quantiles in usual.quantiles.items()}
    high = usual.quantiles["border"]["high"]
    enough = max(_FACTOR_OF_SIDE * min(low["side"], network_size), _FAR_FEWER * low["side"])
    odd = {
        "tiny": look.side < enough,
        "grey": look.colour < _FACTOR * low["colour"] and low["colour"] >= _SOME_COLOUR,
        "flat": look.contrast < _FACTOR * low["contrast"],
        "blurred": look.sharpness < _FACTOR * low["sharpness"],
        "cut_at_border": look.border > high + _MORE_OF_BORDER and high <= _HALF_THE_BORDER,
    }
    return [word for word in ODDITIES if odd[word]]


def find_untold(usual: Usual, network_size: int) -> list[str]:
    """Return the words of `ODDITIES` that no picture is called beside a study's own.

    Such as ``cut_at_border`` where the scenes of these fill their borders, as in habitat
    photographs: that such a word is not said of a picture then says nothing.
    """
    extreme = Look(side=0.0, colour=0.0, contrast=0.0, sharpness=0.0, border=1.0)
    told = find_oddities(extreme, usual, network_size)
    return [word for word in ODDITIES if word not in told]


def _sharpness(brightness: np.ndarray) -> float:
    """Return the variance of the Laplacian over the mean squared gradient, 0 without one."""
    middle = brightness[1:-1, 1:-1]
    rows = brightness[:-2, 1:-1] + brightness[2:, 1:-1]
    laplacian = rows + brightness[1:-1, :-2] + brightness[1:-1, 2:] - 4 * middle
    right, down = np.diff(brightness, axis=1)[1:], np.diff(brightness, axis=0)[:, 1:]
    steepness = (right**2 + down**2).mean()
    return float(laplacian.var() / steepness) if steepness > 0 else 0.0


def _share_of_border(pixels: np.ndarray) -> float:
    """Return the share of the outermost pixels that differ from their median colour."""
    sides = (pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1])
    border = np.concatenate(sides)
    differences = np.abs(border - np.median(border, axis=0)).max(axis=1)
    return float((differences > _BORDER_DIFFERENCE).mean())
