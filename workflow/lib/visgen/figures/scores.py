"""Scores of classifiers beside the baselines that do not see the images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from visgen.metrics import over_seeds

LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy (mean recall of the taxa)",
    "macro_f1": "macro-F1",
}
#: Okabe & Ito's colours, told apart by colour-blind readers.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]
MARKERS = "osD^vPX"


def plot_scores(scores: pd.DataFrame, ranks: Sequence[str]) -> Figure:
    """Draw each metric's value by rank and classifier, with 95 % intervals.

    Parameters
    ----------
    scores
        Columns of the contract; one experiment and backbone.
    ranks
        Coarse to fine; ranks without a score are left out.
    """
    mean = over_seeds(scores)
    shown = [rank for rank in ranks if rank in set(mean["rank"])]
    variants = list(dict.fromkeys(mean["variant"]))
    figure = Figure(figsize=(9, 2.6 * len(LABELS) + 0.6), layout="constrained")
    panels = figure.subplots(len(LABELS), 1, sharex=True)
    for axes, (metric, label) in zip(panels, LABELS.items(), strict=True):
        for i, variant in enumerate(variants):
            rows = mean[(mean["metric"] == metric) & (mean["variant"] == variant)]
            rows = rows.set_index("rank").reindex(shown)
            place = np.arange(len(shown)) + 0.7 * ((i + 0.5) / len(variants) - 0.5)
            axes.vlines(place, rows["ci_low"], rows["ci_high"], color=COLOURS[i % 7], lw=1.5)
            axes.plot(
                place,
                rows["value"],
                MARKERS[i % 7],
                color=COLOURS[i % 7],
                ms=6,
                label=variant.replace("_", " "),
            )
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_title(label, loc="left", fontsize=10)
        axes.grid(axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    n = mean.groupby("rank")["n"].max()
    ticks = [f"{rank}\n({int(n[rank])} test specimens)" for rank in shown]
    panels[-1].set_xticks(range(len(shown)), ticks)
    panels[-1].set_xlim(-0.5, max(len(shown), 1) - 0.5)
    # The figure is about 100 letters wide; each entry has a mark and gaps beside its name.
    columns = 100 // (max(map(len, variants), default=0) + 6)
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=min(max(columns, 1), 4))
    return figure
