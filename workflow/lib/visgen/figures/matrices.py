"""Heat maps of distance matrices, with the groups of their taxa."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visgen.figures.group_bars import (
    BESIDE_NAMES,
    Run,
    draw_group_bar,
    group_runs,
    run_colours,
    write_group_names,
)
from visgen.names import shortened
from visgen.scikit_bio import DistanceMatrix

MAX_NAMED = 80  # more names than this cannot be read on a page
_COLOUR_MAP = "viridis"  # even steps to the eye, safe for colour-blind readers
_MIN_SIDE, _ROW = 3.2, 0.125  # inches
_LEAST_ROW, _MAX_SIDE = 0.02, 10.0  # inches: a row without a name, two pixels or more
_MOST_BORDERS = 60  # between groups: more of them would veil the cells
_BAR = 0.05  # inches from the cells to the bar of groups
_POINTS_PER_INCH = 72
_LETTER, _USUAL = 0.09, 20  # inches of a letter, letters that there is room for


def plot_distance_heatmap(
    matrix: DistanceMatrix, order: list[str], groups: pd.Series, title: str, label: str
) -> Figure:
    """Draw one distance matrix, with the groups of the taxa as a coloured bar beside it.

    Up to `MAX_NAMED` taxa each row and column has its name; above that none has, and the figure
    says so.

    Parameters
    ----------
    matrix : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa).
    order : list of str
        All taxa of the matrix, in the order to draw, for instance that of
        `visgen.figures.leaf_order.leaf_order`.
    groups : Series
        The group (rank above) of each taxon, taxon names as index; a gap is drawn as no group.
    title : str
        Title of the figure.
    label : str
        What the colours mean, with the unit.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the order is not a permutation of the taxa, or a taxon is not in the groups.
    """
    runs = group_runs(order, groups)
    side = side_of(len(order), MAX_NAMED)
    beside = room_for_names(order, MAX_NAMED)
    size = (side + 3.2 + beside + room_for_groups(runs), side + 2.2 + 0.7 * beside)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    draw_heatmap(axes, in_order(matrix, order), runs, label, side)
    name_taxa(axes, order, side, MAX_NAMED)
    name_groups(axes, runs, side)
    axes.set_title(title)
    return settled(figure)


def plot_notice(text: str) -> Figure:
    """Draw a sentence where there is nothing to draw."""
    figure = Figure(figsize=(6, 1))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


def settled(figure: Figure) -> Figure:
    """Lay the figure out once: one pass alone, at saving, would cut the lowest label off."""
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    figure.draw_without_rendering()
    return figure


def side_of(n_taxa: int, max_named: int) -> float:
    """Return the side of a heat map in inches."""
    without_names = min(_MAX_SIDE, _LEAST_ROW * n_taxa)
    return max(_MIN_SIDE, _ROW * min(n_taxa, max_named), without_names)


def room_for_names(order: list[str], max_named: int) -> float:
    """Return the inches that long names of taxa take beyond what every figure has for them."""
    return _room_for(order) if len(order) <= max_named else 0.0


def room_for_groups(runs: Sequence[Run]) -> float:
    """Return the inches that long names of groups take beyond what every figure has for them."""
    return BESIDE_NAMES + _room_for([group for group, _, _ in runs])


def _room_for(names: list[str]) -> float:
    return _LETTER * max(0, max(len(shortened(name)) for name in names) - _USUAL)


def _font_size(n_taxa: int, side: float) -> float:
    """Return a size in points at which a name fits its row."""
    return min(8.0, 0.8 * _POINTS_PER_INCH * side / n_taxa)


def in_order(matrix: DistanceMatrix, order: list[str]) -> np.ndarray:
    """Return the distances in the order to draw, (n_taxa, n_taxa); `order` has all taxa once."""
    if sorted(order) != sorted(matrix.ids):
        raise ValueError(
            f"the order ({len(order)} taxa) is not a permutation of the {len(matrix.ids)} taxa "
            f"of the matrix; not in both: {sorted(set(order) ^ set(matrix.ids))[:5]}"
        )
    return matrix.filter(order).data


def draw_heatmap(
    axes: Axes,
    values: np.ndarray,
    runs: Sequence[Run],
    label: str,
    side: float,
    *,
    colour_map: str = _COLOUR_MAP,
    limits: tuple[float | None, float | None] = (None, None),
    borders: str = "white",
) -> None:
    """Draw a square of values, its colour bar and its bar of groups."""
    low, high = limits
    image = axes.imshow(values, cmap=colour_map, vmin=low, vmax=high, interpolation="nearest")
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.7, aspect=30, pad=0.02)
    bar.set_label(label)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    row = side / len(values)
    draw_group_bar(axes, runs, run_colours(runs), row, 1 / side, 1 + _BAR / side)
    if len(runs) > _MOST_BORDERS:
        return
    line = {"color": borders, "lw": min(0.6, 0.3 * _POINTS_PER_INCH * row)}
    for _, start, _ in runs[1:]:
        axes.axhline(start - 0.5, **line)
        axes.axvline(start - 0.5, **line)


def name_taxa(axes: Axes, order: list[str], side: float, max_named: int) -> None:
    """Write every name beside its row and column, or none and say so."""
    if len(order) > max_named:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{len(order)} taxa: names left out above {max_named}, see the tables")
        return
    size = _font_size(len(order), side)
    names = list(map(shortened, order))
    axes.set_xticks(range(len(order)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(order)), names, fontsize=size)


def name_groups(axes: Axes, runs: Sequence[Run], side: float) -> None:
    """Write the groups beside their bar; say so where some have no room for their name."""
    row = side / sum(length for _, _, length in runs)
    place = (row, 1 / side, 1 + _BAR / side)
    if note := write_group_names(axes, runs, run_colours(runs), *place):
        axes.set_xlabel("\n".join(filter(None, [axes.get_xlabel(), note])))
