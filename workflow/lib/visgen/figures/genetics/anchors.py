"""How alike the anchors of taxa are: heat maps of cosines, set by set."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from visgen.distances.matrices import cosine_distances
from visgen.figures.group_bars import group_runs
from visgen.figures.matrices import (
    draw_heatmap,
    name_groups,
    name_taxa,
    plot_notice,
    settled,
    side_of,
)
from visgen.names import shortened

#: More taxa than this are drawn without their names.
MAX_NAMED = 60
_MAX_ACROSS = 2
_DIVERGING = "RdBu_r"  # white where anchors are at right angles; safe for colour-blind readers


def plot_anchors(
    anchors: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame,
    order: list[str],
    groups: pd.Series,
) -> Figure:
    """Draw the cosines between the anchors of each set, all sets with one scale from -1 to 1.

    Parameters
    ----------
    anchors : mapping of str to DataFrame
        Name of each set and its anchors, (n_taxa, size), taxon names as index. Sets need not have
        the same taxa.
    scores : DataFrame
        Columns of the contract, with the median cosine of each set of two taxa or more.
    order : list of str
        All taxa of the sets, perhaps more, in the order to draw, those of a group side by side.
    groups : Series
        The group (rank above) of each taxon, taxon names as index; a gap is drawn as no group.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a set, with the median cosine between two taxa in its title.

    Raises
    ------
    ValueError
        If a taxon of a set is not in the order, or an anchor is zero.
    """
    anchors = {name: _in_order(name, table, order) for name, table in anchors.items()}
    anchors = {name: table for name, table in anchors.items() if len(table) > 1}
    if not anchors:
        return plot_notice("no set has anchors of two taxa")
    medians = scores[scores["metric"] == "median_cosine"].set_index("anchors")["value"]
    n_most = max(map(len, anchors.values()))
    side = side_of(n_most, MAX_NAMED)
    n_across = min(_MAX_ACROSS, len(anchors))
    n_down = -(-len(anchors) // n_across)
    longest = max(len(shortened(taxon)) for taxon in order) if n_most <= MAX_NAMED else 0
    beside = 0.9 + 0.06 * (longest + max(len(shortened(str(group))) for group in groups))
    figure = Figure(
        figsize=((side + beside) * n_across, (side + 1.3) * n_down), layout="constrained"
    )
    panels = figure.subplots(n_down, n_across, squeeze=False).ravel()
    for axes in panels[len(anchors) :]:
        axes.set_axis_off()
    for axes, (name, table) in zip(panels, anchors.items(), strict=False):
        taxa = list(table.index)
        runs = group_runs(taxa, groups)
        draw_heatmap(
            axes,
            1 - cosine_distances(table).data,
            runs,
            "cosine between two anchors",
            side,
            colour_map=_DIVERGING,
            limits=(-1, 1),
            borders="0.8",
        )
        name_taxa(axes, taxa, side, MAX_NAMED)
        axes.set_xticks([])
        name_groups(axes, runs, side)
        axes.set_title(
            # Adding zero turns a negative zero into a plain one.
            f"{name}: median cosine {round(medians[name], 2) + 0.0:.2f}\n"
            f"{len(taxa)} taxa, {table.shape[1]} values",
            loc="left",
            fontsize=10,
        )
    return settled(figure)


def _in_order(name: str, anchors: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return the anchors in the order to draw."""
    if absent := sorted(set(anchors.index) - set(order)):
        raise ValueError(
            f"{len(absent)} taxa of the anchors {name!r} are not in the order, "
            f"the first is {absent[0]!r}"
        )
    return anchors.loc[[taxon for taxon in order if taxon in anchors.index]]
