"""Scores of classifiers beside the baselines that do not see the images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from visgen.classification.evaluators import INDEPENDENT, JOINT
from visgen.classification.scores.baselines import best_baseline
from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import SCORE, of_role, over_seeds

LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "mcc": "MCC",
}
#: Evaluator: (what it is called, colour, place below the row's middle). One classifier a rank is
#: drawn filled, the most probable lineage by all ranks together hollow.
_EVALUATORS = {
    INDEPENDENT: ("one classifier a rank", COLOURS[0], -0.14),
    JOINT: ("all ranks together: the best lineage", COLOURS[1], 0.2),
}
_GREY = "0.35"
_ROW, _PANEL, _LETTER = 0.25, 2.1, 0.075  # inches: height, width, width


def plot_scores(scores: pd.DataFrame, ranks: Sequence[str], baselines: Sequence[str]) -> Figure:
    """Draw the scores of the test part: a block a rank, a row a classifier, a column a metric.

    Parameters
    ----------
    scores
        Columns of the contract; one experiment and backbone. Only scores of the test part and
        of the evaluators ``independent`` and ``joint`` are drawn, seeds averaged.
    ranks
        Coarse to fine; ranks without a score are left out.
    baselines
        Variants that do not see the images. They come last, in grey, and the best of them at
        each rank and metric is drawn as a line through the block, with a band up to the upper
        end of its interval.
    """
    scores = of_role(scores, SCORE)
    drawn = (
        (scores["part"] == "test")
        & scores["evaluator"].isin(_EVALUATORS)
        & scores["rank"].isin(list(ranks))
        & scores["metric"].isin(LABELS)
    )
    mean = over_seeds(scores[drawn])
    if mean.empty:
        return plot_notice("no classifier has a score of test specimens")
    shown = [rank for rank in ranks if rank in set(mean["rank"])]
    metrics = [metric for metric in LABELS if metric in set(mean["metric"])]
    seen = dict.fromkeys(mean["variant"])
    variants = [name for name in seen if name not in baselines]
    variants += [name for name in seen if name in baselines]

    width = max(8, 0.4 + _LETTER * max(map(len, variants)) + _PANEL * len(metrics))
    height = 0.9 + len(shown) * (0.75 + _ROW * len(variants))
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    panels = figure.subplots(len(shown), len(metrics), squeeze=False, sharey=True)
    for row, rank in zip(panels, shown, strict=True):
        block = mean[mean["rank"] == rank]
        for axes, metric in zip(row, metrics, strict=True):
            _draw_scores(axes, block[block["metric"] == metric], variants, baselines)
            of_metric = mean[mean["metric"] == metric]
            least = min(0, np.nanmin(of_metric[["value", "ci_low"]].to_numpy(), initial=0))
            axes.set_xlim(least - 0.02, 1.02)
            axes.set_xlabel(LABELS[metric])
            axes.xaxis.set_major_locator(MaxNLocator(5))
            if metric != "mcc":
                axes.xaxis.set_major_formatter(PercentFormatter(1))
        names = [name.replace("_", " ") for name in variants]
        row[0].set_yticks(range(len(variants)), names)
        n = int(block["n"].max())
        row[0].set_title(f"{rank} ({n} test specimens)", loc="left", fontweight="bold")
    panels[0, 0].set_ylim(len(variants) - 0.4, -0.6)
    n_seeds = int(mean["n_seeds"].max())
    title = f"test specimens, mean over {n_seeds} seed{'s' * (n_seeds > 1)}, 95 % intervals"
    if mean["ci_low"].isna().any():
        title += " (a point alone has none)"
    figure.legend(
        handles=_legend(mean, baselines),
        title=title,
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    return figure


def _draw_scores(
    axes: Axes, table: pd.DataFrame, variants: list[str], baselines: Sequence[str]
) -> None:
    """Draw one metric of one rank, every variant in its row."""
    table = table.dropna(subset="value")
    is_baseline = table["variant"].isin(baselines)
    apart = JOINT in set(table["evaluator"])
    for (evaluator, grey), rows in table.groupby(["evaluator", is_baseline]):
        _, colour, below = _EVALUATORS[evaluator]
        colour = _GREY if grey else colour
        place = np.array([variants.index(name) for name in rows["variant"]]) + below * apart
        axes.hlines(place, rows["ci_low"], rows["ci_high"], color=colour, lw=1.3, zorder=3)
        face = colour if evaluator == INDEPENDENT else "white"
        # A point at 0 or 1 stays whole.
        axes.plot(rows["value"], place, "o", c=colour, mfc=face, ms=5, zorder=4, clip_on=False)
    if (best := best_baseline(table, baselines)) is not None:
        axes.axvline(best["value"], color=_GREY, ls="--", lw=1, zorder=2)
        if pd.notna(best["ci_high"]):
            axes.axvspan(best["value"], best["ci_high"], color="0.9", lw=0, zorder=0)
    for place, variant in enumerate(variants):
        if variant not in set(table["variant"]):
            axes.text(0.5, place, "no score", color="0.4", ha="center", va="center", fontsize=8)
        if place:
            axes.axhline(place - 0.5, color="0.92", lw=0.6, zorder=1)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.9", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _legend(mean: pd.DataFrame, baselines: Sequence[str]) -> list:
    """Return an entry for each kind of mark that is drawn."""
    entries: list = []
    for evaluator, (name, colour, _) in _EVALUATORS.items():
        if evaluator in set(mean["evaluator"]):
            entries.append(Line2D([], [], color=colour, marker="o", ms=5, lw=1.3, label=name))
            entries[-1].set_markerfacecolor(colour if evaluator == INDEPENDENT else "white")
    if mean["variant"].isin(baselines).any():
        name = "baseline, sees no image"
        entries += [
            Line2D([], [], color=_GREY, marker="o", ms=5, lw=1.3, label=name),
            Line2D([], [], color=_GREY, ls="--", lw=1, label="best baseline"),
            Patch(color="0.9", lw=0, label="up to the end of its interval"),
        ]
    return entries
