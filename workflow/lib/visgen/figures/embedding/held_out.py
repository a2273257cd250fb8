"""Scores of taxa that guidance has not seen, beside refits under two nulls and blind picks."""

from collections.abc import Collection
from textwrap import fill
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from visgen.embedding.folds import KINDS
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS, RANDOM_RELATIVE
from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import EXPECTED, SCORE, of_role


class _Measure(NamedTuple):
    """One panel: where its scores are and what they are called."""

    part: str
    metric: str
    label: str


_MEASURES = (
    _Measure("known_known", "pearson", "r, known × known\n(fitted where guided: proves nothing)"),
    _Measure("held_out_held_out", "pearson", "r, held-out × held-out"),
    _Measure(
        "held_out_known", "pearson_double_centred", "r, held-out × known,\nrows and columns centred"
    ),
    _Measure(
        "held_out_known",
        "nearest_regret",
        "regret: distance to the known taxon that\nlooks most alike, less that to the nearest",
    ),
)
_KINDS = {"tips": "random tips held out", "clades": "whole clades held out"}
_GUIDED, _UNGUIDED, _RANDOM = COLOURS[0], COLOURS[1], "0.35"
#: Null: (colour of its band, top and bottom, what it is).
_NULLS = {
    PERMUTED_BAGS: ("0.87", (-0.34, 0.0), "bags permuted and fitted again: 95 %, mean"),
    DEALT_SPECIMENS: ("0.76", (0.0, 0.34), "specimens dealt and fitted again: 95 %, mean"),
}
_ROW, _PANEL, _LETTER = 0.3, 2.9, 0.075  # inches: height, width, width
_LONGEST = 28  # letters of a name in one line


def plot_held_out(scores: pd.DataFrame, guided: Collection[str], random: Collection[str]) -> Figure:
    """Draw the scores of held-out taxa: a block a kind, a row a variant, a panel a measure.

    Parameters
    ----------
    scores
        Columns of the contract, of one backbone: evaluators ``held_out_<kind>``. Rows of single
        folds are not drawn.
    guided, random
        Variants that were fitted to the distances, and those that do not see the images: their
        rows have the mean over draws and n_permutations, the number of draws.
    """
    kinds = [kind for kind in KINDS if f"held_out_{kind}" in set(scores["evaluator"])]
    if not kinds:
        return plot_notice("too few taxa, or distances too equal, to hold any out")
    is_held_out = scores["evaluator"].isin([f"held_out_{kind}" for kind in kinds])
    pooled = scores[is_held_out & scores["fold"].isna()]
    # Guided ones first, random ones last.
    seen = dict.fromkeys(pooled["variant"])
    variants = sorted(seen, key=lambda name: (name not in guided, name in random))
    names = [fill(name.replace("_", " "), _LONGEST) for name in variants]
    longest = max(len(line) for name in names for line in name.split("\n"))
    width = 0.4 + _LETTER * longest + _PANEL * len(_MEASURES)
    height = 1.1 + len(kinds) * (1.1 + _ROW * len(variants))
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.1)
    panels = figure.subplots(len(kinds), len(_MEASURES), squeeze=False, sharey=True, sharex="col")
    for row, kind in zip(panels, kinds, strict=True):
        block = pooled[pooled["evaluator"] == f"held_out_{kind}"]
        for axes, measure in zip(row, _MEASURES, strict=True):
            here = block[(block["part"] == measure.part) & (block["metric"] == measure.metric)]
            for place, variant in enumerate(variants):
                colour = _colour(variant, guided, random)
                hollow = measure.part == "known_known" and variant in guided
                own = here[here["variant"] == variant]
                _draw_score(axes, own, place, colour, hollow=hollow)
            _finish(axes, len(variants))
            axes.set_xlabel(measure.label, fontsize=9)
            axes.tick_params(labelbottom=True)
            if measure.metric != "nearest_regret":
                axes.axvline(0, color="0.6", lw=0.8, zorder=1)
        row[0].set_yticks(range(len(variants)), names)
        row[0].set_title(
            f"{_KINDS[kind]} ({int(block['n'].max())} taxa)", loc="left", fontweight="bold"
        )
    for axes in panels[0]:
        _set_limits(axes)
    panels[0, 0].set_ylim(len(variants) - 0.4, -0.6)
    figure.legend(
        handles=_legend(pooled, guided, random),
        title="pooled over folds; lines: 95 %, of r over fresh looks (none where each fit is a "
        "training), of regret over taxa",
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    return figure


def _colour(variant: str, guided: Collection[str], random: Collection[str]) -> str:
    if variant in guided:
        return _GUIDED
    return _RANDOM if variant in random else _UNGUIDED


def _draw_score(axes: Axes, own: pd.DataFrame, place: int, colour: str, *, hollow: bool) -> None:
    """Draw one variant in its row: refits as bands, the blind pick, value and interval."""
    scores = of_role(own, SCORE)
    if scores["value"].isna().all():
        where = axes.get_yaxis_transform()
        axes.text(0.5, place, "no score", transform=where, color="0.4", ha="center", fontsize=8)
        return
    score, nulls = scores.iloc[0], of_role(own, EXPECTED).set_index("against")
    for name, (band, (top, bottom), _) in _NULLS.items():
        if name not in nulls.index:
            continue
        null = nulls.loc[name]
        corner = (null["ci_low"], place + top)
        extent = (null["ci_high"] - null["ci_low"], bottom - top)
        axes.add_patch(Rectangle(corner, *extent, color=band, lw=0, zorder=2))
        axes.plot([null["value"]] * 2, [place + top, place + bottom], c="0.5", lw=1)
        axes.update_datalim([corner, (null["ci_high"], place)])
    if RANDOM_RELATIVE in nulls.index:
        axes.plot(nulls.loc[RANDOM_RELATIVE, "value"], place, "x", c="0.15", ms=6, zorder=4)
    axes.hlines(place, score["ci_low"], score["ci_high"], color=colour, lw=1.4, zorder=3)
    face, size = ("white", 4) if hollow else (colour, 5.5)
    axes.plot(
        score["value"], place, "o", c=colour, mfc=face, ms=size, zorder=5, clip_on=False, mew=1.2
    )


def _finish(axes: Axes, n_variants: int) -> None:
    for place in range(1, n_variants):
        axes.axhline(place - 0.5, color="0.93", lw=0.6, zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.spines[["top", "right", "left"]].set_visible(False)


def _set_limits(axes: Axes) -> None:
    """Let an axis hold zero, where nothing is shown, and not end in a mark."""
    axes.autoscale_view()
    low, high = axes.get_xlim()
    low, high = min(low, 0), max(high, 0)
    axes.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))


def _draws(pooled: pd.DataFrame, random: Collection[str]) -> str:
    """Return of how many draws scores of random vectors are."""
    n = of_role(pooled[pooled["variant"].isin(random)], SCORE)["n_permutations"].max()
    return f"mean, 95 % of {n:.0f} draws" if n > 1 else "one draw"


def _legend(
    pooled: pd.DataFrame, guided: Collection[str], random: Collection[str]
) -> list[Line2D | Patch]:
    """Return an entry for each kind of mark that is drawn."""
    kinds = {
        _GUIDED: "guided by distances of known taxa",
        _UNGUIDED: "unguided",
        _RANDOM: f"random vectors: {_draws(pooled, random)}",
    }
    drawn = {_colour(variant, guided, random) for variant in pooled["variant"]}
    entries: list[Line2D | Patch] = [
        Line2D([], [], color=colour, marker="o", ms=5.5, lw=1.4, label=name)
        for colour, name in kinds.items()
        if colour in drawn
    ]
    if _GUIDED in drawn:
        name = "guided, in-sample"
        entries.append(Line2D([], [], ls="", marker="o", ms=4, c=_GUIDED, mfc="w", label=name))
    entries += [
        Patch(color=band, lw=0, label=label)
        for name, (band, _, label) in _NULLS.items()
        if (pooled["against"] == name).any()
    ]
    name = "a known taxon picked blindly"
    entries.append(Line2D([], [], ls="", marker="x", c="0.15", ms=6, label=name))
    return entries
