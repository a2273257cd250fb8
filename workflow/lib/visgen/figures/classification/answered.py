"""How often joint answers are right: where only the sure ones are given, and at each depth."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from visgen.classification.confidence.lineage_sets import NODES
from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import SCORE, of_role, over_seeds

_WIDE = 0.34  # of a row's height: bars of both kinds of nodes


def plot_answered(
    answered: pd.DataFrame, scores: pd.DataFrame, ranks: Sequence[str], variant: str | None
) -> Figure:
    """Draw accuracy by the share answered on the left, how deep nodes name on the right.

    Parameters
    ----------
    answered
        Columns variant, seed, rank, share, accuracy; seeds are averaged.
    scores
        Columns of the contract, with ``named`` and ``named_accuracy`` by rank.
    ranks
        Coarse to fine; ranks without an answer are left out.
    variant
        The classifier to draw; None draws a notice.
    """
    curves = answered[answered["variant"] == variant]
    shown = [rank for rank in ranks if rank in set(curves["rank"])]
    if not shown:
        return plot_notice("no classifier answers for several ranks together")
    mean = over_seeds(of_role(scores[scores["variant"] == variant], SCORE))
    figure = Figure(figsize=(10.5, 2.2 + 0.62 * len(shown)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.1])
    for i, rank in enumerate(shown):
        line = curves[curves["rank"] == rank].groupby("share")["accuracy"].mean()
        # Later ranks are drawn thinner, so that equal lines do not hide each other.
        style = {"c": COLOURS[i % len(COLOURS)], "ls": ("-", "--", "-.", ":")[i % 4]}
        left.plot(line.index, line, lw=3.2 - 0.35 * min(i, 5), label=rank, **style)
    low = min(curves["accuracy"].min(), 0.95)
    left.set(xlim=(0, 1.01), ylim=(max(low - 0.03, 0), 1.01))
    left.set(xlabel="share of test images that get a name", ylabel="share of these names right")
    left.legend(frameon=False, title="rank")
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    _draw_depth(right, mean, shown)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="0.93", lw=0.6)
        axes.set_axisbelow(True)
    left.set_title(variant.replace("_", " "), loc="left", fontweight="bold")
    return figure


def _draw_depth(axes: Axes, mean: pd.DataFrame, ranks: Sequence[str]) -> None:
    """Draw the share of specimens that nodes name at each rank, how many of them rightly."""
    kinds = [kind for kind in NODES if kind in set(mean["evaluator"])]
    table = mean.set_index(["evaluator", "rank", "metric"])["value"]
    n = mean.set_index(["evaluator", "rank", "metric"])["n"]
    if not any((kind, rank, "named") in table.index for kind in kinds for rank in ranks):
        reason = "no nodes: too few specimens\nto calibrate them or to test them"
        axes.text(0.5, 0.5, reason, ha="center", va="center", color="0.4")
        axes.set_axis_off()
        return
    names = {NODES[0]: "calibrated in one pool", NODES[1]: "rare and common apart"}
    for i, kind in enumerate(kinds):
        labelled = False
        for row, rank in enumerate(ranks):
            if (kind, rank, "named") not in table.index:
                continue
            named = table[kind, rank, "named"]
            right = table.get((kind, rank, "named_accuracy"))
            y = row + (2 * i - len(kinds) + 1) * _WIDE / 2
            colour = COLOURS[i]
            axes.barh(y, named, _WIDE * 0.9, color=colour, alpha=0.3)
            text = ""
            if right is not None:
                label = None if labelled else names[kind]
                axes.barh(y, named * right, _WIDE * 0.9, color=colour, label=label)
                labelled = True
                text = f"{100 * right:.0f} % right (n = {n[kind, rank, 'named_accuracy']:.0f})"
            axes.text(named + 0.015, y, text, va="center", fontsize=8)
    axes.set_yticks(range(len(ranks)), ranks)
    axes.set_ylim(len(ranks) - 0.4, -0.6)
    axes.set_xlim(0, 1.42)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("test specimens named at this rank (dark: rightly)")
    axes.legend(frameon=False, fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
