"""How an image becomes the square that a network sees: what is padded, and what is cut.

timm resizes and cuts; that the whole specimen is seen is decided here, before. timm would pad with
the mean colour of its channels; here the colour is that of the study's background.
"""

import math
from dataclasses import dataclass

from PIL import Image

#: A picture that is to be padded is shrunk first where its long side would keep so many times the
#: pixels that the network needs: a strip of 1 x 100,000 pixels makes no square of 10 billion.
SPARE = 2


@dataclass(frozen=True)
class Framing:
    """How pictures are framed; the same values as in timm's configuration of preprocessing.

    Attributes
    ----------
    image_size
        Side of what the network sees, pixels.
    crop_mode
        ``border`` pads the short sides, ``center`` cuts the long ones, ``squash`` deforms.
    crop_pct
        Share of the side of the square that the central crop keeps.
    interpolation
        Name of a filter of Pillow in small letters: ``bicubic``, ``bilinear`` …
    """

    image_size: int
    crop_mode: str
    crop_pct: float
    interpolation: str

    @property
    def scale_size(self) -> int:
        """Side in pixels of the square that the central crop is taken from."""
        return math.floor(self.image_size / self.crop_pct)

    def pad(self, image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
        """Return a picture padded to a square, where that is the way to frame it.

        Parameters
        ----------
        image
            Upright RGB picture.
        background
            Colour of what is added.
        """
        if self.crop_mode != "border":
            return image
        return pad_to_square(image, background, SPARE * self.scale_size)

    def see(self, image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
        """Return what the network gets of an upright RGB picture, before it is normalised.

        The pixels are those of `pad` and timm's transform after it; without timm, which takes long
        to load.
        """
        image, size = self.pad(image, background), self.scale_size
        width, height = image.size
        if self.crop_mode == "squash":
            width = height = size
        else:
            short, long = min(width, height), int(size * max(width, height) / min(width, height))
            width, height = (size if side == short else long for side in (width, height))
        image = image.resize((width, height), Image.Resampling[self.interpolation.upper()])
        left, top = (round((side - self.image_size) / 2) for side in (width, height))
        return image.crop((left, top, left + self.image_size, top + self.image_size))

    def share_cut(self, width: int, height: int) -> float:
        """Return the share of an image's area that the network does not see.

        Parameters
        ----------
        width, height
            Of the upright image, pixels. Rounding to pixels is left out.

        Examples
        --------
        >>> thin = (100, 1000)
        >>> [
        ...     round(Framing(224, mode, 0.9, "bicubic").share_cut(*thin), 3)
        ...     for mode in ("center", "squash", "border")
        ... ]
        [0.919, 0.19, 0.1]
        """
        ratio, kept = min(width, height) / max(width, height), self.crop_pct
        match self.crop_mode:
            case "border":  # of the padded square; what is cut is padding first
                return 1 - kept * min(1.0, kept / ratio)
            case "squash":
                return 1 - kept**2
            case _:
                return 1 - kept**2 * ratio


def pad_to_square(image: Image.Image, background: tuple[int, int, int], enough: int) -> Image.Image:
    """Return a picture in the middle of a square, its ratio kept; a square one as it is.

    Parameters
    ----------
    image
        RGB.
    background
        Colour of what is added.
    enough
        Pixels that the side of the square needs; a larger picture is shrunk by a whole number, by
        means over blocks of pixels, as long as its long side keeps so many.
    """
    if image.width == image.height:
        return image
    factor = max(image.size) // enough
    if factor > 1:
        image = image.reduce(factor)
    side = max(image.size)
    square = Image.new("RGB", (side, side), background)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square
