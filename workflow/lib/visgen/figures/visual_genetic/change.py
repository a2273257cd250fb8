"""What alignment changes for every taxon: accuracy before and after, rarest taxa last."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import DIFFERENCE, of_role
from visgen.names import shortened

_BETTER, _WORSE = COLOURS[0], COLOURS[1]
_ROW, _PANEL, _LETTER = 0.19, 2.6, 0.075  # inches: height of a taxon, width, width


def plot_change(
    taxa: pd.DataFrame,
    scores: pd.DataFrame,
    evaluator: str,
    pairs: Sequence[tuple[str, str]],
    aligned: Mapping[str, bool],
) -> Figure:
    """Draw accuracy by taxon before and after alignment, a panel a pair of variants.

    Parameters
    ----------
    taxa
        As `visgen.visual_genetic.recognition.species.tabulate_species` returns it; seeds are
        averaged.
    scores
        Columns of the contract, experiment visual_genetic, one rank; seeds are averaged.
    evaluator
        Which one is drawn.
    pairs
        Variants (before, after).
    aligned
        As `visgen.visual_genetic.recognition.alignment.find_aligned` returns it.
    """
    drawn = taxa[(taxa["evaluator"] == evaluator) & taxa["accuracy"].notna()]
    if drawn.empty or not pairs:
        return plot_notice("no variant is aligned, or no taxon has test images")
    shares = drawn.pivot_table(values="accuracy", index="taxon", columns="variant")
    pairs = [pair for pair in pairs if set(pair) <= set(shares.columns)]
    if not pairs:
        return plot_notice("no variant could be aligned")
    n_train = drawn.groupby("taxon")["n_train"].mean()
    order = sorted(shares.index, key=lambda taxon: (-n_train[taxon], taxon))
    names = [f"{shortened(taxon)} ({n_train[taxon]:,.0f})" for taxon in order]
    width = 0.4 + _LETTER * max(map(len, names)) + _PANEL * len(pairs)
    figure = Figure(figsize=(max(6, width), 1.7 + _ROW * len(order)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    panels = figure.subplots(1, len(pairs), squeeze=False, sharex=True, sharey=True)[0]
    of_means = (scores["evaluator"] == evaluator) & (scores["metric"] == "balanced_accuracy")
    for axes, (before, after) in zip(panels, pairs, strict=True):
        _draw(axes, shares.loc[order, before].to_numpy(), shares.loc[order, after].to_numpy())
        changes = of_role(scores[of_means & (scores["variant"] == after)], DIFFERENCE, before)
        points = round(100 * changes["value"].mean(), 1) + 0.0
        change = f"{points:+.1f}".replace("-", "−")
        names_of = f"{before} → {after}".replace("_", " ")
        is_still = after in aligned and not aligned[after]
        title = f"{names_of}\n{change} points, mean over taxa{' (not aligned)' * is_still}"
        axes.set_title(title, fontsize=9, color="0.5" if is_still else "black")
        axes.set_xlabel("accuracy")
    panels[0].set_yticks(range(len(order)), names, fontsize=8)
    panels[0].set_ylim(len(order) - 0.4, -0.6)
    panels[0].set_xlim(-0.04, 1.04)
    panels[0].xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw(axes: Axes, before: np.ndarray, after: np.ndarray) -> None:
    """Draw a line from before to after for each taxon, and a mark after."""
    place = np.arange(len(before))
    change = after - before
    for chosen, colour, marker in (
        (change > 0, _BETTER, ">"),
        (change < 0, _WORSE, "<"),
        (change == 0, "0.4", "o"),
    ):
        if not chosen.any():  # a mark that may leave the axes and is nowhere upsets the layout
            continue
        axes.hlines(place[chosen], before[chosen], after[chosen], color=colour, lw=1.4)
        axes.plot(after[chosen], place[chosen], marker, c=colour, ms=5, clip_on=False)
    moved = change != 0
    if moved.any():
        axes.plot(before[moved], place[moved], "o", c="0.4", mfc="w", ms=3.5, clip_on=False)
    axes.grid(axis="x", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _legend() -> list[Line2D]:
    marks = (
        ("o", "0.4", "w", "before"),
        (">", _BETTER, _BETTER, "after, better"),
        ("<", _WORSE, _WORSE, "after, worse"),
    )
    return [
        Line2D([], [], ls="", marker=marker, c=colour, mfc=face, ms=5, label=label)
        for marker, colour, face, label in marks
    ]
