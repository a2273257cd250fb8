"""Trees as rectangular phylograms, with what there is of each tip beside them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from visgen.figures.genetics.phylogram import (
    MAX_NAMED,
    draw_branches,
    draw_scale_bar,
    draw_tips,
    positions,
)
from visgen.figures.genetics.supports import MIN_SUPPORT, write_supports
from visgen.figures.group_styles import group_of_each, group_styles, legend_entries
from visgen.figures.leaf_order import ladderised
from visgen.names import shortened
from visgen.scikit_bio import TreeNode

#: Columns of the counts, what they are called, colour: those of the figure of counts.
_COUNTS = {"n_images": ("images", "#4c78a8"), "n_sequences": ("sequences", "#54a24b")}
_ROW, _LEAST, _MOST = 0.15, 2.2, 16.0  # inches: a tip's height, that of the least and most tips
_TREE, _PANEL = 6.0, 1.6  # inches: width of the tree and of a panel of counts


def plot_tree(
    tree: TreeNode, counts: pd.DataFrame, groups: pd.Series, n_bootstraps: int | None
) -> Figure:
    """Draw a rooted tree to scale with images and sequences per tip on a log scale.

    Branches whose tips are all of one group have its colour. Up to `MAX_NAMED` tips have names.

    Parameters
    ----------
    tree : skbio.TreeNode
        As `visgen.distances.trees.read_tree` returns it; it is not changed.
    counts : DataFrame
        Columns taxon, n_images, n_sequences of the rank of the tips; a column that is empty
        throughout has no panel, and tips that are not in the table have no bar and are counted
        apart.
    groups : Series
        What decides the colour of each taxon (index), null for a gap; its name is the legend's
        title. Tips that it lacks are drawn as not in the study.
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
    styles = group_styles(members, groups)
    shown = {
        column: counts.set_index("taxon")[column].reindex(tips).astype(float)
        for column in _COUNTS
        if column in counts and counts[column].notna().any()
    }
    height = float(np.clip(_ROW * len(tips), _LEAST, _MOST))
    n_rows = -(-len(set(styles.values())) // 4)
    longest = max(len(shortened(tip)) for tip in tips) if len(tips) <= MAX_NAMED else 0
    figure = Figure(
        figsize=(_TREE + 0.075 * longest + _PANEL * len(shown), height + 1.5 + 0.2 * n_rows),
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08, wspace=0.03)
    widths = [_TREE + 0.075 * longest, *[_PANEL] * len(shown)]
    panels = figure.subplots(1, len(widths), sharey=True, width_ratios=widths, squeeze=False)
    drawn, *beside = panels[0]
    draw_branches(drawn, tree, across, down, dict(zip(tips, members, strict=True)), styles)
    draw_tips(drawn, tree, across, members, styles)
    for axes, (column, numbers) in zip(beside, shown.items(), strict=True):
        _draw_counts(axes, numbers, *_COUNTS[column])
    unit = "of branch length" if n_bootstraps is None else "substitutions per site"
    depth = max(across.values())
    draw_scale_bar(drawn, depth, unit)
    drawn.set_xlim(-0.02 * depth, 1.03 * depth)
    drawn.set_ylim(len(tips) - 0.4, -0.6)
    figure.legend(
        handles=legend_entries(styles, 6),
        title=f"{groups.name} (tips)",
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=8.5,
    )
    notes = [f"{len(tips)} taxa"]
    if len(tips) > MAX_NAMED:
        notes.append(f"names are left out above {MAX_NAMED}")
    if n_bootstraps:
        notes.append(f"numbers: support of {MIN_SUPPORT} % and more in {n_bootstraps} bootstraps")
    drawn.set_title("; ".join(notes), loc="left", fontsize=9)
    if n_bootstraps:
        # Supports are placed where the branches come to lie, so these must stay.
        for _ in range(2):
            figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
        if n_left := write_supports(drawn, tree, across, down):
            notes.append(f"{n_left} more of them have no room")
            drawn.set_title("; ".join(notes), loc="left", fontsize=9)
    return figure


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
