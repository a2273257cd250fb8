"""Taxa in a plane: a small photograph or a mark for each, with its name beside it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.transforms import Bbox, ScaledTranslation
from PIL import Image
from scipy.spatial import cKDTree

from visgen.figures.free_places import Place, write_where_free
from visgen.figures.group_styles import Style
from visgen.names import shortened
from visgen.specimens.images import load_image

_MARKER, _CORNER = 6.5, 5.0  # points: a mark, and one at the corner of a photograph
_SIDES = (18.0, 46.0)  # points: the long side of photographs
_COVERED = 25  # per cent of taxa whose photograph may reach into that of another
_FRAME = 2.0  # points
_PIXELS = 200  # of the long side of a photograph: twice what is seen
_POINTS_PER_INCH = 72


def in_points(axes: Axes, places: np.ndarray) -> np.ndarray:
    """Return where places in data coordinates lie on the page, in points, (n_places, 2)."""
    return axes.transData.transform(places) * _POINTS_PER_INCH / axes.figure.dpi


def photograph_side(panels: Sequence[np.ndarray]) -> float:
    """Return the long side of photographs in points: no longer than most taxa are apart.

    Parameters
    ----------
    panels
        Places in points, each (n_taxa, 2).
    """
    nearest = [cKDTree(places).query(places, k=2)[0][:, 1] for places in panels]
    return float(np.clip(np.percentile(np.concatenate(nearest), _COVERED), *_SIDES))


def read_photographs(
    paths: pd.Series, background: tuple[int, int, int], max_pixels: int
) -> dict[str, Image.Image]:
    """Read images, made small.

    Parameters
    ----------
    paths
        Index taxon.
    background, max_pixels
        As in `visgen.specimens.images.load_image`, which says what is refused.
    """
    photographs = {}
    for taxon, path in paths.items():
        photographs[taxon] = load_image(path, background, max_pixels, _PIXELS)
        photographs[taxon].thumbnail((_PIXELS, _PIXELS))
    return photographs


def draw_taxon(
    axes: Axes, place: np.ndarray, style: Style, photograph: Image.Image | None, side: float
) -> None:
    """Draw a photograph in a frame of the colour, the mark at its corner, or without one the mark.

    Parameters
    ----------
    axes
        Where.
    place
        (2,), in data coordinates.
    style
        Of the taxon's group.
    photograph
        As `read_photographs` returns it.
    side
        Of the photograph, points.
    """
    if photograph is None:
        axes.plot(*place, style.marker, c=style.colour, ms=_MARKER, mec="w", mew=0.6, zorder=3)
        return
    box = AnnotationBbox(
        OffsetImage(np.asarray(photograph), zoom=side / max(photograph.size)),
        place,
        pad=0.0,
        bboxprops={"ec": style.colour, "lw": _FRAME, "boxstyle": "square,pad=0"},
        zorder=3,
        annotation_clip=False,
    )
    axes.add_artist(box)
    right, top = extent(photograph, side) / 2 / _POINTS_PER_INCH
    corner = ScaledTranslation(right, top, axes.figure.dpi_scale_trans)
    axes.plot(
        *place,
        style.marker,
        c=style.colour,
        ms=_CORNER,
        mec="w",
        mew=0.6,
        zorder=4,
        transform=axes.transData + corner,
        clip_on=False,
    )


def extent(photograph: Image.Image | None, side: float) -> np.ndarray:
    """Return width and height in points of what `draw_taxon` draws, (2,)."""
    if photograph is None:
        return np.full(2, _MARKER)
    return side * np.array(photograph.size) / max(photograph.size) + _FRAME


def write_names(
    axes: Axes, names: Sequence[str], places: np.ndarray, extents: Sequence[np.ndarray]
) -> int:
    """Write taxa beside what is drawn of them where there is room, and return how many have some.

    The layout of the figure must be settled.

    Parameters
    ----------
    axes, names
        Where and what.
    places
        (n_taxa, 2), in data coordinates.
    extents
        Of each, as `extent` returns it.
    """
    points = axes.transData.transform(places)
    pixel = axes.figure.dpi / _POINTS_PER_INCH
    reaches = [pixel * both / 2 for both in extents]
    taken = [
        Bbox.from_extents(*(point - reach), *(point + reach))
        for point, reach in zip(points, reaches, strict=True)
    ]
    style = {"frame": axes.get_window_extent(), "fontsize": 7, "zorder": 5}
    return sum(
        write_where_free(axes, _abbreviated(name), place, _around(own), taken, **style)
        for name, place, own in zip(names, places, extents, strict=True)
    )


def _around(extent: np.ndarray) -> list[Place]:
    """Return where a name may stand beside what is `extent` points wide and high."""
    right, up = extent / 2 + 0.75
    return [
        ((0, up), ("center", "bottom")),
        ((0, -up), ("center", "top")),
        ((right + 1, 0), ("left", "center")),
        ((-right - 1, 0), ("right", "center")),
        ((right, up), ("left", "bottom")),
        ((-right, up), ("right", "bottom")),
        ((right, -up), ("left", "top")),
        ((-right, -up), ("right", "top")),
    ]


def _abbreviated(name: str) -> str:
    """Return the first of two words as a letter."""
    first, _, rest = name.partition(" ")
    return shortened(f"{first[0]}. {rest}" if rest and first != "×" else name)
