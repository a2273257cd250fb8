"""Phylogenetic and visual distances as heat maps in one order, their difference, and the pairs."""

from textwrap import fill
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from visgen.figures.colours import COLOURS
from visgen.figures.embedding.held_out_pairs import MAX_POINTS
from visgen.figures.group_bars import group_runs
from visgen.figures.matrices import (
    draw_heatmap,
    in_order,
    name_groups,
    name_taxa,
    room_for_groups,
    room_for_names,
    settled,
    side_of,
)
from visgen.scikit_bio import DistanceMatrix

MAX_NAMED_BESIDE = 40  # more names than this cannot be read where two heat maps share a page
_DIVERGING = "RdBu_r"  # white at zero; red and blue differ to colour-blind readers
_DIFFERENCE = "rank of the pair by look less its rank by descent, percentile points"
_LETTERS_PER_INCH = 11  # of a title


class _Kind(NamedTuple):
    """How the pairs of one kind are drawn; colours of hexagons go from few pairs to many."""

    label: str
    colour: str
    marker: str
    pale: str
    dark: str


_KINDS = (
    _Kind("other pairs", COLOURS[0], "o", "#d6e6f4", "#002a4d"),
    _Kind("pairs within a group", COLOURS[1], "^", "#fbdcc4", "#5c2400"),
)


def plot_side_by_side(
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    order: list[str],
    groups: pd.Series,
    title: str,
    genetic_label: str,
    visual_label: str,
) -> Figure:
    """Draw genetic and visual distances in one order, where they differ, and pair against pair.

    Parameters
    ----------
    genetic, visual : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa.
    order, groups
        As in `visgen.figures.matrices.plot_distance_heatmap`.
    title : str
        How far they agree, as `visgen.figures.embedding.agreement` has it.
    genetic_label, visual_label : str
        What the two distances are, with units, for instance ``"patristic distance"``.

    Returns
    -------
    matplotlib.figure.Figure
        Four panels: genetic, visual, the difference of `rank_difference`, and every pair of taxa
        once as a point.

    Raises
    ------
    ValueError
        If the order is not a permutation of the taxa of both matrices, or a taxon is not in the
        groups.
    """
    runs = group_runs(order, groups)
    of_genetic, of_visual = in_order(genetic, order), in_order(visual, order)
    side = side_of(len(order), MAX_NAMED_BESIDE)
    beside = room_for_names(order, MAX_NAMED_BESIDE)
    width = 2 * side + 4.6 + beside + room_for_groups(runs)
    figure = Figure(figsize=(width, 2 * side + 4.2 + 0.7 * beside), layout="constrained")
    (above, beside), (below, pairs) = figure.subplots(2, 2)
    draw_heatmap(above, of_genetic, runs, genetic_label, side)
    draw_heatmap(beside, of_visual, runs, visual_label, side)
    draw_heatmap(
        below,
        rank_difference(of_genetic, of_visual),
        runs,
        fill(_DIFFERENCE, 40),
        side,
        colour_map=_DIVERGING,
        limits=(-100, 100),
        borders="0.6",
    )
    for axes in (above, below):
        name_taxa(axes, order, side, MAX_NAMED_BESIDE)
    for axes in (above, beside):
        axes.set_xticks([])
    beside.set_yticks([])
    name_groups(beside, runs, side)
    above.set_title("phylogenetic")
    beside.set_title("visual")
    below.set_title("difference: red looks too far apart, blue too much alike", fontsize=9)
    _draw_pairs(pairs, of_genetic, of_visual, groups.reindex(order))
    counted = len(order) * (len(order) - 1) // 2 > MAX_POINTS
    darker = " (the darker, the more pairs)" * counted
    pairs.set(xlabel=f"{genetic_label}{darker}", ylabel=visual_label, box_aspect=1)
    figure.suptitle(
        "\n".join(fill(line, int(_LETTERS_PER_INCH * width)) for line in title.split("\n"))
    )
    return settled(figure)


def rank_difference(genetic: np.ndarray, visual: np.ndarray) -> np.ndarray:
    """Return how much farther apart each pair looks than it is, among all pairs.

    Distances of two kinds have no common unit, so each pair is ranked among all pairs, as per
    cent of their number, and the rank by phylogenetic distance subtracted from that by look.

    Parameters
    ----------
    genetic, visual
        (n_taxa, n_taxa), symmetric with a zero diagonal, the same taxa in the same order.

    Returns
    -------
    ndarray
        (n_taxa, n_taxa), symmetric, above -100 and below 100; 0 on the diagonal.
    """
    ranks = [rankdata(squareform(square, checks=False)) for square in (genetic, visual)]
    return squareform(100 * (ranks[1] - ranks[0]) / len(ranks[0]))


def _draw_pairs(axes: Axes, genetic: np.ndarray, visual: np.ndarray, groups: pd.Series) -> None:
    """Draw every pair of taxa once, those of one group apart from the others and over them."""
    first, second = np.triu_indices(len(genetic), k=1)
    names = groups.to_numpy(dtype=object)
    same = (names[first] == names[second]) & groups.notna().to_numpy()[first]
    x, y = genetic[first, second], visual[first, second]
    draw = _draw_points if len(first) <= MAX_POINTS else _draw_hexagons
    handles = [
        draw(axes, x[chosen], y[chosen], (x.min(), x.max(), y.min(), y.max()), kind)
        for kind, chosen in zip(_KINDS, (~same, same), strict=True)
    ]
    labels = [
        f"{kind.label} ({chosen.sum():,})"
        for kind, chosen in zip(_KINDS, (~same, same), strict=True)
    ]
    shown = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "frameon": False, "ncols": 2}
    axes.legend(handles, labels, **shown)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_points(
    axes: Axes, x: np.ndarray, y: np.ndarray, extent: tuple[float, ...], kind: _Kind
) -> Line2D:
    """Draw a point a pair, and return one in full colour for the legend."""
    axes.scatter(
        x,
        y,
        s=float(np.clip(30 - len(x) / 40, 6, 30)),
        alpha=float(np.clip(2000 / max(len(x), 1), 0.3, 0.6)),
        color=kind.colour,
        marker=kind.marker,
        linewidths=0,
        rasterized=True,
    )
    return Line2D([], [], ls="", marker=kind.marker, ms=5.5, mew=0, c=kind.colour)


def _draw_hexagons(
    axes: Axes, x: np.ndarray, y: np.ndarray, extent: tuple[float, ...], kind: _Kind
) -> Patch:
    """Draw how many pairs there are at each place, the darker, the more."""
    colours = LinearSegmentedColormap.from_list(kind.label, [kind.pale, kind.colour, kind.dark])
    if len(x):
        axes.hexbin(
            x, y, gridsize=(50, 38), extent=extent, bins="log", cmap=colours, mincnt=1, lw=0.1,
            alpha=0.85,
        )  # fmt: skip
    return Patch(color=kind.colour, lw=0)
