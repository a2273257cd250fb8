"""Which taxa are taken for which, in the order of the taxonomy."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from visgen.figures.group_bars import (
    BESIDE_NAMES,
    draw_group_bar,
    group_runs,
    name_size,
    run_colours,
    write_group_names,
)
from visgen.figures.matrices import plot_notice
from visgen.names import shortened

MAX_NUMBERED = 12  # more taxa than this leave no room for numbers in the cells
MAX_NAMED = 80  # more names than this cannot be read on a page
_SHARES = LinearSegmentedColormap.from_list(
    "shares", ["white", "#d6e6f4", "#abd0e6", "#6aaed6", "#3787c0", "#105ba4", "#08306b"]
)
_MIN_SIDE, _CELL = 4.2, 0.125  # inches
_GAP, _LETTER = 0.08, 0.6  # inches, width of a letter by its size
_POINTS_PER_INCH = 72


def plot_confusion(
    confusion: pd.DataFrame, order: Sequence[str], groups: pd.Series, title: str
) -> Figure:
    """Draw the shares of each taxon's test images by the taxon they are predicted to be.

    Up to `MAX_NUMBERED` taxa the cells have numbers; up to `MAX_NAMED` rows and columns have
    names, above that none has, and the figure says so.

    Parameters
    ----------
    confusion : DataFrame
        Columns seed, truth, predicted, n_images, of one rank and classifier; rows of several seeds
        are summed, pairs that do not occur may be absent.
    order : list of str
        Taxa in the order to draw, the taxa of one group side by side; others are left out.
    groups : Series
        The group (rank above) of each taxon, taxon names as index; a gap is drawn as no group.
        One group alone is not drawn.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
        Rows are tested taxa, columns tested or predicted taxa.

    Raises
    ------
    ValueError
        If a taxon of the table is not in the order, or one of the order not in the groups.
    """
    counts = confusion.pivot_table(
        index="truth", columns="predicted", values="n_images", aggfunc="sum", fill_value=0
    )
    if counts.empty:
        return plot_notice(f"{title}: no taxon has test images")
    tested, seen = set(counts.index), set(counts.index) | set(counts.columns)
    if absent := sorted(seen - set(order)):
        raise ValueError(f"{len(absent)} taxa are not in the order, the first is {absent[0]!r}")
    columns = [taxon for taxon in order if taxon in seen]
    rows = [taxon for taxon in columns if taxon in tested]
    counts = counts.reindex(index=rows, columns=columns, fill_value=0)
    n_images = counts.sum(axis=1)
    shares = counts.div(n_images, axis=0).to_numpy()

    named = len(columns) <= MAX_NAMED
    cell = max(_CELL * min(1, MAX_NAMED / len(columns)), _MIN_SIDE / len(columns))
    size = min(9.0, 0.8 * _POINTS_PER_INCH * cell)
    axes = Figure(layout="constrained").subplots()
    image = axes.imshow(shares, cmap=_SHARES, norm=PowerNorm(0.5, 0, 1), interpolation="nearest")
    axes.spines[:].set_color("0.6")
    axes.tick_params(length=0)
    axes.set_ylabel("truth")
    axes.set_xlabel("\n".join(["predicted", *_notes(confusion, rows, columns)]))
    axes.set_title(fill(title, int((cell * len(columns) + 1) / 0.09)), loc="left")
    axes.set_xticks([])
    axes.set_yticks([])
    taken = _name_taxa(axes, n_images, columns, size) if named else np.zeros(3)
    if len(columns) <= MAX_NUMBERED:
        _number_cells(axes, shares, size)
    beside, note = _draw_groups(axes, groups, rows, columns, cell, taken[1])
    taken[1] += beside
    axes.set_xlabel("\n".join(filter(None, [axes.get_xlabel(), note])))
    flat = cell * len(columns) / 0.15
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", aspect=flat, pad=0.02)
    bar.set_ticks([0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1])
    bar.ax.xaxis.set_major_formatter(PercentFormatter(1))
    bar.set_label("share of the taxon's test images (square-root scale)")
    left, right, below = taken
    axes.figure.set_size_inches(
        cell * len(columns) + left + right + 0.7, cell * len(rows) + below + 2.3
    )
    return _settled(axes.figure)


def _settled(figure: Figure) -> Figure:
    """Lay the figure out, crop what its cells, which stay square, leave empty, lay it out again."""
    layout = figure.get_layout_engine()
    layout.set(w_pad=0.1, h_pad=0.1)
    layout.execute(figure)
    figure.set_size_inches(figure.get_tightbbox().size + 0.2)
    layout.execute(figure)
    return figure


def _notes(confusion: pd.DataFrame, rows: list[str], columns: list[str]) -> list[str]:
    """Return what has to be said below the cells."""
    notes = []
    if len(columns) > MAX_NAMED:
        notes.append(f"{len(columns)} taxa: names left out above {MAX_NAMED}, see the tables")
    elif (n_seeds := confusion["seed"].nunique()) > 1:
        notes.append(f"n: test images, summed over {n_seeds} seeds")
    if untested := len(columns) - len(rows):
        mark = "*" * (len(columns) <= MAX_NAMED)
        notes.append(f"{mark}predicted, but without test images: {untested} of {len(columns)} taxa")
    return notes


def _name_taxa(axes: Axes, n_images: pd.Series, columns: list[str], size: float) -> np.ndarray:
    """Write names and numbers of images; return the inches taken left, right and below."""
    rows = list(map(shortened, n_images.index))
    names = [shortened(name) + "*" * (name not in n_images.index) for name in columns]
    axes.set_xticks(range(len(columns)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(rows)), rows, fontsize=size)
    numbers = [f"n = {n}" for n in n_images]
    for place, text in enumerate(numbers):
        _write_beside(axes, 1, place, text, size)
    return np.array([_width(rows, size), _GAP + _width(numbers, size), _width(names, size)])


def _number_cells(axes: Axes, shares: np.ndarray, size: float) -> None:
    """Write each share but zero, in per cent."""
    for row, column in np.argwhere(shares > 0):
        percent = 100 * shares[row, column]
        axes.text(
            column,
            row,
            f"{percent:.0f}" if percent >= 0.5 else "<1",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if percent > 35 else "black",
        )


def _draw_groups(
    axes: Axes, groups: pd.Series, rows: list[str], columns: list[str], cell: float, away: float
) -> tuple[float, str]:
    """Draw a bar of the rows' groups and lines between groups.

    The bar stands `away` inches from the cells, the names beside it. Returned are the inches that
    they take and what has to be said of groups without a name.
    """
    across, down = group_runs(columns, groups), group_runs(rows, groups)
    if len(across) == 1:
        return 0.0, ""
    line = (
        {"color": "0.6", "lw": 0.5} if len(columns) <= MAX_NAMED else {"color": "0.85", "lw": 0.4}
    )
    for _, start, _ in across[1:]:
        axes.axvline(start - 0.5, **line)
    for _, start, _ in down[1:]:
        axes.axhline(start - 0.5, **line)
    inch = 1 / (cell * len(columns))  # of the width of the axes
    place = (down, run_colours(down), cell, inch, 1 + (away + _GAP) * inch)
    draw_group_bar(axes, *place)
    note = write_group_names(axes, *place)
    names = [shortened(name) for name, _, _ in down]
    return BESIDE_NAMES + _width(names, name_size(down, cell)), note


def _write_beside(axes: Axes, x: float, row: float, text: str, size: float) -> None:
    """Write a text to the right of x, which is a share of the width of the axes."""
    axes.annotate(
        text,
        (x, row),
        xycoords=axes.get_yaxis_transform(),
        xytext=(_GAP * _POINTS_PER_INCH, 0),
        textcoords="offset points",
        va="center",
        fontsize=size,
    )


def _width(texts: list[str], size: float) -> float:
    """Return the inches that the longest of the texts takes, about."""
    return _LETTER * size / _POINTS_PER_INCH * max(map(len, texts))
