"""Scores of recognition by every variant, beside permuted anchors and published numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import EXPECTED, SCORE, of_role, over_seeds
from visgen.names import shortened
from visgen.visual_genetic.recognition.chance import BLIND, MOST_FREQUENT, UNIFORM
from visgen.visual_genetic.recognition.evaluators import evaluator_in_words
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED

LABELS = dict(zip(METRICS, ("accuracy", "mean over taxa", "tail taxa", "head taxa"), strict=True))
_PLAIN, _ALIGNED, _PALE, _BAND = COLOURS[0], COLOURS[1], "0.6", "0.83"
_LINES = {UNIFORM: (0, (1, 2)), MOST_FREQUENT: (0, (5, 2))}
_ROW, _PANEL, _LETTER = 0.3, 2.3, 0.075  # inches: height, width, width


def plot_ablation(
    scores: pd.DataFrame,
    evaluator: str,
    variants: Mapping[str, Mapping[str, Any]],
    aligned: Mapping[str, bool],
    published: pd.DataFrame | None,
) -> Figure:
    """Draw the scores of the test part: a row a variant, a column a metric.

    Lines mark what never looks at an image.

    Parameters
    ----------
    scores
        Columns of the contract, experiment visual_genetic, one rank; seeds are averaged.
    evaluator
        Which one is drawn; its permuted runs are drawn as bands.
    variants
        By name, in the order of the rows: anchors (None where nothing is aligned), sampling.
    aligned
        As `visgen.visual_genetic.recognition.alignment.find_aligned` returns it; what is not
        aligned is pale.
    published
        Columns variant, against, metric, value (of the same rank), of which scores are drawn and
        differences are not; None where nothing was published.
    """
    is_drawn = (scores["part"] == "test") & (scores["evaluator"] == evaluator)
    drawn = scores[is_drawn & scores["metric"].isin(METRICS)]
    of_none = scores[scores["variant"].isna()]
    blind = over_seeds(of_none[of_none["against"].isin(BLIND)])
    mean = over_seeds(of_role(drawn, SCORE))
    if mean.empty:
        return plot_notice("no variant has a score of test specimens")
    null = of_role(drawn, EXPECTED, PERMUTED)
    names = [name for name in variants if name in set(mean["variant"])]
    metrics = [metric for metric in METRICS if metric in set(mean["metric"])]
    labels = [_label(name, variants, aligned) for name in names]
    longest = max(map(len, labels))
    width = 0.5 + _LETTER * longest + _PANEL * len(metrics)
    figure = Figure(figsize=(max(7, width), 1.7 + _ROW * len(names)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    panels = figure.subplots(1, len(metrics), squeeze=False, sharey=True)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        of_metric = (
            table[table["metric"] == metric].set_index("variant") for table in (mean, null)
        )
        _draw(axes, *of_metric, names, _colours(variants, aligned))
        for against, line in _LINES.items():
            of_blind = blind[blind[["against", "metric"]].eq([against, metric]).all(axis=1)]
            for value in of_blind["value"]:
                axes.axvline(value, c="0.45", lw=0.9, ls=line, zorder=1.5)
        if published is not None:
            cells = published[
                (published["metric"] == metric)
                & published["variant"].isin(names)
                & published["against"].isna()
            ].drop_duplicates("variant")
            place = [names.index(name) + 0.24 for name in cells["variant"]]
            axes.plot(cells["value"], place, "D", c="0.2", mfc="white", ms=4.5, zorder=5)
        n = int(mean.loc[mean["metric"] == metric, "n"].max())
        axes.set_title(f"{LABELS[metric]}\n({n:,} specimens)", fontsize=10)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.xaxis.set_major_locator(MaxNLocator(4))
    panels[0].set_yticks(range(len(names)), labels)
    for name, label in zip(names, panels[0].get_yticklabels(), strict=True):
        label.set_color(_PALE if _is_still(name, aligned) else "black")
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    n_seeds = int(mean["n_seeds"].max())
    figure.legend(
        handles=_legend(mean, null, blind, _colours(variants, aligned), published),
        title=f"{evaluator_in_words(evaluator)}, mean over {n_seeds} seed{'s' * (n_seeds > 1)}",
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    return figure


def _draw(
    axes: Axes,
    mean: pd.DataFrame,
    null: pd.DataFrame,
    names: list[str],
    colours: Mapping[str, str],
) -> None:
    """Draw one metric, every variant in its row: band of permuted runs, interval and value."""
    for place, name in enumerate(names):
        if place:
            axes.axhline(place - 0.5, color="0.93", lw=0.6, zorder=0)
        if name in null.index:
            row = null.loc[name]
            size = (row["ci_high"] - row["ci_low"], 0.68)
            axes.add_patch(Rectangle((row["ci_low"], place - 0.34), *size, color=_BAND, zorder=1))
            axes.plot([row["value"]] * 2, [place - 0.34, place + 0.34], c="0.45", lw=1, zorder=2)
        if name not in mean.index:
            where = axes.get_yaxis_transform()
            axes.text(0.5, place, "no score", transform=where, c="0.4", ha="center", fontsize=8)
            continue
        row, colour = mean.loc[name], colours[name]
        axes.hlines(place, row["ci_low"], row["ci_high"], color=colour, lw=1.4, zorder=3)
        axes.plot(row["value"], place, "o", c=colour, ms=5.5, zorder=4, clip_on=False)
    # A band alone moves no limit of an axis.
    ends = null[["ci_low", "ci_high"]].to_numpy().ravel()
    axes.update_datalim(np.column_stack([ends, np.zeros(len(ends))]))
    axes.autoscale_view(scaley=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _is_still(name: str, aligned: Mapping[str, bool]) -> bool:
    """Tell whether a variant was to be aligned, and is not."""
    return name in aligned and not aligned[name]


def _colours(
    variants: Mapping[str, Mapping[str, Any]], aligned: Mapping[str, bool]
) -> dict[str, str]:
    """Return the colour of each variant."""
    return {
        name: _PALE
        if _is_still(name, aligned)
        else (_PLAIN if options["anchors"] is None else _ALIGNED)
        for name, options in variants.items()
    }


def _label(
    name: str, variants: Mapping[str, Mapping[str, Any]], aligned: Mapping[str, bool]
) -> str:
    anchors = variants[name]["anchors"]
    label = shortened(name.replace("_", " ")) + ("" if anchors is None else f"  → {anchors}")
    return f"{label} (not aligned)" if _is_still(name, aligned) else label


def _legend(
    mean: pd.DataFrame,
    null: pd.DataFrame,
    blind: pd.DataFrame,
    colours: Mapping[str, str],
    published: pd.DataFrame | None,
) -> list[Line2D | Patch]:
    """Return an entry for each kind of mark that is drawn."""
    drawn = {colours[name] for name in mean["variant"]}
    kinds = {
        _PLAIN: "without anchors",
        _ALIGNED: "aligned to anchors (→ set)",
        _PALE: "not aligned: nothing is claimed",
    }
    entries: list[Line2D | Patch] = [
        Line2D([], [], color=colour, marker="o", ms=5.5, lw=1.4, label=f"{label}, 95 % interval")
        for colour, label in kinds.items()
        if colour in drawn
    ]
    if len(null):
        n = int(null["n_permutations"].min())
        label = f"the same anchors, permuted: {n} runs, mean"
        entries.append(Patch(color=_BAND, lw=0, label=label))
    words = {UNIFORM: "any taxon alike", MOST_FREQUENT: "the taxon with most images"}
    entries += [
        Line2D([], [], c="0.45", lw=0.9, ls=line, label=f"blind: {words[against]}")
        for against, line in _LINES.items()
        if against in set(blind["against"])
    ]
    if published is not None:
        entries.append(
            Line2D([], [], ls="", marker="D", c="0.2", mfc="w", ms=4.5, label="published")
        )
    return entries
