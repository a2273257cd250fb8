"""What a network sees of images, beside the images themselves."""

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from visgen.features.framing import Framing
from visgen.names import shortened
from visgen.specimens.images import load_image

_CELL = 1.45  # inches
_LINE = 0.14  # inches, of a name
_LETTERS = 20  # of a name on a line
_PIXELS = 200  # of a cell at 150 dots an inch; a network that sees more is shown smaller, smoothly
_EDGE = "0.75"


def plot_seen(
    shown: pd.DataFrame,
    framing: Framing,
    *,
    background: tuple[int, int, int],
    max_pixels: int,
) -> Figure:
    """Draw images, and below each exactly what a network gets of it.

    Parameters
    ----------
    shown
        Columns path, width, height and taxon (null where an image has none), one image at least.
    framing
        How the network's images are framed.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.

    Raises
    ------
    RefusedImage
        If a file can no longer be read.
    """
    titles = [_title(row.taxon, row.width, row.height) for row in shown.itertuples()]
    head = _LINE * max(title.count("\n") + 1 for title in titles)
    # Two images or one would be a figure with no room for what stands at its left.
    n_columns = max(len(shown), 3)
    figure = Figure(
        figsize=(0.5 + _CELL * n_columns, 2 * _CELL + head + 0.15), layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04, wspace=0.02, hspace=0.02)
    rows = figure.subplots(2, n_columns, squeeze=False, gridspec_kw={"height_ratios": (1, 1)})
    for axes in rows[:, len(shown) :].flat:
        axes.set_visible(False)
    for axes, below, title, path in zip(*rows, titles, shown["path"], strict=False):
        image = load_image(path, background, max_pixels, framing.image_size)
        seen = framing.see(image, background)
        image.thumbnail((2 * _PIXELS, 2 * _PIXELS))
        _show(axes, image, "antialiased")
        axes.set_title(title, fontsize=7, linespacing=1.1, pad=3)
        _show(below, seen, "nearest" if framing.image_size <= _PIXELS else "antialiased")
    _name_rows(rows[:, 0], ("image", f"seen: {framing.image_size} × {framing.image_size}"))
    return figure


def _title(taxon: str, width: int, height: int) -> str:
    name = "" if pd.isna(taxon) else shortened(taxon)
    return "\n".join([*textwrap.wrap(name, _LETTERS), f"{width} × {height}"])


def _show(axes: Axes, image: Image.Image, interpolation: str) -> None:
    axes.imshow(image, interpolation=interpolation)
    axes.set_box_aspect(1)  # of the cell; the image keeps its own ratio within
    axes.set_anchor("C")
    side = max(image.size)
    axes.set_xlim((image.width - side) / 2 - 0.5, (image.width + side) / 2 - 0.5)
    axes.set_ylim((image.height + side) / 2 - 0.5, (image.height - side) / 2 - 0.5)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    # The edge of the image itself, which may be as white as the page.
    axes.add_patch(
        Rectangle((-0.5, -0.5), *image.size, fill=False, ec=_EDGE, lw=0.8, clip_on=False)
    )


def _name_rows(first: Sequence[Axes], names: Sequence[str]) -> None:
    for axes, name in zip(first, names, strict=True):
        axes.set_ylabel(name, fontsize=8)
