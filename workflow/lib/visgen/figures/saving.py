"""Figures as files: pixels for print, and lines that can be edited."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

#: Dots an inch, as journals ask for.
DOTS_PER_INCH = 300

# A tree of a thousand tips is metres high: with all dots it would not be drawn at all.
_MOST_PIXELS = 30_000


def save_figure(figure: Figure, path: str | Path) -> None:
    """Save a figure as PNG, and as SVG beside it; the same figure gives the same bytes.

    In the SVG, lines and letters are paths. Photographs, heat maps and clouds of many points stay
    pixels in it, so that its size does not grow with them.

    Parameters
    ----------
    figure
        Sides of more than 30,000 pixels at 300 dots an inch get fewer dots.
    path
        Of the PNG; the SVG differs in its ending.
    """
    dots = min(DOTS_PER_INCH, _MOST_PIXELS / max(figure.get_size_inches()))
    figure.savefig(path, dpi=dots)
    figure.set_layout_engine("none")  # all has found its place, and that takes longest
    with mpl.rc_context({"svg.hashsalt": "visgen"}):
        figure.savefig(Path(path).with_suffix(".svg"), dpi=dots, metadata={"Date": None})
