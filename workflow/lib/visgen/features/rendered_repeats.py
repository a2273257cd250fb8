"""Augmented repeats of an image, rendered before the frozen network."""

import hashlib

import numpy as np
from PIL import Image
from torchvision.transforms import functional as TF


def render_repeat(
    image: Image.Image,
    sha256: str,
    repeat: int,
    *,
    seed: int,
    flip: float,
    rotation: float,
    translation: float,
    scale: float,
    colour: float,
    noise: float,
    background: tuple[int, int, int],
) -> Image.Image:
    """Return one augmented view; it depends on nothing but the arguments.

    Parameters
    ----------
    image
        Upright RGB picture.
    sha256
        Checksum of the image's file; with `repeat` and `seed` it decides the draw.
    repeat
        Number of the view, from 1.
    flip
        Probability of a left-right mirror image.
    rotation
        Largest rotation to either side, in degrees.
    translation
        Largest shift, as a share of the image's side.
    scale
        Largest change of size, as a share.
    colour
        Largest change of brightness, contrast and saturation, as a share.
    noise
        Standard deviation of Gaussian noise on each pixel and channel, as a share of their range.
    background
        Colour that fills what rotation and shift uncover.
    """
    words = np.frombuffer(hashlib.sha256(f"{sha256} {repeat} {seed}".encode()).digest(), np.uint32)
    # A generator of its own: repeats are rendered in threads, where a global one is no one's.
    draw = np.random.default_rng(words)
    mirrored = draw.random() < flip
    angle, x, y = draw.uniform(-1, 1, 3) * (rotation, translation, translation)
    size = draw.uniform(1 - scale, 1 + scale)
    brightness, contrast, saturation = draw.uniform(1 - colour, 1 + colour, 3)
    if mirrored:
        image = TF.hflip(image)
    image = TF.affine(
        image,
        angle=angle,
        translate=[round(x * image.width), round(y * image.height)],
        scale=size,
        shear=[0.0, 0.0],
        interpolation=TF.InterpolationMode.BILINEAR,
        fill=list(background),
    )
    image = TF.adjust_brightness(image, brightness)
    image = TF.adjust_contrast(image, contrast)
    image = TF.adjust_saturation(image, saturation)
    if noise == 0:
        return image
    pixels = np.asarray(image, np.float32)
    pixels = pixels + 255 * noise * draw.standard_normal(pixels.shape, np.float32)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
