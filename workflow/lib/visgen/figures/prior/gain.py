"""Who gains by relatives: by training specimens, and by how near the nearest relative is."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.prior.scoring import MAIN, NOTHING, SEEN
from visgen.prior.words import in_words

_PANEL = (4.2, 2.4)  # inches
_GROUPS = 5


def gains_of_taxa(taxa: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """Return what each source changes for each taxon and seed.

    Parameters
    ----------
    taxa
        Columns `visgen.prior.scoring.TAXA_COLUMNS`.
    training
        seed, relatives, taxon, nearest (distance to the nearest relative with training images).

    Returns
    -------
    DataFrame
        seed, relatives, taxon, n_train, gain (share of its images), nearest.
    """
    seen = taxa[(taxa["part"] == SEEN) & (taxa["evaluator"] == MAIN)]
    keys = ["seed", "taxon"]
    without = seen[seen["relatives"] == NOTHING].set_index(keys)["value"].rename("without")
    table = seen[seen["relatives"] != NOTHING].join(without, on=keys)
    table = table.assign(gain=table["value"] - table["without"])
    table = table.merge(training, on=["seed", "relatives", "taxon"])
    return table[["seed", "relatives", "taxon", "n_train", "gain", "nearest"]]


def plot_gain(gains: pd.DataFrame, tail: int) -> Figure:
    """Draw mean gains by training specimens and, of rare taxa, by the nearest relative.

    Parameters
    ----------
    gains
        As `gains_of_taxa` returns them.
    tail
        Taxa with fewer training specimens are rare.
    """
    if gains.empty:
        return plot_notice("no taxon has both relatives and test images")
    sources = list(dict.fromkeys(gains["relatives"]))
    figure = Figure(figsize=(2 * _PANEL[0], _PANEL[1] * len(sources) + 0.4), layout="constrained")
    panels = figure.subplots(len(sources), 2, squeeze=False, sharey=True)
    for (left, right), source in zip(panels, sources, strict=True):
        of_source = gains[gains["relatives"] == source]
        _draw(left, of_source, "n_train")
        _draw(right, of_source[of_source["n_train"] < tail], "nearest")
        left.set_title(f"relatives by {in_words(source)}", loc="left", fontsize=9)
        left.set_ylabel("gain, points")
    panels[-1][0].set_xlabel("training specimens of the taxon", fontsize=8.5)
    panels[-1][1].set_xlabel(
        "distance to the nearest relative with images, rare taxa", fontsize=8.5
    )
    figure.suptitle("means over taxa, with two standard errors", fontsize=8, color="0.3")
    return figure


def _draw(axes: Axes, table: pd.DataFrame, column: str) -> None:
    """Draw means of a few groups of about as many taxa each, by a number."""
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.93", lw=0.6)
    axes.tick_params(labelsize=7.5)
    there = table.dropna(subset=column)
    if there.empty:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "none is known", ha="center", transform=axes.transAxes, fontsize=8)
        return
    values = there[column]
    groups = values if values.nunique() <= _GROUPS else pd.qcut(values, _GROUPS, duplicates="drop")
    labels = []
    for place, (_, of_group) in enumerate(there.groupby(groups, observed=True)):
        by_taxon = 100 * of_group.groupby("taxon")["gain"].mean()  # over seeds
        error = 2 * by_taxon.sem() if len(by_taxon) > 1 else 0
        axes.errorbar(place, by_taxon.mean(), error, fmt="s", c=COLOURS[0], ms=5, capsize=2, lw=1.2)
        ends = dict.fromkeys(_short(of_group[column].agg(end)) for end in ("min", "max"))
        n = len(by_taxon)
        labels.append(f"{' to '.join(ends)}\n({n:,} {'taxa' if n > 1 else 'taxon'})")
    axes.set_xticks(range(len(labels)), labels, fontsize=6.5)
    axes.set_xlim(-0.5, len(labels) - 0.5)


def _short(value: float) -> str:
    """Return a number with two digits, whole from ten on.

    >>> _short(128.4), _short(0.0236)
    ('128', '0.024')
    """
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
