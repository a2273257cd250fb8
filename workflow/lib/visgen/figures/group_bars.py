"""Bars of groups beside the rows of a figure, each group named at its place."""

from collections.abc import Sequence
from itertools import groupby

import networkx as nx
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from scipy.optimize import isotonic_regression

from visgen.figures.group_styles import UNKNOWN, UNPLACED
from visgen.names import shortened

_PALETTE = sns.color_palette("colorblind").as_hex()
#: Colours of groups, without the brown, pale rose and yellow of the palette, which come near
#: others, and its grey, which is no group.
HUES = [_PALETTE[place] for place in (0, 3, 2, 4, 1, 9)]
#: What taxa are called whose group is a gap.
NO_GROUP = "(no group)"
_PALE_ONES = {NO_GROUP, UNKNOWN, UNPLACED}
#: Points that a stretch of the bar has at least: one taxon of hundreds would not be seen.
MIN_DRAWN = 2.0
#: Inches that bar, lines and names take beside the names themselves.
BESIDE_NAMES = 1.0
#: Inches that the bar is wide.
BAR_WIDTH = 0.12
_PALE = "0.8"
_GAP, _LINE = 0.06, 0.22  # inches: beside the bar, of lines to names
_SIZES = (9.0, 8.0, 7.0, 6.5)  # points: of names, as they find room
_APART = 1.35  # of their size, from name to name
_FAR = 4  # names that a name may be away from its rows before a smaller size is tried
_POINTS_PER_INCH = 72

#: A stretch of rows of one group: its name, first row, number of rows.
Run = tuple[str, int, int]


def group_runs(order: Sequence[str], groups: pd.Series) -> list[Run]:
    """Return each stretch of one group in an order of taxa.

    Parameters
    ----------
    order : list of str
        Taxa, in the order of the rows.
    groups : Series
        The group of each taxon, taxon names as index; a gap is `NO_GROUP`.

    Raises
    ------
    ValueError
        If a taxon is not in the groups.
    """
    if absent := [taxon for taxon in order if taxon not in groups.index]:
        raise ValueError(f"{len(absent)} taxa are not in the groups, the first is {absent[0]!r}")
    runs, start = [], 0
    for name, stretch in groupby(groups.reindex(order).fillna(NO_GROUP)):
        length = len(list(stretch))
        runs.append((name, start, length))
        start += length
    return runs


def run_colours(runs: Sequence[Run]) -> list[str]:
    """Choose a colour for each stretch: few hues for many groups, never the same side by side.

    A group has one colour wherever it stands, and differs from as many groups before and after it
    as the hues allow; last and first count as neighbours. Where groups are so scattered that the
    hues do not do, stretches of a group may differ, and neighbours still do.

    Returns
    -------
    list of str
        In the order of the runs; what is of no group is pale.
    """
    names = [name for name, _, _ in runs]
    for reach in range(len(HUES) - 1, 0, -1):
        graph = nx.Graph()
        graph.add_nodes_from(name for name in names if name not in _PALE_ONES)
        ends = [*zip(names, names[1:] + names[:1], strict=True)]
        for step in range(2, reach + 1):
            ends += zip(names[:-step], names[step:], strict=True)
        graph.add_edges_from(
            pair for pair in ends if pair[0] != pair[1] and not _PALE_ONES & {*pair}
        )
        chosen = nx.greedy_color(graph, "saturation_largest_first")
        if max(chosen.values(), default=0) < len(HUES):
            return [_PALE if name in _PALE_ONES else HUES[chosen[name]] for name in names]
    return run_colours([
        (name if name in _PALE_ONES else f"{name} {start}", start, n) for name, start, n in runs
    ])  # fmt: skip


def draw_group_bar(
    axes: Axes, runs: Sequence[Run], colours: Sequence[str], row: float, inch: float, x: float
) -> None:
    """Draw the bar: rows are 0, 1, 2 ... in data coordinates, the first on top.

    Parameters
    ----------
    axes, runs
        Where and what.
    colours
        Of each stretch, for instance as `run_colours` returns them.
    row
        Height of a row in inches.
    inch
        As a share of the width of the axes.
    x
        Where the bar begins, as a share of the width of the axes.
    """
    least = MIN_DRAWN / _POINTS_PER_INCH / row
    # Small ones last, over the edges of large ones.
    for (_, start, length), colour in sorted(
        zip(runs, colours, strict=True), key=lambda pair: -pair[0][2]
    ):
        height = max(length, least)
        corner = (x, start - 0.5 + (length - height) / 2)
        box = Rectangle(corner, BAR_WIDTH * inch, height, color=colour, lw=0)
        box.set(transform=axes.get_yaxis_transform(), clip_on=False)
        axes.add_patch(box)


def write_group_names(
    axes: Axes, runs: Sequence[Run], colours: Sequence[str], row: float, inch: float, x: float
) -> str:
    """Write the groups beside their bar, with lines to them where they do not fit their rows.

    Parameters
    ----------
    axes, runs, colours, row, inch, x
        As in `draw_group_bar`.

    Returns
    -------
    str
        How many groups have no room for their name, the smallest ones; empty where all have.
    """
    size, drawn = _lay_out(runs, row)
    apart = _APART * size / _POINTS_PER_INCH / row
    led = len(drawn) < len(runs) or any(runs[i][2] < apart for i in drawn)
    begin = x + (BAR_WIDTH + _GAP / 2) * inch
    end = begin + _LINE * inch * led
    for i, ((name, start, length), colour) in enumerate(zip(runs, colours, strict=True)):
        middle = start + (length - 1) / 2
        if led:
            # A group without room for its name has a tick.
            foot = begin + _LINE * inch * np.array([0, 0.2, 0.9] if i in drawn else [0, 0.2])
            down = [middle, middle, drawn.get(i)][: len(foot)]
            # No plot: limits of the axes stay as they are.
            transform = axes.get_yaxis_transform()
            line = Line2D(foot, down, c=colour, lw=0.9, transform=transform, clip_on=False)
            axes.add_artist(line)
        if i in drawn:
            axes.annotate(
                shortened(name),
                (end, drawn[i]),
                (_POINTS_PER_INCH * _GAP / 2, 0),
                xycoords=axes.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                fontsize=size,
                annotation_clip=False,
            )
    groups = {name for name, _, _ in runs}
    without = len(groups - {runs[i][0] for i in drawn})
    return f"{without} of {len(groups)} groups have no room for their name" * (without > 0)


def name_size(runs: Sequence[Run], row: float) -> float:
    """Return the size of the names in points; `row` is the height of a row in inches."""
    return _lay_out(runs, row)[0]


def _lay_out(runs: Sequence[Run], row: float) -> tuple[float, dict[int, float]]:
    """Return the size of the names, and by stretch the row at which its name stands."""
    n_rows = sum(length for _, _, length in runs)
    for size in _SIZES:
        apart = _APART * size / _POINTS_PER_INCH / row  # rows from name to name
        named = _with_room(runs, int(n_rows / apart))
        middles = np.array([runs[i][1] + (runs[i][2] - 1) / 2 for i in named])
        places = spread(middles, apart, (apart - 1) / 2, n_rows - (apart + 1) / 2)
        near = np.abs(places - middles).max(initial=0) <= _FAR * apart
        if near and len(named) == len(runs):
            break
    return size, dict(zip(named, places.tolist(), strict=True))


def spread(wanted: np.ndarray, apart: float, low: float, high: float) -> np.ndarray:
    """Move places as little as possible, in squares, so that they lie apart and within limits.

    Parameters
    ----------
    wanted
        (n_places,), rising; without limits there is always room, and the caller sees to it that
        there is within.
    apart
        The least distance between two neighbours.
    low, high
        The first and the last place that may be taken.

    Returns
    -------
    ndarray
        (n_places,), rising.

    Examples
    --------
    >>> spread(np.array([1.0, 1.0, 5.0]), 2.0, 0.0, 9.0).tolist()
    [0.0, 2.0, 5.0]
    """
    if not len(wanted):
        return wanted
    steps = apart * np.arange(len(wanted))
    return np.clip(isotonic_regression(wanted - steps).x, low, high - steps[-1]) + steps


def _with_room(runs: Sequence[Run], most: int) -> list[int]:
    """Return the places of the stretches that can be named, of groups that recur the longest."""
    if len(runs) <= most:
        return list(range(len(runs)))
    longest: dict[str, int] = {}
    for i, (name, _, length) in enumerate(runs):
        if name not in longest or length > runs[longest[name]][2]:
            longest[name] = i
    chosen = list(longest.values())
    while len(chosen) > most:  # all groups of a size are named or none
        least = min(runs[i][2] for i in chosen)
        chosen = [i for i in chosen if runs[i][2] > least]
    return sorted(chosen)
