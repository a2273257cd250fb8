"""Trees as rectangular phylograms, with what there is of each tip beside them."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from visgen.figures.genetics.clades import draw_clades, groups_that_are_clades
from visgen.figures.genetics.phylogram import (
    MAX_NAMED,
    draw_branches,
    draw_scale_bar,
    draw_tips,
    positions,
    tip_labels,
)
from visgen.figures.genetics.supports import MIN_SUPPORT, write_supports
from visgen.figures.group_bars import (
    BESIDE_NAMES,
    HUES,
    Run,
    group_runs,
    run_colours,
    write_group_names,
)
from visgen.figures.group_styles import (
    UNKNOWN,
    UNPLACED,
    Style,
    group_of_each,
    group_styles,
)
from visgen.figures.leaf_order import ladderised
from visgen.names import shortened
from visgen.scikit_bio import TreeNode

#: Columns of the counts, what they are called, colour: those of the figure of counts.
_COUNTS = {"n_images": ("images", "#4c78a8"), "n_sequences": ("sequences", "#54a24b")}
_ROW, _LEAST, _MOST = 0.15, 2.2, 16.0  # inches: a tip's height, that of the least and most tips
_TREE, _PANEL = 6.0, 1.6  # inches: width of the tree and of a panel of counts
_LETTER, _INSET = 0.075, 0.12  # inches: width of a letter, room before the bar of groups
_LETTERS_PER_INCH = 15  # of the title
_DPI = 150


def plot_tree(
    tree: TreeNode, counts: pd.DataFrame, groups: pd.Series, n_bootstraps: int | None
) -> Figure:
    """Draw a rooted tree to scale with images and sequences per tip on a log scale.

    Branches whose tips are all of one group have its colour. Up to `MAX_NAMED` tips have names, and
    numbers from top to bottom. Groups are named beside: a bracket holds one that is a clade, bars
    lie at the tips of one that is not. Of more groups than there are hues no two that meet have
    the same colour; fewer have the colours of all figures of the study.

    Parameters
    ----------
    tree : skbio.TreeNode
        As `visgen.distances.trees.read_tree` returns it; it is not changed.
    counts : DataFrame
        Columns taxon, n_images, n_sequences of the rank of the tips; a column that is empty
        throughout has no panel, and tips that are not in the table have no bar and are counted
        apart.
    groups : Series
        What decides the colour of each taxon (index), null for a gap; its name stands below the
        brackets. Tips that it lacks are drawn as not in the study.
    n_bootstraps : int or None
        With bootstraps, names of inner nodes are supports in per cent, and those of
        `MIN_SUPPORT` and more are printed where there is room. None for a tree that was given:
        what names of its inner nodes mean and the unit of its lengths are not known.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If with bootstraps the name of an inner node is not a number from 0 to 100.
    """
    tree = ladderised(tree)
    across, down = positions(tree)
    tips = [tip.name for tip in tree.tips()]
    members = group_of_each(tips, groups)
    runs = group_runs(tips, pd.Series(members, tips))
    if _are_many(members):
        colours = run_colours(runs)
        styles = _styles_along(runs, colours)
    else:
        styles = group_styles(members, groups)
        colours = [styles[name].colour for name, _, _ in runs]
    shown = {
        column: counts.set_index("taxon")[column].reindex(tips).astype(float)
        for column in _COUNTS
        if column in counts and counts[column].notna().any()
    }
    height = float(np.clip(_ROW * len(tips), _LEAST, _MOST))
    longest = max(map(len, tip_labels(list(tree.tips())))) if len(tips) <= MAX_NAMED else 0
    longest_group = max(len(shortened(name)) for name, _, _ in runs)
    widths = [_TREE + _LETTER * longest, BESIDE_NAMES + _INSET + _LETTER * longest_group]
    widths += [_PANEL] * len(shown)
    # Widths of words depend on the resolution: that at which the figure is saved.
    figure = Figure(figsize=(sum(widths), height + 1.5), dpi=_DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08, wspace=0.03)
    panels = figure.subplots(1, len(widths), sharey=True, width_ratios=widths, squeeze=False)
    drawn, bar, *beside = panels[0]
    draw_branches(drawn, tree, across, down, dict(zip(tips, members, strict=True)), styles)
    draw_tips(drawn, tree, across, members)
    depth = max(across.values())
    notes, letters = [f"{len(tips)} taxa"], int(_LETTERS_PER_INCH * widths[0])
    if len(tips) > MAX_NAMED:
        notes.append(f"names left out above {MAX_NAMED}, see the tables")
    clades = groups_that_are_clades(tree, members)
    place = (height / len(tips), 1 / widths[1], _INSET / widths[1])
    draw_clades(bar, runs, colours, clades, *place)
    if note := write_group_names(bar, runs, colours, *place):
        notes.append(note)
    bar.text(place[2], -0.02, groups.name, transform=bar.transAxes, va="center", fontsize=8.5)
    bar.set_axis_off()
    for axes, (column, numbers) in zip(beside, shown.items(), strict=True):
        _draw_counts(axes, numbers, *_COUNTS[column])
    unit = "of branch length" if n_bootstraps is None else "substitutions per site"
    draw_scale_bar(drawn, depth, unit)
    drawn.set_xlim(-0.02 * depth, 1.03 * depth)
    drawn.set_ylim(len(tips) - 0.4, -0.6)
    if n_bootstraps:
        notes.append(f"at nodes: support of {MIN_SUPPORT} % and more in {n_bootstraps} bootstraps")
    drawn.set_title(fill("; ".join(notes), letters), loc="left", fontsize=9)
    if n_bootstraps:
        # Supports are placed where the branches come to lie, so these must stay.
        for _ in range(2):
            figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
        if n_left := write_supports(drawn, tree, across, down):
            notes.append(f"{n_left} more of them have no room")
            drawn.set_title(fill("; ".join(notes), letters), loc="left", fontsize=9)
    return figure


def _are_many(members: Sequence[str]) -> bool:
    """Tell whether there are more groups than hues."""
    return len(set(members) - {UNKNOWN, UNPLACED}) > len(HUES)


def _styles_along(runs: Sequence[Run], colours: Sequence[str]) -> dict[str, Style]:
    """Return how the branches of each group are drawn: as beside them where it comes first."""
    found: dict[str, Style] = {}
    for (name, _, _), colour in zip(runs, colours, strict=True):
        found.setdefault(name, Style(colour, "o", name))
    return found


def _draw_counts(axes: Axes, numbers: pd.Series, label: str, colour: str) -> None:
    """Draw a bar a tip, none for tips without an item and for those that were not counted."""
    axes.barh(range(len(numbers)), numbers.fillna(0), 0.75, color=colour, lw=0)
    axes.set_xscale("log")
    axes.set_xlim(0.7, 1.5 * max(numbers.max(), 7))
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    without = {"none": (numbers == 0).sum(), "not in the study": numbers.isna().sum()}
    notes = [f"{name}: {n} taxa" for name, n in without.items() if n]
    axes.set_xlabel("\n".join([label, *notes]), fontsize=8.5)
    axes.tick_params(axis="x", labelsize=7.5)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.grid(axis="x", color="0.92", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
