"""Figures as files: pixels for print, and lines that can be edited."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

# A tree of a thousand tips is metres high: with all dots it would not be drawn at all.
_MOST_PIXELS = 30_000

_OFF_FRACTIONS = 0.381966


def save_figure(figure: Figure, path: str | Path, dots_per_inch: int) -> None:
    """Save a figure as PNG, and as SVG beside it; the same figure gives the same bytes.

    In the SVG, lines and letters are paths. Photographs, heat maps and clouds of many points stay
    pixels in it, so that its size does not grow with them.

    Parameters
    ----------
    path
        Of the PNG; the SVG differs in its ending.
    dots_per_inch
        Of pixels in both; sides of more than 30,000 pixels get fewer.
    """
    dots = min(dots_per_inch, _MOST_PIXELS / max(figure.get_size_inches()))
    figure.set_dpi(dots)
    _lay_out(figure)
    figure.savefig(path, dpi=dots)
    with mpl.rc_context({"svg.hashsalt": "visgen"}):
        figure.savefig(Path(path).with_suffix(".svg"), dpi=dots, metadata={"Date": None})


def _lay_out(figure: Figure) -> None:
    """Give all its place, once for both files.

    The solver takes its terms in the order of addresses, so that last bits differ between two
    processes; places are cut to millionths, for the SVG has them in its names. Simple fractions
    are common, so the cut is made where none of them lies.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        place = axes.get_position(original=True).get_points()
        axes.set_position(Bbox(np.floor(1e6 * place + _OFF_FRACTIONS) / 1e6))
