"""What the tags of a TIFF say of its numbers, where Pillow passes over it."""

import sys
from typing import Any, BinaryIO, NamedTuple

from PIL import Image, ImagePalette, TiffImagePlugin

_BITS, _COMPRESSION, _PHOTOMETRIC, _MAXIMUM = 258, 259, 262, 281
_SAMPLES, _PLANES, _COLOURS, _FORM, _SIGNED_MAXIMUM = 277, 284, 320, 339, 341
_SUBFILE, _STRIP_BYTES, _SUB_IFDS, _DNG = 254, 279, 330, 50706
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
        If it is a camera's raw file, of which the first picture is a thumbnail, or if colours in
        YCbCr lie uncompressed for several pixels together, which Pillow takes for one each.
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
    strips = tags.get(_STRIP_BYTES, ())
    if tags.get(_PHOTOMETRIC) == _YCBCR and tags.get(_COMPRESSION, 1) == 1 and strips:
        found, needed = sum(strips), 3 * image.width * image.height
        if found < needed:
            raise ValueError(
                f"uncompressed YCbCr of {found} bytes, expected {needed}: there is no decoder for "
                "colours that several pixels share"
            )


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
