"""Reliability of probabilities before and after scaling, and coverage of sets of taxa."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from visgen.classification.confidence.reliability import CALIBRATED
from visgen.classification.confidence.set_coverage import (
    GROUPS,
    VALID_MEAN,
    VALID_SETS,
    of_group,
)
from visgen.figures.matrices import plot_notice
from visgen.metrics import EXPECTED, SCORE, of_role, over_seeds

#: Evaluator: what it is called, colour (Okabe & Ito's), marker.
_CURVES = {
    "uncalibrated": ("as predicted", "#d55e00", "s"),
    "temperature": ("temperature scaled", "#0072b2", "o"),
    "marginal": ("all ranks together", "#009e73", "^"),
}
_SETS = {
    "conformal": ("calibrated in one pool", "#009e73", "D"),
    "mondrian": ("head and tail calibrated apart", "#cc79a7", "o"),
}
_APART = 0.19  # of a row's height, between its two kinds of sets and the middle
_N_BINS = 10
_ABOVE = 54  # points: height of the legend between a panel and its title
_LARGEST = 110  # square points: area of the bin with most images


def plot_confidence(
    bins: pd.DataFrame, scores: pd.DataFrame, ranks: Sequence[str], chosen: Mapping[str, str]
) -> Figure:
    """Draw a row a rank: reliability of probabilities on the left, coverage of sets on the right.

    Parameters
    ----------
    bins
        Columns variant, seed, rank, evaluator, confidence, accuracy, n_images.
    scores
        Columns of the contract, as `visgen.classification.confidence.measuring.measure_confidence`
        makes them; seeds are averaged.
    ranks
        Coarse to fine; ranks without a chosen classifier or without bins are left out.
    chosen
        The classifier to draw at each rank.
    """
    curves = {
        rank: bins[(bins["rank"] == rank) & (bins["variant"] == chosen[rank])]
        for rank in ranks
        if rank in chosen
    }
    curves = {rank: table for rank, table in curves.items() if len(table)}
    if not curves:
        return plot_notice("no classifier has probabilities for test specimens")
    figure = Figure(figsize=(10.5, 0.9 + 4.4 * len(curves)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(len(curves), 2, squeeze=False, width_ratios=[1, 1.25])
    means = []
    for (left, right), (rank, table) in zip(panels, curves.items(), strict=True):
        own = (scores["rank"] == rank) & (scores["variant"] == chosen[rank])
        mean = over_seeds(scores[own])
        means.append(mean)
        _draw_reliability(left, table, mean)
        _draw_coverage(right, mean)
        title = fill(f"{rank}: {chosen[rank].replace('_', ' ')}", 40)
        left.set_title(title, loc="left", fontweight="bold", pad=_ABOVE)
    n_seeds = int(max(mean["n_seeds"].max() for mean in means))
    figure.legend(
        handles=_legend(),
        title=f"sets of taxa: test specimens, mean over {n_seeds} seed{'s' * (n_seeds > 1)}, "
        "95 % intervals",
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )
    return figure


def pool_bins(bins: pd.DataFrame) -> pd.DataFrame:
    """Pool the bins of several seeds into ten of about equal mass.

    Parameters
    ----------
    bins
        Columns seed, confidence, accuracy, n_images.

    Returns
    -------
    DataFrame
        Columns confidence, accuracy (means over images), n_images (sum), the least confident
        first; the bins of a single seed come back as they are.
    """
    ordered = bins.sort_values("confidence", ignore_index=True)
    n = ordered["n_images"]
    if (bins["seed"] == bins["seed"].iloc[0]).all():
        place = ordered.index.to_numpy()
    else:
        middle = (n.cumsum() - n / 2) / n.sum()
        place = np.floor(middle * _N_BINS).to_numpy()
    values = ordered[["confidence", "accuracy"]].mul(n, axis=0).assign(n_images=n)
    pooled = values.groupby(place).sum().reset_index(drop=True)
    pooled[["confidence", "accuracy"]] = pooled[["confidence", "accuracy"]].div(
        pooled["n_images"], axis=0
    )
    return pooled


def _draw_reliability(axes: Axes, bins: pd.DataFrame, mean: pd.DataFrame) -> None:
    """Draw accuracy against confidence."""
    axes.plot([0, 1], [0, 1], color="0.6", lw=1, ls="--", zorder=1)
    handles = []
    for evaluator, (name, colour, marker) in _CURVES.items():
        own = bins[bins["evaluator"] == evaluator]
        if own.empty:
            continue
        pooled = pool_bins(own)
        x, y = pooled["confidence"], pooled["accuracy"]
        area = _LARGEST * pooled["n_images"] / pooled["n_images"].max()
        axes.plot(x, y, color=colour, lw=1, alpha=0.6, zorder=2)
        style = {"color": colour, "marker": marker, "edgecolors": "white", "lw": 0.6}
        axes.scatter(x, y, area, alpha=0.75, zorder=3, clip_on=False, **style)
        ece, chance = (
            np.nan if row is None else float(row["value"])
            for row in (
                _row(mean, evaluator, "ece"),
                _row(mean, evaluator, "ece", EXPECTED, CALIBRATED),
            )
        )
        label = f"{name}: ECE {ece:.3f} ({chance:.3f} if calibrated)"
        handles.append(
            Line2D([], [], color=colour, marker=marker, mec="white", mew=0.6, ms=8, lw=1)
        )
        handles[-1].set_label(label)
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.03),
        borderaxespad=0,
        borderpad=0.2,
        frameon=False,
        fontsize=8.5,
    )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), box_aspect=1)
    axes.set(xlabel="probability of the most probable taxon", ylabel="share of images right")
    axes.grid(color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_coverage(axes: Axes, mean: pd.DataFrame) -> None:
    """Draw how often sets hold the true taxon, with their size on the right."""
    scored = {
        (kind, group)
        for kind in _SETS
        for group in GROUPS
        if _row(mean, kind, of_group("coverage", group)) is not None
    }
    if not scored:
        reason = "no sets: too few specimens\nto calibrate them or to test them"
        axes.text(0.5, 0.5, reason, ha="center", va="center", color="0.4")
        axes.set_axis_off()
        return
    nominal = of_role(mean, EXPECTED, VALID_SETS)["value"].iloc[0]
    axes.axvline(nominal, color="0.35", ls="--", lw=1, zorder=2)
    n_taxa = mean.loc[mean["metric"] == "n_candidates", "value"]
    kinds = [kind for kind in _SETS if any((kind, group) in scored for group in GROUPS)]
    groups = [group for group in GROUPS if any((kind, group) in scored for kind in kinds)]
    labels, low = [], [nominal]
    for row, group in enumerate(groups):
        n = 0
        for place, kind in enumerate(kinds):
            _, colour, marker = _SETS[kind]
            y, metric = row + (2 * place - len(kinds) + 1) * _APART, of_group("coverage", group)
            coverage = _row(mean, kind, metric)
            if coverage is None:
                note = "not scored"
            else:
                n = int(coverage["n"])
                # The range is that of what is drawn: a mean over seeds.
                valid = _row(mean, kind, metric, EXPECTED, VALID_MEAN)
                if valid is None:
                    valid = _row(mean, kind, metric, EXPECTED, VALID_SETS)
                for limits, style in (
                    (valid, {"color": "0.85", "lw": 11, "zorder": 1}),
                    (coverage, {"color": colour, "lw": 1.5, "zorder": 3}),
                ):
                    axes.hlines(y, limits["ci_low"], limits["ci_high"], **style)
                axes.plot(coverage["value"], y, marker, c=colour, ms=6.5, zorder=4, clip_on=False)
                low += [coverage["value"], coverage["ci_low"], valid["ci_low"]]
                note = _size_in_words(_row(mean, kind, of_group("set_size", group)), n_taxa)
            axes.text(1.02, y, note, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
        labels.append(f"{group}\n(n = {n})" if n else group)
    least = np.nanmin(low)
    axes.set_xlim(least - 0.05 * (1 - least), 1 + 0.02 * (1 - least))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:g}%")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    for border in range(1, len(labels)):
        axes.axhline(border - 0.5, color="0.9", lw=0.6, zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("sets of taxa that hold the true one")
    axes.text(1.02, 1.02, "mean set size", transform=axes.transAxes, fontsize=8, color="0.35")
    axes.grid(axis="x", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _row(
    mean: pd.DataFrame, evaluator: str, metric: str, role: str = SCORE, against: str | None = None
) -> pd.Series | None:
    rows = of_role(mean, role, against)
    rows = rows[(rows["evaluator"] == evaluator) & (rows["metric"] == metric)]
    return rows.iloc[0] if len(rows) else None


def _size_in_words(size: pd.Series | None, n_taxa: pd.Series) -> str:
    """Return "2.3 of 40 taxa"; the latter number only where it is known."""
    if size is None:
        return ""
    return f"{size['value']:.1f}" + (f" of {n_taxa.max():.0f}" if len(n_taxa) else "") + " taxa"


def _legend() -> list:
    """Return an entry for each kind of mark on the right."""
    entries: list = [
        Line2D([], [], color=colour, marker=marker, ms=6.5, lw=1.5, label=name)
        for name, colour, marker in _SETS.values()
    ]
    return [
        *entries,
        Line2D([], [], color="0.35", ls="--", lw=1, label="stated confidence"),
        Patch(color="0.85", lw=0, label="95 % range if it holds"),
    ]
