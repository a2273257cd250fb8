"""How well rare taxa are recognised: accuracy of the taxa below a number of images."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter, StrMethodFormatter

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.names import shortened

_PANEL = 4.2  # inches
_LINES = ("-", "--", ":")


def below_size(taxa: pd.DataFrame) -> pd.DataFrame:
    """Return the mean accuracy of all taxa with as many images or fewer.

    Parameters
    ----------
    taxa
        taxon, n_train (images outside the test part), accuracy: a row a taxon, none without
        accuracy.

    Returns
    -------
    DataFrame
        n_train (each once, rising), accuracy (a mean over taxa), n_taxa.
    """
    rising = taxa.sort_values(["n_train", "taxon"])
    means = rising["accuracy"].expanding().mean()
    table = pd.DataFrame({"n_train": rising["n_train"], "accuracy": means})
    table["n_taxa"] = range(1, len(table) + 1)
    return table.drop_duplicates("n_train", keep="last").reset_index(drop=True)


def plot_sizes(
    taxa: pd.DataFrame,
    evaluator: str,
    variants: Mapping[str, Mapping[str, Any]],
    aligned: Mapping[str, bool],
    tail: int,
) -> Figure:
    """Draw accuracy of rare taxa against what counts as rare, a panel a regime.

    Parameters
    ----------
    taxa
        As `visgen.visual_genetic.recognition.species.tabulate_species` returns it; seeds are
        averaged.
    evaluator
        Which one is drawn.
    variants
        By name: regime, stage2, sampling.
    aligned
        As `visgen.visual_genetic.recognition.alignment.find_aligned` returns it; what is not
        aligned is grey.
    tail
        Number of images outside the test part below which a taxon is of the tail; a line marks it.
    """
    drawn = taxa[(taxa["evaluator"] == evaluator) & taxa["accuracy"].notna()]
    if drawn.empty:
        return plot_notice("no taxon has test images")
    mean = drawn.groupby(["variant", "taxon"], sort=False)[["n_train", "accuracy"]].mean()
    mean = mean.reset_index()
    shown = [name for name in variants if name in set(mean["variant"])]
    regimes = list(dict.fromkeys(variants[name]["regime"] for name in shown))
    most = max(sum(variants[n]["regime"] == regime for n in shown) for regime in regimes)
    figure = Figure(figsize=(_PANEL * len(regimes), 3.6 + 0.2 * most), layout="constrained")
    panels = figure.subplots(1, len(regimes), squeeze=False, sharex=True, sharey=True)[0]
    for axes, regime in zip(panels, regimes, strict=True):
        names = [name for name in shown if variants[name]["regime"] == regime]
        _draw(axes, mean, names, _styles(names, variants, aligned))
        axes.axvline(tail, color="0.6", lw=0.9, ls=(0, (2, 2)), zorder=1)
        axes.set_title(regime, loc="left", fontweight="bold")
        axes.set_xlabel("images outside the test part, at most")
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=8, frameon=False, ncols=1
        )
    panels[0].set_ylabel("accuracy, mean over these taxa")
    panels[0].set_ylim(-0.03, 1.03)
    panels[0].set_xscale("log")
    label_sizes(panels[0])
    panels[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    note = f"dashed: tail, fewer than {tail:,} images outside the test part"
    figure.suptitle(note, fontsize=9, color="0.3")
    return figure


def label_sizes(axes: Axes) -> None:
    """Write plain numbers at a logarithmic axis of images."""
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _styles(
    names: Sequence[str],
    variants: Mapping[str, Mapping[str, Any]],
    aligned: Mapping[str, bool],
) -> dict[str, dict[str, Any]]:
    """Return how the line of each variant of a regime looks, and its label.

    What has no anchors is blue and thick, what is not aligned grey.
    """
    coloured = cycle({"c": colour, "ls": line} for line in _LINES for colour in COLOURS[1:])
    grey = cycle({"c": "0.6", "ls": line} for line in _LINES)
    styles = {}
    for name in names:
        label, options = shortened(name.replace("_", " ")), variants[name]
        if options["stage2"] != "anchors":
            of_sampling = "-." if options["sampling"] == "balanced" else "--"
            line = {"projection": "-", "features": ":"}.get(options["stage2"], of_sampling)
            styles[name] = {"c": COLOURS[0], "ls": line, "lw": 2.2, "label": label}
        elif name in aligned and not aligned[name]:
            styles[name] = next(grey) | {"lw": 1.0, "label": f"{label} (not aligned)"}
        else:
            styles[name] = next(coloured) | {"lw": 1.3, "label": label}
    return styles


def _draw(
    axes: Axes, mean: pd.DataFrame, names: Sequence[str], styles: Mapping[str, Mapping[str, Any]]
) -> None:
    """Draw a line a variant; of the first one without anchors also a dot a taxon."""
    dotted = next((name for name in names if styles[name]["c"] == COLOURS[0]), None)
    for name in names:
        of_variant, style = mean[mean["variant"] == name], dict(styles[name])
        table = below_size(of_variant)
        if name == dotted:
            style["label"] += " (dots: its taxa)"
            place = of_variant["n_train"], of_variant["accuracy"]
            axes.plot(*place, "o", c=style["c"], ms=3, alpha=0.4)
        axes.step(table["n_train"], table["accuracy"], where="post", **style)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.93", lw=0.6)
    axes.set_axisbelow(True)
