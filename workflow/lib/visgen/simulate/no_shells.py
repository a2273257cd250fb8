"""Pictures of what is no shell, as they get into drawers by mistake."""

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

NO_SHELLS = ("label", "colour chart", "landscape")

_FINE = 4  # drawn this many times as large, then made small
_PATCHES = ("#734f3c", "#d8a07c", "#4d6f9e", "#4c7a3a", "#b8352c", "#e8c32a", "#b04d8c", "#2a86a3")


def draw_no_shell(what: str, n_pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a picture without a shell.

    Parameters
    ----------
    what : str
        One of ``NO_SHELLS``.
    n_pixels : int
        Width and height of the picture.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray, (n_pixels, n_pixels, 3), uint8
        The picture.

    Raises
    ------
    ValueError
        If there is no such picture.
    """
    side = _FINE * n_pixels
    match what:
        case "label":
            picture = _draw_label(side, rng)
        case "colour chart":
            picture = _draw_chart(side, rng)
        case "landscape":
            picture = _draw_landscape(side, rng)
        case _:
            raise ValueError(f"no picture of {what!r}; expected one of {', '.join(NO_SHELLS)}")
    small = np.asarray(picture.resize((n_pixels, n_pixels), Image.Resampling.BOX), float)
    small += 255 * rng.normal(0, 0.008, small.shape)  # the noise of the camera
    return np.rint(np.clip(small, 0, 255)).astype(np.uint8)


def _draw_label(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw a slip of paper with lines of words and a bar code, a little askew."""
    picture = Image.new("RGB", (side, side), "#808079")
    draw = ImageDraw.Draw(picture)
    left, right, top, bottom = (round(share * side) for share in (0.1, 0.9, 0.2, 0.8))
    draw.rectangle((left, top, right, bottom), fill="#e9e2cf", outline="#3a362f", width=side // 120)
    line, height = 0.09 * side, 0.045 * side
    for number in range(4):
        x, y = left + 0.06 * side, top + 0.05 * side + number * line
        end = right - rng.uniform(0.06, 0.35) * side
        while (after := x + rng.uniform(0.03, 0.14) * side) < end:
            draw.rectangle((round(x), round(y), round(after), round(y + height)), fill="#2b2a33")
            x = after + 0.018 * side
    x, foot = left + 0.06 * side, bottom - 0.05 * side
    while x < right - 0.1 * side:
        width = rng.choice([0.008, 0.016, 0.024]) * side
        draw.rectangle((round(x), round(foot - 0.12 * side), round(x + width), round(foot)), "#111")
        x += width + rng.choice([0.008, 0.016]) * side
    return picture.rotate(rng.normal(0, 4), Image.Resampling.BILINEAR, fillcolor="#808079")


def _draw_chart(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw patches of colour over a ruler."""
    picture = Image.new("RGB", (side, side), "#101012")
    draw = ImageDraw.Draw(picture)
    step, gap = 0.8 * side / 4, 0.02 * side
    for number, colour in enumerate(rng.permutation(_PATCHES).tolist()):
        row, column = divmod(number, 4)
        x, y = 0.1 * side + column * step, 0.12 * side + row * step
        draw.rectangle((round(x), round(y), round(x + step - gap), round(y + step - gap)), colour)
    top, bottom, parts = 0.62 * side, 0.88 * side, 8
    draw.rectangle((0.1 * side, top, 0.9 * side, bottom), fill="#f2f2ee")
    for number in range(parts):
        x, width = (0.1 + 0.8 * number / parts) * side, 0.8 * side / parts
        if number % 2:
            draw.rectangle(
                (round(x), round(top + 0.02 * side), round(x + width), round(top + 0.06 * side)),
                "#111",
            )
        for tick in range(5):
            at = x + width * tick / 5
            length = width * (0.9 if tick == 0 else 0.5)
            draw.line((round(at), round(bottom - length), round(at), round(bottom)), "#111", 4)
    return picture


def _draw_landscape(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw a sky that pales towards two rows of hills."""
    rows = np.linspace(0, 1, side)[:, None, None]
    across = np.linspace(0, 1, side)
    picture = (1 - rows) * np.array([92, 141, 205]) + rows * np.array([240, 232, 215])
    picture = np.broadcast_to(picture, (side, side, 3)).copy()
    for height, colour in ((0.55, (108, 128, 130)), (0.7, (70, 92, 48))):
        waves = sum(
            0.06 / k * np.sin(2 * np.pi * (k * across + rng.uniform())) for k in range(1, 5)
        )
        ground = rows[:, :, 0] > height + waves
        grain = gaussian_filter(rng.normal(0, 1, (side, side)), side / 60, mode="wrap")
        picture[ground] = np.array(colour) * (1 + 0.15 * grain / grain.std())[ground][:, None]
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
