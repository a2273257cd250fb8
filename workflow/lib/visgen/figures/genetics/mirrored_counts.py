"""Sequences and images of every taxon, mirrored at one line."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from visgen.figures.group_styles import Style, group_of_each, group_styles, legend_entries
from visgen.figures.matrices import plot_notice
from visgen.names import shortened

#: More taxa than this are drawn without their names.
MAX_NAMED = 74
#: A scale is logarithmic where the largest number is more than this many times the median one.
MANY_TIMES = 10
_LEAST, _A_TAXON, _MOST = 10.5, 0.065, 24.0  # inches: width of the figure
_HALF = 2.1  # inches: height of either half
_LETTER = 0.055  # inches of a slanted name's letter, downwards
_COLUMNS = 5


def plot_mirrored_counts(coverage: pd.DataFrame, groups: pd.Series) -> Figure:
    """Draw a bar a taxon, sequences upwards and images downwards, taxa with most images first.

    Parameters
    ----------
    coverage : DataFrame
        Columns taxon, n_images, n_sequences, one row a taxon of the rank of the sequences.
    groups : Series
        What decides the colour of each taxon (index), null for a gap; its name is the legend's
        title.

    Returns
    -------
    matplotlib.figure.Figure
        Each half has a scale of its own, logarithmic where numbers differ much (`MANY_TIMES`).
        Taxa without a sequence have no bar above the line and are counted in the title.
    """
    if coverage.empty:
        return plot_notice("no image has a taxon at the rank of the sequences")
    order = ["n_images", "n_sequences", "taxon"]
    table = coverage.sort_values(order, ascending=[False, False, True])
    members = group_of_each(table["taxon"].tolist(), groups)
    styles = group_styles(members, groups)
    is_named = len(table) <= MAX_NAMED
    longest = table["taxon"].map(shortened).str.len().max() if is_named else 0
    n_rows = -(-len(set(styles.values())) // _COLUMNS)
    height = 2 * _HALF + 1.1 + _LETTER * longest + 0.19 * n_rows
    width = float(np.clip(1 + _A_TAXON * len(table), _LEAST, _MOST))
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06, hspace=0.01)
    up, down = figure.subplots(2, 1, sharex=True)
    for axes, column in ((up, "n_sequences"), (down, "n_images")):
        numbers = table[column].astype(float).fillna(0).to_numpy()
        _draw_bars(axes, numbers, [styles[member] for member in members])
        axes.set_ylabel(column.removeprefix("n_"))
    down.invert_yaxis()
    up.spines["bottom"].set_visible(False)
    up.tick_params(axis="x", length=0, labelbottom=False)
    down.spines[["top", "bottom"]].set_visible(False)
    if is_named:
        size = float(np.interp(len(table), [10, MAX_NAMED], [9, 6]))
        names = table["taxon"].map(shortened)
        down.set_xticks(range(len(table)), names, rotation=60, ha="right", rotation_mode="anchor")
        down.tick_params(axis="x", labelsize=size, length=0)
    else:
        down.set_xticks([])
        down.set_xlabel("taxa, those with most images first (names in coverage.tsv)", fontsize=8)
    without = int((table["n_sequences"].fillna(0) == 0).sum())
    title = f"{len(table):,} taxa, {without:,} of them without sequences"
    up.set_title(title, loc="left", fontsize=10)
    figure.legend(
        handles=legend_entries(styles, 6),
        title=groups.name,
        loc="outside lower center",
        ncols=_COLUMNS,
        frameon=False,
        fontsize=8,
    )
    figure.draw_without_rendering()  # settles how far apart the halves are
    _mark_groups(up, down, members, styles)
    return figure


def _draw_bars(axes: Axes, numbers: np.ndarray, styles: list[Style]) -> None:
    """Draw the bars of one half; the logarithmic scale has no zero, so these have none."""
    width = 0.8 if len(numbers) <= MAX_NAMED else 1.0
    axes.bar(range(len(numbers)), numbers, width, color=[style.colour for style in styles], lw=0)
    axes.set_xlim(-0.8, max(len(numbers), 8) - 0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92", lw=0.6)
    axes.set_axisbelow(True)
    present = numbers[numbers > 0]
    most = max(present.max(initial=0), 1)
    if len(present) and most > MANY_TIMES * np.median(present):
        axes.set_yscale("log")
        axes.set_ylim(0.7, 1.4 * most)
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, 1.05 * most)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    axes.tick_params(axis="y", labelsize=8)


def _mark_groups(up: Axes, down: Axes, members: list[str], styles: dict[str, Style]) -> None:
    """Draw the mark of each taxon's group between the halves: colours alone recur."""
    between = (down.bbox.y1 + up.bbox.y0) / 2
    (_, row) = up.transAxes.inverted().transform((0, between))
    for member, style in styles.items():
        places = [place for place, own in enumerate(members) if own == member]
        up.scatter(
            places,
            [row] * len(places),
            s=18 if len(members) <= MAX_NAMED else 12,
            c=style.colour,
            marker=style.marker,
            lw=0,
            transform=up.get_xaxis_transform(),
            clip_on=False,
        )
