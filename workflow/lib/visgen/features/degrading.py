"""What is left of a picture of a fossil or a broken shell: no colour, no detail, a part, a shape.

A network that names such specimens can be asked beforehand how well it does without them. What is
made depends on the picture alone: chance comes from the sha256 of its file.
"""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

from visgen.features.foreground import border_colour, find_specimen

#: Share of the specimen that is broken off.
MISSING = 1 / 3
#: Deviation of the Gaussian, as a share of the short side: 4.5 pixels of 224.
BLUR = 0.02

#: Raised when this code comes to make other pictures, so that no features of old ones are used.
REVISION = 1

_ENOUGH = 512  # pixels of a side that tell where a third of a picture ends


def grey(image: Image.Image, sha256: str) -> Image.Image:
    """Return a picture without colour."""
    del sha256
    return image.convert("L").convert("RGB")


def blurred(image: Image.Image, sha256: str) -> Image.Image:
    """Return a picture without what is finer than `BLUR` of its short side."""
    del sha256
    return image.filter(ImageFilter.GaussianBlur(BLUR * min(image.size)))


def outline(image: Image.Image, sha256: str) -> Image.Image | None:
    """Return the silhouette of a specimen, black on white; None where it cannot be told."""
    del sha256
    mask = find_specimen(image)
    if mask is None:
        return None
    shape = Image.fromarray(np.where(mask, 0, 255).astype(np.uint8))
    shape = shape.resize(image.size, Image.Resampling.BILINEAR)
    return shape.point(lambda value: 255 * (value > 127)).convert("RGB")


def cropped(image: Image.Image, sha256: str) -> Image.Image:
    """Return a picture of which `MISSING` is broken off along a straight line.

    So much of the specimen, or of the whole picture where no specimen can be told, lies beyond the
    line, which runs in a direction drawn at random. There the picture has its background's colour.
    """
    angle = np.random.default_rng(int(sha256, 16)).uniform(0, 2 * np.pi)
    pixels = np.array(image)
    across = _across(*pixels.shape[:2], angle)
    mask = find_specimen(image)
    step = max(1, max(image.size) // _ENOUGH)
    there = across[::step, ::step] if mask is None else _across(*mask.shape, angle)[mask]
    pixels[across > np.quantile(there, 1 - MISSING)] = border_colour(pixels)
    return Image.fromarray(pixels)


def _across(height: int, width: int, angle: float) -> np.ndarray:
    """Return how far each pixel lies in a direction, in long sides of the picture."""
    down, right = (
        (np.arange(n, dtype=np.float32) + 0.5) / max(height, width) for n in (height, width)
    )
    return np.sin(angle) * down[:, None] + np.cos(angle) * right


#: What each word of `visgen.features.options.DEGRADED` makes of an upright RGB picture and the
#: sha256 of its file, in hexadecimal digits; of the same size, None where there is nothing to make.
DEGRADE: Mapping[str, Callable[[Image.Image, str], Image.Image | None]] = {
    "grey": grey,
    "blurred": blurred,
    "cropped": cropped,
    "outline": outline,
}
