"""Read photographs of specimens: any usual file in, one upright RGB image out, or a reason."""

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from visgen.specimens.containers import check_whole
from visgen.specimens.decoding import decode, sizes
from visgen.specimens.decoding_memory import TOTAL, Turns, bytes_to_decode

EXTENSIONS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
MAX_PIXELS = 150_000_000
_WHITE = (255, 255, 255)
#: What decoders say of a file that ends early or is damaged in its midst.
_DAMAGE = re.compile(
    "truncated|broken data stream|unrecognized data stream|decoder error -[12]|decoder object"
    "|failed to decode next frame",
    re.IGNORECASE,
)
_TURNS = Turns(TOTAL)
_STRIP = 2**20  # pixels at a time


class RefusedImage(ValueError):
    """A file that cannot be used as an image.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        ``missing_file``, ``empty_file``, ``unreadable`` (no image, an unknown format, a broken
        header, pixels that cannot be decoded or have no meaning as colours), ``truncated`` (begins
        as an image, then ends early or is corrupt), ``too_many_pixels``, ``too_small`` or
        ``too_elongated``.
    detail : str
        What was found, for a person.
    """

    def __init__(self, path: str | Path, reason: str, detail: str):
        super().__init__(str(path), reason, detail)  # all three, so that it can be pickled
        self.path, self.reason, self.detail = str(path), reason, detail

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}: {self.detail}"


class ImageFacts(NamedTuple):
    """What is known of a sound image file.

    Attributes
    ----------
    sha256 : str
        Digest of the file's bytes, hexadecimal.
    width, height : int
        Of the upright image, pixels.
    pixels : str
        Digest of the upright RGB pixels and their shape.
    reading : str or None
        What had to be decided to read it, where the file leaves something open.
    measured : object
        What was measured of the picture while it was there; None where nothing was.
    """

    sha256: str
    width: int
    height: int
    pixels: str
    reading: str | None
    measured: Any = None


def load_image(
    path: str | Path,
    background: tuple[int, int, int] = _WHITE,
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
    MemoryError
        When there is not enough memory to decode it; it names the file.

    Notes
    -----
    Black is 0 and white the largest value of the file's real depth, which is 8, 10, 12, 14 or 16
    bits: in files of 16 bits and more it is that of the tag MaxSampleValue, else the smallest
    depth that holds the image's own largest value. Floating-point grey goes from [0, 1]. Values
    below 0 or beyond 16 bits, or all too small for 8 bits, are stretched between the image's own
    minimum and maximum; ones that are not finite are refused. Colour profiles are ignored.
    """
    with opened(Path(path)) as file, _turn(file, path, max_pixels, at_least), refusing(path):
        return decode(file, background, at_least)[0]


def inspect_image(
    path: str | Path,
    max_pixels: int = MAX_PIXELS,
    *,
    background: tuple[int, int, int] = _WHITE,
    min_side: int = 1,
    max_aspect_ratio: float = float("inf"),
    measure: Callable[[Image.Image], Any] | None = None,
) -> ImageFacts:
    """Decode an image file fully and return its digests and size.

    Parameters
    ----------
    path : path
        The file.
    max_pixels, background
        As in `load_image`.
    min_side : int
        An image whose short side has fewer pixels is refused, ``too_small``.
    max_aspect_ratio : float
        An image whose long side is longer than so many short sides is refused, ``too_elongated``.
    measure : callable, optional
        From the decoded picture to what is wanted of it beside.

    Returns
    -------
    ImageFacts
        What is known of it.

    Raises
    ------
    RefusedImage
        When `load_image` would refuse the file, or for its shape.
    MemoryError
        As `load_image`.
    """
    with opened(Path(path)) as file:
        try:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RefusedImage(path, "unreadable", error.strerror or str(error)) from error
        file.seek(0)
        with _turn(file, path, max_pixels, None) as size:
            check_shape(path, size, max_pixels, min_side, max_aspect_ratio)
            with refusing(path):
                image, reading = decode(file, background)
                check_whole(file)
            measured = None if measure is None else measure(image)
            return ImageFacts(sha256, image.width, image.height, _digest(image), reading, measured)


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


def check_shape(
    path: str | Path,
    size: tuple[int, int],
    max_pixels: int,
    min_side: int = 1,
    max_aspect_ratio: float = float("inf"),
) -> None:
    """Refuse an image of a width and height, in pixels, beyond limits as of `inspect_image`."""
    shape, (short, long) = f"{size[0]} x {size[1]} pixels", sorted(size)
    if short * long > max_pixels:
        detail = f"{shape}, the limit is {max_pixels} (ingest.max_pixels)"
        raise RefusedImage(path, "too_many_pixels", detail)
    if short < min_side:
        detail = f"{shape}; ingest.min_side wants at least {min_side} a side"
        raise RefusedImage(path, "too_small", detail)
    if long > max_aspect_ratio * short:
        detail = f"{shape}; ingest.max_aspect_ratio allows {max_aspect_ratio:g} : 1"
        raise RefusedImage(path, "too_elongated", detail)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Name the file, in one line, in whatever goes wrong with its picture."""
    try:
        yield
    except Exception as error:
        if str(path) in str(error):
            raise
        kind = MemoryError if isinstance(error, MemoryError) else ValueError
        raise kind(f"{path}: {_words(error)}") from error


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be read; refuse one that is missing, locked or empty."""
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
def refusing(path: str | Path) -> Iterator[None]:
    """Turn any failure inside into a refusal: a decoder meets damage with errors of every type."""
    try:
        yield
    except RefusedImage:
        raise
    except MemoryError as error:
        raise MemoryError(f"{path}: not enough memory to decode it") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedImage(path, "too_many_pixels", str(error)) from error
    except Exception as error:
        if str(error).startswith("out of memory"):  # in the words of Pillow's decoders
            raise MemoryError(f"{path}: not enough memory to decode it") from error
        damaged = isinstance(error, EOFError | struct.error | zlib.error) or (
            isinstance(error, OSError) and error.errno is None and _DAMAGE.search(str(error))
        )
        raise RefusedImage(path, "truncated" if damaged else "unreadable", _words(error)) from error


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text, kind = " ".join(str(error).split()), type(error).__name__
    return text if kind == "ValueError" and text else f"{kind}: {text}".removesuffix(": ")


@contextmanager
def _turn(
    file: BinaryIO, path: str | Path, max_pixels: int, at_least: int | None
) -> Iterator[tuple[int, int]]:
    """Yield width and height, from the header, once there is room in memory for the pixels."""
    with refusing(path):
        size, decoded = sizes(file, at_least)
    check_shape(path, size, max_pixels)
    with _TURNS.take(bytes_to_decode(size, decoded)):
        yield size


def _digest(image: Image.Image) -> str:
    """Return the digest of an RGB image: its size and its pixels, a strip at a time."""
    digest = hashlib.sha256(f"{image.width} x {image.height}".encode())
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        digest.update(strip.tobytes())
    return digest.hexdigest()
