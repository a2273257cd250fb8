"""Figures of distance matrices: heat maps ordered by the rank above, and pairs against pairs."""

from itertools import groupby

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from skbio.stats.distance import DistanceMatrix

from visgen.permutation_tests import MantelResult

MAX_NAMED = 80  # more names than this cannot be read on a page
MAX_NAMED_BESIDE = 25  # the same where two heat maps and a scatter plot share its width
_COLOUR_MAP = "viridis"  # even steps to the eye, safe for colour-blind readers
_GROUP_COLOURS = sns.color_palette("colorblind", 8)
_UNPLACED = "(no group)"
_MIN_SIDE, _ROW = 3.2, 0.125  # inches
_POINTS_PER_INCH = 72


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
        All taxa of the matrix, in the order to draw, the taxa of one group side by side.
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
    runs = _runs(order, groups)
    side = _side(len(order), MAX_NAMED)
    figure = Figure(figsize=(side + 3.2, side + 2.2), layout="constrained")
    axes = figure.subplots()
    _draw_heatmap(axes, matrix, order, runs, label, side)
    _name_taxa(axes, order, side, MAX_NAMED)
    _name_groups(axes, runs, side)
    axes.set_title(title)
    return _settled(figure)


def plot_side_by_side(
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    order: list[str],
    groups: pd.Series,
    test: MantelResult | None,
    genetic_label: str,
    visual_label: str,
) -> Figure:
    """Draw genetic and visual distances as heat maps in one order, and pair against pair.

    Parameters
    ----------
    genetic, visual : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa.
    order, groups
        As in `plot_distance_heatmap`.
    test : MantelResult, optional
        The test of the two matrices; its numbers stand in the title. None where there are too
        few taxa for a test.
    genetic_label, visual_label : str
        What the two distances are, with units, for instance ``"patristic distance"``.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels: genetic, visual, and every pair of taxa once as a point.

    Raises
    ------
    ValueError
        If the order is not a permutation of the taxa of both matrices, or a taxon is not in the
        groups.
    """
    runs = _runs(order, groups)
    side = _side(len(order), MAX_NAMED_BESIDE)
    figure = Figure(figsize=(3 * side + 3.4, side + 2.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _draw_heatmap(left, genetic, order, runs, genetic_label, side)
    _draw_heatmap(middle, visual, order, runs, visual_label, side)
    _name_taxa(left, order, side, MAX_NAMED_BESIDE)
    _name_taxa(middle, order, side, MAX_NAMED_BESIDE)
    middle.set_yticks([])
    _name_groups(middle, runs, side)
    left.set_title("phylogenetic")
    middle.set_title("visual")
    _draw_pairs(right, genetic.filter(order), visual.filter(order), groups.reindex(order))
    right.set(xlabel=genetic_label, ylabel=visual_label, box_aspect=1)
    figure.suptitle(_test_in_words(test, len(order)))
    return _settled(figure)


def _test_in_words(test: MantelResult | None, n_taxa: int) -> str:
    if test is None:
        return f"{n_taxa} taxa: too few for a Mantel test"
    return (
        f"Mantel r = {test.r:.3f} (95 % {test.ci_low:.3f} to {test.ci_high:.3f}), "
        f"p = {test.p:.4g}, n = {test.n_taxa} taxa, {test.n_pairs} pairs"
    )


def plot_notice(text: str) -> Figure:
    """Draw a sentence where there is nothing to draw."""
    figure = Figure(figsize=(6, 1))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


def _settled(figure: Figure) -> Figure:
    """Lay the figure out once: one pass alone, at saving, would cut the lowest label off."""
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    figure.draw_without_rendering()
    return figure


def _side(n_taxa: int, max_named: int) -> float:
    """Return the side of a heat map in inches."""
    return max(_MIN_SIDE, _ROW * min(n_taxa, max_named))


def _font_size(n_taxa: int, side: float) -> float:
    """Return a size in points at which a name fits its row."""
    return min(8.0, 0.8 * _POINTS_PER_INCH * side / n_taxa)


def _runs(order: list[str], groups: pd.Series) -> list[tuple[str, int, int]]:
    """Return (group, first row, number of rows) for each stretch of one group in the order."""
    if absent := [taxon for taxon in order if taxon not in groups.index]:
        raise ValueError(f"{len(absent)} taxa are not in the groups, the first is {absent[0]!r}")
    names = groups.reindex(order).fillna(_UNPLACED).tolist()
    runs, start = [], 0
    for name, stretch in groupby(names):
        length = len(list(stretch))
        runs.append((name, start, length))
        start += length
    return runs


def _draw_heatmap(
    axes: Axes, matrix: DistanceMatrix, order: list[str], runs: list, label: str, side: float
) -> None:
    """Draw the matrix, its colour bar and its bar of groups."""
    if sorted(order) != sorted(matrix.ids):
        raise ValueError(
            f"the order ({len(order)} taxa) is not a permutation of the {len(matrix.ids)} taxa "
            f"of the matrix; not in both: {sorted(set(order) ^ set(matrix.ids))[:5]}"
        )
    n_taxa = len(order)
    image = axes.imshow(matrix.filter(order).data, cmap=_COLOUR_MAP, interpolation="nearest")
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.7, aspect=30, pad=0.02)
    bar.set_label(label)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    width = _bar_width(n_taxa, side)
    for number, (group, start, length) in enumerate(runs):
        colour = "0.8" if group == _UNPLACED else _GROUP_COLOURS[number % len(_GROUP_COLOURS)]
        axes.add_patch(
            Rectangle((n_taxa - 0.5 + width / 3, start - 0.5), width, length, color=colour, lw=0)
        ).set_clip_on(False)
        if start:
            axes.axhline(start - 0.5, color="white", lw=0.6)
            axes.axvline(start - 0.5, color="white", lw=0.6)


def _bar_width(n_taxa: int, side: float) -> float:
    """Return the width of the bar of groups in rows, 0.12 inches."""
    return 0.12 * n_taxa / side


def _name_taxa(axes: Axes, order: list[str], side: float, max_named: int) -> None:
    """Write every name beside its row and column, or none and say so."""
    if len(order) > max_named:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{len(order)} taxa: their names are left out above {max_named}")
        return
    size = _font_size(len(order), side)
    axes.set_xticks(range(len(order)), order, rotation=90, fontsize=size)
    axes.set_yticks(range(len(order)), order, fontsize=size)


def _name_groups(axes: Axes, runs: list, side: float) -> None:
    """Write the groups beside their bar; say so where some are too narrow for their name."""
    n_taxa = sum(length for _, _, length in runs)
    row = side / n_taxa
    size = max(5.5, _font_size(n_taxa, side))
    narrow = 0
    for group, start, length in runs:
        if length * row * _POINTS_PER_INCH < size:
            narrow += 1
            continue
        axes.text(
            n_taxa - 0.5 + 1.8 * _bar_width(n_taxa, side),
            start + (length - 1) / 2,
            group,
            va="center",
            fontsize=size,
        )
    if narrow:
        note = f"{narrow} of {len(runs)} groups are too narrow for their name"
        axes.set_xlabel("\n".join(filter(None, [axes.get_xlabel(), note])))


def _draw_pairs(
    axes: Axes, genetic: DistanceMatrix, visual: DistanceMatrix, groups: pd.Series
) -> None:
    """Draw every pair of taxa once, those of one group apart from the others."""
    first, second = np.triu_indices(len(genetic.ids), k=1)
    names = groups.to_numpy(dtype=object)
    same = (names[first] == names[second]) & groups.notna().to_numpy()[first]
    for name, chosen, colour, marker in (
        ("other pairs", ~same, _GROUP_COLOURS[0], "o"),
        ("pairs within a group", same, _GROUP_COLOURS[1], "^"),
    ):
        axes.scatter(
            genetic.condensed_form()[chosen],
            visual.condensed_form()[chosen],
            s=max(6, 30 - len(first) / 40),
            alpha=0.6,
            color=colour,
            marker=marker,
            linewidths=0,
            label=f"{name} ({chosen.sum()})",
            rasterized=True,
        )
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
