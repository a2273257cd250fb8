"""The course of a training."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from visgen.figures.colours import COLOURS


def plot_history(history: pd.DataFrame) -> Figure:
    """Draw the loss of a contrastive training and how often views find their partner, by epoch.

    Parameters
    ----------
    history
        One row an epoch; columns epoch, loss, chance_loss, top1, chance_top1.
    """
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    panels = (("loss", "contrastive loss"), ("top1", "views nearest to their partner"))
    for axes, (column, label), colour in zip(
        figure.subplots(1, 2), panels, COLOURS[:2], strict=True
    ):
        chance = history[f"chance_{column}"]
        axes.plot(history["epoch"], history[column], "o-", color=colour, ms=3, lw=1.5)
        # One epoch alone would make no line, and all epochs have nearly the same chance.
        axes.axhline(chance.iloc[-1], color="0.4", ls="--", lw=1)
        axes.annotate(
            "chance",
            (1, chance.iloc[-1]),
            (-3, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color="0.4",
        )
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.margins(y=0.15)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[1].set_ylim(bottom=0)
    figure.axes[1].yaxis.set_major_formatter(PercentFormatter(1))
    return figure
