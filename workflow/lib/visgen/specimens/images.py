"""Read photographs of specimens: any usual file in, one upright RGB image out, or a reason."""

import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
MAX_PIXELS = 150_000_000
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")  # JPEG brings MPO, the form of many telephones
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


class RefusedImage(ValueError):
    """A file that cannot be used as an image.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        ``missing_file``, ``empty_file``, ``unreadable`` (no image, an unknown format, a broken
        header, or pixels without a meaning as colours), ``truncated`` (begins as an image, then
        ends early or is corrupt) or ``too_many_pixels``.
    detail : str
        What was found, for a person.
    """

    def __init__(self, path: str | Path, reason: str, detail: str):
        super().__init__(str(path), reason, detail)  # all three, so that it can be pickled
        self.path, self.reason, self.detail = str(path), reason, detail

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}: {self.detail}"


class ImageFacts(NamedTuple):
    """What is known of a sound image file: its content's digest and its upright size, pixels."""

    sha256: str
    width: int
    height: int


def load_image(
    path: str | Path,
    background: tuple[int, int, int] = (255, 255, 255),
    max_pixels: int = MAX_PIXELS,
    at_least: int | None = None,
) -> Image.Image:
    """Read an image file as upright 8-bit RGB.

    Parameters
    ----------
    path : path
        A JPEG, PNG, TIFF or WebP file. Of several frames or pages the first is taken.
    background : three integers from 0 to 255
        The colour that shows through transparent pixels.
    max_pixels : int
        A larger image is refused from its header, before anything is decoded. Pillow has a limit
        of its own, twice its ``Image.MAX_IMAGE_PIXELS`` (179 million); the smaller one holds.
    at_least : int, optional
        Length in pixels. A JPEG may then be decoded at 1/2, 1/4 or 1/8 of its scale, as long as
        its short side keeps twice this length. It saves most of the time on large photographs.

    Returns
    -------
    PIL.Image.Image
        Mode RGB, turned as its EXIF orientation says, without metadata.

    Raises
    ------
    RefusedImage
        When the file cannot be used; ``reason`` says why.

    Notes
    -----
    Grey of 16 bits, and of 32 bits where it fits in 16, goes linearly from [0, 65535] to
    [0, 255]; floating-point grey from [0, 1]. Grey outside that range is stretched between its
    own minimum and maximum. Values that are not finite are refused. Colour profiles are ignored.
    """
    with _opened(Path(path)) as file:
        return _decode(file, path, background, max_pixels, at_least)


def inspect_image(path: str | Path, max_pixels: int = MAX_PIXELS) -> ImageFacts:
    """Decode an image file fully and return its digest and size.

    Parameters
    ----------
    path : path
        The file.
    max_pixels : int
        As in `load_image`.

    Returns
    -------
    ImageFacts
        SHA-256 of the file's bytes (hexadecimal); width and height of the upright image, pixels.

    Raises
    ------
    RefusedImage
        When `load_image` would refuse the file.
    """
    with _opened(Path(path)) as file:
        try:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RefusedImage(path, "unreadable", error.strerror or str(error)) from error
        file.seek(0)
        image = _decode(file, path, (255, 255, 255), max_pixels, None)
    return ImageFacts(sha256, image.width, image.height)


def check_content(path: str | Path, sha256: str) -> None:
    """Check that a file still has the content that it had when its digest was taken.

    Raises
    ------
    ValueError
        If it has another.
    """
    with Path(path).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(f"{path}: its content has changed since ingest; run again")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise RefusedImage(path, "missing_file", "no such file") from None
    except OSError as error:
        raise RefusedImage(path, "unreadable", error.strerror or str(error)) from error
    with file:
        if os.fstat(file.fileno()).st_size == 0:
            raise RefusedImage(path, "empty_file", "0 bytes")
        yield file


@contextmanager
def _refusing(path: str | Path, reason: str) -> Iterator[None]:
    """Turn any failure inside into a refusal: a decoder meets damage with errors of every type."""
    try:
        yield
    except (RefusedImage, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedImage(path, "too_many_pixels", str(error)) from error
    except UnidentifiedImageError as error:
        detail = "not a JPEG, PNG, TIFF or WebP image, or its header is damaged"
        raise RefusedImage(path, "unreadable", detail) from error
    except Exception as error:
        raise RefusedImage(path, reason, f"{type(error).__name__}: {error}") from error


def _decode(
    file: BinaryIO,
    path: str | Path,
    background: tuple[int, int, int],
    max_pixels: int,
    at_least: int | None,
) -> Image.Image:
    with _refusing(path, "truncated"):
        image = Image.open(file, formats=_FORMATS)
        if image.width * image.height > max_pixels:
            detail = f"{image.width} x {image.height} pixels, the limit is {max_pixels}"
            raise RefusedImage(path, "too_many_pixels", detail)
        if at_least is not None:
            image.draft(None, (2 * at_least, 2 * at_least))
        image.load()
    with _refusing(path, "unreadable"):
        # Read after loading: a TIFF is turned by Pillow itself, which then drops the tag.
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        rgb = _flatten(image, background)
        # Metadata go before turning, since Pillow would rewrite them and fail on damaged ones.
        rgb.info = {}
        rgb.getexif()[ExifTags.Base.Orientation] = orientation
        return ImageOps.exif_transpose(rgb)


def _flatten(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Return a new RGB image, transparent pixels laid over the background."""
    if image.mode in _DEEP_GREY:
        image = _shallow_grey(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    below = Image.new("RGBA", image.size, (*background, 255))
    return Image.alpha_composite(below, image.convert("RGBA")).convert("RGB")


def _shallow_grey(image: Image.Image) -> Image.Image:
    """Return grey of 16 or 32 bits as 8 bits, with its transparent value as an alpha channel."""
    values = np.array(image, dtype=np.float64)  # (height, width)
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("holds values that are not finite")
    ceiling = 1.0 if image.mode == "F" else 65535.0
    if low >= 0 and high <= ceiling:
        low, high = 0.0, ceiling
    grey = np.rint((values - low) * (255 / ((high - low) or 1.0)))
    shallow = Image.fromarray(grey.astype(np.uint8))
    if "transparency" in image.info:
        opaque = np.where(values == image.info["transparency"], 0, 255)
        shallow.putalpha(Image.fromarray(opaque.astype(np.uint8)))
    return shallow
