"""Learning curves: how well taxa are recognised by their training specimens, and by relatives."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, PercentFormatter

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import SCORE
from visgen.prior.scoring import BEYOND_TAXONOMY, MAIN, NOTHING, RIGHT
from visgen.prior.words import in_words

_APART = 0.035  # of lines, so that their limits can be told apart


def plot_curve(scores: pd.DataFrame) -> Figure:
    """Draw accuracy against the number of training specimens of every taxon, a line a source.

    Parameters
    ----------
    scores
        Columns of the contract, as `visgen.prior.scoring.score_prior` makes them.
    """
    drawn = scores[
        (scores["evaluator"] == MAIN)
        & (scores["metric"] == RIGHT)
        & (scores["role"] == SCORE)
        & scores["part"].str.startswith("curve_")
        & ~scores["variant"].str.endswith(BEYOND_TAXONOMY)
    ]
    if drawn.empty:
        return plot_notice("no taxon has enough specimens for a learning curve")
    numbers = drawn["part"].str.removeprefix("curve_").astype(int)
    sources = list(dict.fromkeys(drawn["variant"]))
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for place, source in enumerate(sources):
        is_plain = source == NOTHING
        table = drawn[drawn["variant"] == source].assign(n=numbers).sort_values("n")
        x = table["n"] + _APART * (place - (len(sources) - 1) / 2)
        colour = "0.35" if is_plain else COLOURS[(place - 1) % len(COLOURS)]
        axes.plot(
            x,
            table["value"],
            "o-",
            c=colour,
            ms=4,
            lw=2 if is_plain else 1.4,
            label=in_words(source),
        )
        axes.vlines(x, table["ci_low"], table["ci_high"], color=colour, lw=1)
    n = int(drawn["n"].max())
    axes.set_xlabel(f"training specimens of each of {n:,} taxa")
    axes.set_ylabel("specimens named right, mean over taxa")
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(numbers))))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.legend(title="relatives by", frameon=False, fontsize=8, title_fontsize=8)
    return figure
