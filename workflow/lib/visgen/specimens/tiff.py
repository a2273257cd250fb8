"""What the tags of a TIFF say of its numbers, where Pillow passes over it."""

import math
import sys
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

from PIL import Image, ImagePalette, TiffImagePlugin

_BITS, _COMPRESSION, _PHOTOMETRIC, _MAXIMUM = 258, 259, 262, 281
_SAMPLES, _PLANES, _COLOURS, _FORM, _SIGNED_MAXIMUM = 277, 284, 320, 339, 341
_SUBFILE, _WIDTH, _HEIGHT, _SUB_IFDS, _DNG = 254, 256, 257, 330, 50706
_STRIP_STARTS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_STARTS = 322, 323, 324
_YCBCR = 6
_FAX = (2, 3, 4, 32771)  # of which white is zero where nothing is said
_SIGNED = 2
#: libtiff gives numbers in the machine's own order, whatever the file's.
_NATIVE = {"I;16BS": "I;16S", "I;32BS": "I;32S", "F;32BF": "F;32F"}


class Samples(NamedTuple):
    """What the numbers of an image mean.

    Attributes
    ----------
    bits : int
        Of a number, 8 where nothing is said.
    signed : bool
        Whether they are integers with a sign.
    inverted : bool
        Whether white is zero in numbers that Pillow leaves as they are.
    undo : bool
        Whether Pillow took white for zero though nothing says so.
    maximum : float or None
        The largest number that there may be, if a tag says it.
    """

    bits: int = 8
    signed: bool = False
    inverted: bool = False
    undo: bool = False
    maximum: float | None = None


def samples_of(image: Image.Image) -> Samples:
    """Return what a TIFF's tags say of its numbers; what any other image means by itself."""
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return Samples(16 if image.mode.startswith("I") else 8)
    deep = image.mode not in ("1", "L")
    maximum = _first(tags.get(_MAXIMUM, tags.get(_SIGNED_MAXIMUM)))
    photometric = tags.get(_PHOTOMETRIC)
    return Samples(
        bits=_first(tags.get(_BITS, 1)),
        signed=_first(tags.get(_FORM, 1)) == _SIGNED,
        inverted=deep and photometric == 0,
        undo=not deep and photometric is None and tags.get(_COMPRESSION, 1) not in _FAX,
        maximum=maximum if isinstance(maximum, int | float) else None,
    )


def describe_tiff(file: BinaryIO) -> str:
    """Return what the header of an open TIFF says of its numbers, for a person."""
    file.seek(0)
    head = file.read(8)
    if head[2:3] == b"+" or head[3:4] == b"+":  # the large form
        head += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(head)
    file.seek(tags.next)
    tags.load(file)
    form = {1: "unsigned integers", 2: "signed integers", 3: "floating-point numbers"}
    return (
        f"a TIFF of {tags.get(_SAMPLES, 1)} x {_first(tags.get(_BITS, 1))} bits a pixel, "
        f"{form.get(_first(tags.get(_FORM, 1)), 'numbers of another form')}, "
        f"PhotometricInterpretation {tags.get(_PHOTOMETRIC, 'not given')}"
    )


def check_pixels(image: Image.Image) -> None:
    """Refuse an unread TIFF whose numbers would be taken for another picture than it holds.

    Raises
    ------
    ValueError
        If it is a camera's raw file, of which the first picture is a thumbnail, or if it is not
        compressed and has fewer numbers than pixels: strips are missing or short, or colours in
        YCbCr stand for several pixels together.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return
    thumbnail = tags.get(_SUBFILE, 0) == 1 and _SUB_IFDS in tags
    if thumbnail or _DNG in tags:
        raise ValueError(
            f"a camera's raw file, whose first picture is a preview of {image.width} x "
            f"{image.height} pixels; expected a JPEG, PNG or TIFF made from it"
        )
    if tags.get(_COMPRESSION, 1) == 1:
        _check_strips(tags)


def _check_strips(tags: Any) -> None:
    """Refuse strips or tiles that are too few or too short: others would be read for them."""
    width, height, n_bands = tags[_WIDTH], tags[_HEIGHT], tags.get(_SAMPLES, 1)
    tiled = _TILE_STARTS in tags
    starts = tags.get(_TILE_STARTS if tiled else _STRIP_STARTS, ())
    wide = tags[_TILE_WIDTH] if tiled else width
    high = tags[_TILE_HEIGHT] if tiled else min(tags.get(_STRIP_ROWS) or height, height)
    n_planes = n_bands if tags.get(_PLANES, 1) == 2 else 1
    n_down = math.ceil(height / high)
    expected = math.ceil(width / wide) * n_down * n_planes
    if len(starts) != expected:
        raise ValueError(f"pixels in {len(starts)} strips or tiles, expected {expected}")
    line = math.ceil(wide * _first(tags.get(_BITS, 1)) * n_bands / n_planes / 8)
    last = high if tiled else height - (n_down - 1) * high
    ends = [start + line * (high if (i + 1) % n_down else last) for i, start in enumerate(starts)]
    shared = tags.get(_PHOTOMETRIC) == _YCBCR
    sizes = tags.get(_STRIP_BYTES, ())
    order = sorted(set(zip(starts, ends, strict=True)))
    short = any(end > start > begin for (begin, end), (start, _) in pairwise(order))
    empty = 0 in starts or (any(sizes) and 0 in sizes)
    if short or empty or (shared and 0 < sum(sizes) < line * height):
        what = "colours that several pixels share" if shared else "strips that are empty or short"
        raise ValueError(f"uncompressed, with {what}: no decoder for it")


def correct_layout(image: Image.Image) -> None:
    """Have an unread TIFF unpacked as it is laid out, in place.

    Pillow 13 takes numbers from libtiff in the file's byte order, and unpacks 16 bits in separate
    planes as 8.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return
    planes_of_16 = tags.get(_PLANES, 1) == 2 and _first(tags.get(_BITS, 1)) == 16
    order = "L" if tags.prefix == b"II" else "B"
    tiles = []
    for tile in image.tile:
        raw, *rest = tile.args
        if tile.codec_name == "libtiff":
            raw = _NATIVE.get(raw, raw) if sys.byteorder == "little" else raw
        elif planes_of_16 and len(raw) == 1:
            raw = f"{raw};16{order}"
        tiles.append(tile._replace(args=(raw, *rest)))
    image.tile = tiles


def correct_palette(image: Image.Image) -> bool:
    """Mend a TIFF's palette of 8-bit numbers, which should have 16; tell whether it had such."""
    colours = getattr(image, "tag_v2", {}).get(_COLOURS, ())
    if image.mode != "P" or not 0 < max(colours, default=0) < 256:
        return False
    n = len(colours) // 3
    triples = zip(colours[:n], colours[n : 2 * n], colours[2 * n :], strict=False)
    image.palette = ImagePalette.raw("RGB", bytes(v for triple in triples for v in triple))
    return True


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value else value
