"""What is said of specimens of known taxa and of withheld ones, and how often names are right."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from visgen.classification.evaluators import ALL_RANKS
from visgen.figures.matrices import plot_notice
from visgen.metrics import over_seeds
from visgen.naming.overview import KNOWN_COLUMNS, Overview, Row
from visgen.naming.words import UNTOLD, all_verdicts, novelty_in_words, said_metric

_KNOWN, _STRANGE, _UNTOLD = "#0072b2", "#000000", "0.85"  # Okabe & Ito's, and grey
# From the finest rank to the coarsest: the newer, the darker.
_NEW = ["#ffd27f", "#e69f00", "#d55e00", "#9c3d00", "#5f2500"]
#: Measures of the panel on the right, heads of `KNOWN_COLUMNS`, and what they are called there.
_MEASURES = {
    "right": ("most probable name right", "#56b4e9"),
    "trusted": ("trusted at this rank", "0.6"),
    "right of these": ("trusted names right", "#0072b2"),
}
_HIGH = 0.26  # of a row's height, a bar on the right
_LEAST = 0.06  # share of a bar that has room for its number
_FEW = 3  # rows that a panel has room for at least: bars of one row would be blocks
_BASELINE = "most frequent"


def plot_answers(scores: pd.DataFrame, ranks: Sequence[str]) -> Figure:
    """Draw verdicts by what is asked, stacked, on the left, and names of known taxa on the right.

    Parameters
    ----------
    scores
        Columns of the contract, as `visgen.naming.scoring.score_naming` makes them; seeds are
        averaged.
    ranks
        Of names, coarse to fine.
    """
    overview = Overview(over_seeds(scores))
    asked = _asked(overview, ranks)
    known = list(overview.known(ranks))
    if not asked and not known:
        return plot_notice("no test specimen is of a taxon that was learned")
    height = 1.7 + max(0.62 * max(len(asked), _FEW), 0.72 * len(known))
    figure = Figure(figsize=(11.5, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _draw_verdicts(left, asked, ranks)
    _draw_ranks(right, known)
    for axes in (left, right):
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_axisbelow(True)
    return figure


def _asked(overview: Overview, ranks: Sequence[str]) -> list[tuple[str, dict[str, float], Row]]:
    """Return a row of specimens each: its label, shares by verdict, and what names too deep."""
    found = []
    new = [rank for rank, _ in overview.new()]
    words = {word: said_metric(word) for word in all_verdicts(ranks)}
    for said in (overview.of_beside, lambda *of: overview.of_test(ALL_RANKS, *of)):
        shares = {word: said("novelty", metric) for word, metric in words.items()}
        if any(row is not None for row in shares.values()):
            n = max(int(row["n"]) for row in shares.values() if row is not None)
            found.append((f"known taxa\n({n:,} specimens)", _values(shares), None))
            break
    for rank in [rank for rank in reversed(ranks) if rank in new]:
        shares = {w: overview.of_new(rank, "novelty", metric) for w, metric in words.items()}
        n_specimens = overview.of_new(rank, "novelty", "n_specimens")
        if n_specimens is None:
            continue
        n = int(n_specimens["n"])
        label = f"a withheld {rank}\n({n_specimens['value']:,.0f} specimens, "
        label += f"{n:,} {'taxa' if n > 1 else 'taxon'})"
        found.append((label, _values(shares), overview.of_new(rank, "trusted", "named_too_deep")))
    return found


def _values(shares: dict[str, Row | None]) -> dict[str, float]:
    return {word: row["value"] for word, row in shares.items() if row is not None}


def _draw_verdicts(axes: Axes, asked: list, ranks: Sequence[str]) -> None:
    if not asked:
        _say_none(axes, "how new specimens look was not scored")
        return
    colours = {word: _NEW[min(i, len(_NEW) - 1)] for i, word in enumerate(all_verdicts(ranks)[1:])}
    first, *_, last = all_verdicts(ranks)
    colours |= {first: _KNOWN, last: _STRANGE, UNTOLD: _UNTOLD}
    labelled: set[str] = set()
    for y, (_, shares, too_deep) in enumerate(asked):
        shares = {word: shares.get(word, 0.0) for word in [first, *colours]}
        shares[UNTOLD] = max(1 - sum(shares.values()), 0.0)
        start = 0.0
        for word, share in shares.items():
            if share < 1e-6:
                continue
            label = None if word in labelled else novelty_in_words(None if word == UNTOLD else word)
            labelled.add(word)
            axes.barh(y, share, 0.62, start, color=colours[word], label=label, ec="white", lw=0.6)
            if share >= _LEAST:
                light = word not in (UNTOLD, *all_verdicts(ranks)[1:3])
                style = {"ha": "center", "va": "center", "fontsize": 8}
                axes.text(
                    start + share / 2, y, f"{share:.0%}", color="white" if light else "0.1", **style
                )
            start += share
        if too_deep is not None:
            text = f"{too_deep['value']:.0%}"
            axes.text(1.03, y, text, va="center", fontsize=9, fontweight="bold", color=_NEW[3])
    if any(too_deep is not None for *_, too_deep in asked):
        head = "trusted name\ncannot be right"
        axes.text(1.03, -0.55, head, va="bottom", fontsize=7.5, color=_NEW[3])
    axes.set_yticks(range(len(asked)), [label for label, *_ in asked], fontsize=8.5)
    axes.set_ylim(max(len(asked), _FEW) - 0.5, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel("what is said of specimens of these taxa")
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)


def _draw_ranks(axes: Axes, known: list[tuple[str, list[Row | None]]]) -> None:
    if not known:
        _say_none(axes, "no test specimen is of a taxon that was learned")
        return
    heads = list(KNOWN_COLUMNS)
    labels = []
    named: set[str] = set()
    for y, (rank, rows) in enumerate(known):
        by_head = dict(zip(heads, rows, strict=True))
        n = max(int(row["n"]) for row in rows if row is not None)
        labels.append(f"{rank}\n(n = {n:,})")
        for place, (head, (words, colour)) in enumerate(_MEASURES.items()):
            row = by_head[head]
            if row is None or pd.isna(row["value"]):
                continue
            label = None if head in named else words
            named.add(head)
            middle = y + (place - 1) * _HIGH
            axes.barh(middle, row["value"], _HIGH * 0.9, color=colour, label=label)
            if not pd.isna(row["ci_low"]):
                axes.hlines(middle, row["ci_low"], row["ci_high"], color="0.15", lw=1.1)
            text = f"{row['value']:.0%}"
            axes.text(1.03, middle, text, va="center", fontsize=7.5, color="0.25")
        blind = by_head[_BASELINE]
        if blind is not None:
            label = None if _BASELINE in named else "always the most frequent"
            named.add(_BASELINE)
            axes.vlines(blind["value"], y - 0.42, y + 0.42, "k", ls=":", lw=1.3, label=label)
    axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
    axes.set_ylim(max(len(labels), _FEW) - 0.5, -0.6)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", color="0.93", lw=0.6)
    axes.set_xlabel("test specimens of known taxa, 95 % intervals")
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(-0.15, 1.0), ncols=2)


def _say_none(axes: Axes, reason: str) -> None:
    axes.text(0.5, 0.5, reason, ha="center", va="center", color="0.4", wrap=True)
    axes.set_axis_off()
