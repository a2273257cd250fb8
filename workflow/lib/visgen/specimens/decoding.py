"""Decode an open image file, whatever lies around its pixels, to one upright RGB image."""

from collections.abc import Callable
from typing import BinaryIO, TypeVar

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from visgen.specimens.containers import webp_size, without_metadata
from visgen.specimens.pixels import (
    correct_transparent_value,
    has_colour_of_16_bits,
    is_dark,
    raw_modes,
    take_low_bytes,
    to_rgb,
)
from visgen.specimens.tiff import (
    check_pixels,
    correct_layout,
    correct_palette,
    describe_tiff,
    samples_of,
)

_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")  # JPEG brings MPO, the form of many telephones
_HEAD = 200  # bytes
#: Place, lower-case bytes and name of what people have under the names of images.
_OTHERS = (
    (0, b"gif8", "a GIF"),
    (0, b"bm", "a BMP"),
    (0, b"8bps", "a Photoshop document"),
    (0, b"%pdf", "a PDF"),
    (0, b"\0\0\0\x0cjp  ", "a JPEG 2000"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftypcrx", "a camera's raw file"),
    (4, b"ftyphe", "a HEIC"),
    (4, b"ftypmif1", "a HEIF"),
    (4, b"ftyp", "a video"),
    (0, b"<svg", "an SVG"),
    (0, b"<?xml", "an XML document"),
    (0, b"<!doctype html", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the file that it stands for"),
    (0, b"pk\x03\x04", "a ZIP archive"),
    (0, b"\0\x05\x16\x07", "what macOS keeps beside a file"),
    (0, b"fujifilmccd-raw", "a camera's raw file"),
    (128, b"dicm", "a DICOM"),
)
Result = TypeVar("Result")


def decode(
    file: BinaryIO, background: tuple[int, int, int], at_least: int | None = None
) -> tuple[Image.Image, str | None]:
    """Return the upright RGB image of a file, and what had to be decided to read it.

    Parameters
    ----------
    file : binary file
        Open and seekable.
    background, at_least
        As in `visgen.specimens.images.load_image`.

    Raises
    ------
    Exception
        Decoders meet damage with errors of every type.
    """
    (image, decided), bare = _with_metadata_or_not(
        file, lambda file: _decode(file, background, at_least)
    )
    lost = "metadata too large or damaged, and left out" if bare else None
    return image, _joined(lost, decided)


def sizes(file: BinaryIO, at_least: int | None = None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return width and height that an image has and those that `decode` decodes, in pixels.

    Parameters
    ----------
    file, at_least
        As in `decode`.

    Raises
    ------
    Exception
        As `decode`.
    """
    size = webp_size(file)  # Pillow makes room for the pixels of a WebP when it opens it
    if size is not None:
        return size, size
    image, _ = _with_metadata_or_not(file, _open)
    size = image.size
    if at_least is not None:
        image.draft(None, (2 * at_least, 2 * at_least))
    return size, image.size


def _with_metadata_or_not(
    file: BinaryIO, read: Callable[[BinaryIO], Result]
) -> tuple[Result, bool]:
    """Read a file, or where that fails, its pixels alone; tell whether it was these."""
    try:
        return read(file), False
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception:
        bare = without_metadata(file)
        if bare is None:
            raise
        return read(bare), True


def _open(file: BinaryIO) -> Image.Image:
    """Read the header of an image file; where it is refused, say why."""
    file.seek(0)
    try:
        return Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        file.seek(0)
        head = file.read(_HEAD)
    for name in _FORMATS:
        decoder, accepts = Image.OPEN[name]
        if accepts is not None and accepts(head) is True:
            file.seek(0)
            try:
                decoder(file, "")
            except SyntaxError as error:
                if name == "TIFF" and str(error) == "unknown pixel mode":
                    raise ValueError(f"{describe_tiff(file)}: no decoder for it") from error
                raise ValueError(f"a {name} with an unknown header: {error}") from error
    raise ValueError(f"not a JPEG, PNG, TIFF or WebP image: {_kind(head)}")


def _kind(head: bytes) -> str:
    """Return what a file that is no such image begins as, for a person."""
    for place, mark, name in _OTHERS:
        if head[place:].lower().startswith(mark):
            return f"it begins as {name}"
    start = head[:16]
    return "it begins with zeros" if not any(start) else f"it begins with {start!r}"


def _decode(
    file: BinaryIO, background: tuple[int, int, int], at_least: int | None
) -> tuple[Image.Image, str | None]:
    image = _open(file)
    if at_least is not None:
        image.draft(None, (2 * at_least, 2 * at_least))
    check_pixels(image)
    correct_layout(image)
    raw = raw_modes(image)
    short_palette = correct_palette(image)
    several = getattr(image, "is_animated", False) and image.format != "MPO"
    image.load()
    correct_transparent_value(image, raw)
    samples, low = samples_of(image), None
    if has_colour_of_16_bits(raw):
        samples = samples._replace(bits=16)
        if is_dark(image):
            low = _open(file)
            correct_layout(low)
            take_low_bytes(low)
            low.load()
    rgb, about_numbers = to_rgb(image, background, samples, low)
    # Read after loading: a TIFF is turned by Pillow itself, which then drops the tag.
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        about_orientation = None
    except Exception:
        orientation, about_orientation = 1, "EXIF is damaged: taken for upright"
    # Metadata go before turning, since Pillow would rewrite them and fail on damaged ones.
    rgb.info = {}
    rgb.getexif()[ExifTags.Base.Orientation] = orientation
    return ImageOps.exif_transpose(rgb), _joined(
        "the first of several frames" if several else None,
        "the palette is of 8 bits a colour" if short_palette else None,
        about_numbers,
        about_orientation,
    )


def _joined(*parts: str | None) -> str | None:
    return "; ".join(filter(None, parts)) or None
