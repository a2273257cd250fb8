"""From numbers of any depth and meaning to 8-bit RGB, with what had to be decided on the way."""

import math
import sys
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from visgen.specimens.tiff import Samples

#: Depths of cameras and scanners in bits, which files of 16 bits often hold.
DEPTHS = (8, 10, 12, 14, 16)
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_DARKEST = 16  # the largest value must reach it to be taken for a grey of some depth
_STRIP = 2**20  # pixels at a time
_BYTES = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_COLOUR_OF_16 = ("RGB;16", "RGBX;16", "RGBA;16", "R;16", "G;16", "B;16")


def raw_modes(image: Image.Image) -> list[str]:
    """Return how the numbers of an unread image lie in its file, in Pillow's words."""
    return [tile.args if isinstance(tile.args, str) else tile.args[0] for tile in image.tile]


def has_colour_of_16_bits(raw: list[str]) -> bool:
    """Tell whether an image has 16 bits a channel, of which Pillow takes the upper 8."""
    return any(mode[:-1].endswith(";16") and mode[0] != "I" for mode in raw)


def take_low_bytes(image: Image.Image) -> None:
    """Have the lower 8 of 16 bits a channel unpacked instead of the upper ones, in place.

    Raises
    ------
    ValueError
        When Pillow cannot do so.
    """
    tiles = []
    for tile, raw in zip(image.tile, raw_modes(image), strict=True):
        if raw[:-1] not in _COLOUR_OF_16:
            raise ValueError(f"is so dark that it may have fewer than 16 bits a channel: {raw}")
        swapped = raw[:-1] + _BYTES[raw[-1]]
        rest = () if isinstance(tile.args, str) else tile.args[1:]
        tiles.append(tile._replace(args=(swapped, *rest) if rest else swapped))
    image.tile = tiles


def correct_transparent_value(image: Image.Image, raw: list[str]) -> None:
    """Bring the transparent value of a PNG to the scale of its unpacked numbers, in place."""
    value = image.info.get("transparency")
    if isinstance(value, tuple) and has_colour_of_16_bits(raw):
        image.info["transparency"] = tuple(part >> 8 for part in value)
    elif isinstance(value, int) and raw[:1] in (["L;2"], ["L;4"]):
        image.info["transparency"] = value * (85 if raw[0] == "L;2" else 17)


def is_dark(image: Image.Image) -> bool:
    """Tell whether no channel uses the upper two bits, as with fewer bits than there is room.

    Ink says nothing: little of it is bright.
    """
    if image.mode == "CMYK":
        return False
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return 0 < max(high for _, high in bands) < 64


def to_rgb(
    image: Image.Image,
    background: tuple[int, int, int],
    samples: Samples,
    low: Image.Image | None = None,
) -> tuple[Image.Image, str | None]:
    """Return a new RGB image, transparent pixels laid over the background.

    Parameters
    ----------
    image : PIL.Image.Image
        Of any mode, loaded.
    background : three integers from 0 to 255
        What shows through transparent pixels.
    samples : Samples
        What its numbers mean.
    low : PIL.Image.Image, optional
        The lower 8 of 16 bits a channel, where ``image`` has the upper ones.

    Returns
    -------
    PIL.Image.Image
        Mode RGB.
    str or None
        What was decided about the numbers where the file leaves it open.

    Raises
    ------
    ValueError
        If values are not finite.
    """
    floor, ceiling, decided = 0.0, 255.0, None
    deep = image.mode in _DEEP_GREY or (image.mode == "L" and samples.signed)
    if deep or low is not None:
        extrema = np.array([(v.min(), v.max()) for _, v in _numbers(image, samples, low)], float)
        least, most = extrema[:, 0].min(), extrema[:, 1].max()
        if not (math.isfinite(least) and math.isfinite(most)):
            raise ValueError("holds values that are not finite")
        floor, ceiling, decided = _range(least, most, samples, image.mode == "F")
    elif not (samples.undo or image.has_transparency_data):
        return image.convert("RGB"), None
    if samples.inverted:
        floor, ceiling = ceiling, floor
    rgb = Image.new("RGB", image.size)
    for box, values in _numbers(image, samples, low):
        part = image.crop(box)
        if deep or low is not None:
            part = _scaled(part, values, floor, ceiling)
        elif samples.undo:
            part = ImageOps.invert(part.convert("L"))
        rgb.paste(_flatten(part, background), box)
    if samples.undo:
        decided = "no PhotometricInterpretation: 0 is taken for black"
    return rgb, decided


def _numbers(
    image: Image.Image, samples: Samples, low: Image.Image | None
) -> Iterator[tuple[tuple[int, int, int, int], np.ndarray]]:
    """Yield strips of an image: the box and the numbers, (height, width[, bands])."""
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        values = np.asarray(image.crop(box))
        if low is not None:
            values = values.astype(np.uint16) << 8 | np.asarray(low.crop(box))
        elif image.mode == "L" and samples.signed:
            values = values.view(np.int8)
        elif image.mode == "I" and samples.bits == 32 and not samples.signed:
            values = values.view(np.uint32)
        yield box, values


def _range(
    least: float, most: float, samples: Samples, floating: bool
) -> tuple[float, float, str | None]:
    """Return what becomes black, what becomes white, and the decision where there was one."""
    room = samples.bits - samples.signed
    if floating and least >= 0 and most <= 1:
        return 0.0, 1.0, None
    if least >= 0 and not floating and room < 16:  # such numbers are as deep as they are long
        return 0.0, 2.0**room - 1, None
    depths = sorted({*DEPTHS, 15} if samples.signed else DEPTHS)
    told = samples.maximum if samples.maximum and not floating else None
    largest = told if told and most <= told < 2**16 else most
    if least >= 0 and (largest >= _DARKEST or most == 0) and largest < 2**16:
        bits = next(bits for bits in depths if largest < 2**bits)
        if bits == room or most == 0:
            return 0.0, 2.0**bits - 1, None
        why = "MaxSampleValue is" if largest == told else "the largest value is"
        kind = "floating-point numbers" if floating else f"the {samples.bits} bits"
        return 0.0, 2.0**bits - 1, f"{bits} bits of {kind} are used: {why} {largest:g}"
    return least, most, f"values from {least:g} to {most:g} are stretched to 0 to 255"


def _scaled(part: Image.Image, values: np.ndarray, floor: float, ceiling: float) -> Image.Image:
    """Return numbers as 8 bits, with a transparent value as an alpha channel."""
    scale = 255 / ((ceiling - floor) or 1.0)
    shades = np.clip(np.rint((values - np.float64(floor)) * scale), 0, 255).astype(np.uint8)
    if shades.ndim == 3:
        return Image.frombytes(part.mode, part.size, shades.tobytes())
    shallow = Image.fromarray(shades)
    if isinstance(part.info.get("transparency"), int):
        opaque = np.where(values == part.info["transparency"], 0, 255)
        shallow.putalpha(Image.fromarray(opaque.astype(np.uint8)))
    return shallow


def _flatten(part: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if part.mode == "La":
        part = part.convert("LA")
    if not part.has_transparency_data:
        return part.convert("RGB")
    below = Image.new("RGBA", part.size, (*background, 255))
    return Image.alpha_composite(below, part.convert("RGBA")).convert("RGB")
