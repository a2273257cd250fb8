"""Words beside points, written where they cover nothing."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from visgen.names import shortened

#: Offset in points, horizontal and vertical alignment.
Place = tuple[tuple[float, float], tuple[str, str]]


def write_where_free(
    axes: Axes,
    words: str,
    point: Sequence[float],
    places: Iterable[Place],
    taken: list[Bbox],
    *,
    frame: Bbox | None = None,
    **style: Any,
) -> bool:
    """Write words at the first place beside a point where they cover nothing.

    The layout of the figure must be settled.

    Parameters
    ----------
    axes, words
        Where and what.
    point
        In data coordinates.
    places
        Tried in this order.
    taken
        What may not be covered, in pixels; the box of the words is added.
    frame
        Where the words must lie, in pixels.
    style
        Of the text.

    Returns
    -------
    bool
        Whether there was room.
    """
    for offset, (ha, va) in places:
        text = axes.annotate(
            words, point, offset, textcoords="offset points", ha=ha, va=va, **style
        )
        box = text.get_window_extent()
        inside = frame is None or (
            frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
        )
        if inside and not box.count_overlaps(taken):
            taken.append(box)
            return True
        text.remove()
    return False


# Above or below a point, nearest first: offset in points, alignment.
_AROUND = tuple(
    ((0, sign * up), ("center", "bottom" if sign > 0 else "top"))
    for up in (4, 13, 22)
    for sign in (1, -1)
)
_MIDDLE = 3.0  # points about the middle of a group that no name covers
_LETTERS = 24  # of a name among points


def write_at_middles(
    axes: Axes, points: np.ndarray, members: Sequence[str], left_out: Iterable[str] = ()
) -> int:
    """Write the name of each group at its middle point, where it covers no other name or middle.

    The layout of the figure must be settled.

    Parameters
    ----------
    axes
        Where.
    points
        (n_points, 2), in data coordinates.
    members
        The group of each point.
    left_out
        Groups that are not named.

    Returns
    -------
    int
        How many groups are named; large ones are the first to find room.
    """
    of_each = np.array(members, dtype=str)
    names, sizes = np.unique(of_each, return_counts=True)
    middles = {name: _middle(points[of_each == name]) for name in names}
    reach = _MIDDLE * axes.figure.dpi / 72
    pixels = axes.transData.transform(list(middles.values()))
    taken = [Bbox.from_extents(*(place - reach), *(place + reach)) for place in pixels]
    return sum(
        write_where_free(
            axes,
            shortened(name, _LETTERS),
            middles[name],
            _AROUND,
            taken,
            frame=axes.get_window_extent(),
            fontsize=6.5,
            zorder=5,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )
        for name in names[np.argsort(-sizes, kind="stable")]
        if name not in left_out
    )


def _middle(points: np.ndarray) -> np.ndarray:
    """Return the point nearest to the median of all."""
    return points[np.argmin(np.linalg.norm(points - np.median(points, axis=0), axis=1))]
