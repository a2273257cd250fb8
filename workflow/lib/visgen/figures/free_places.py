"""Words beside points, written where they cover nothing."""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

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
