"""Who gains by relatives: by training specimens, and by how near the nearest relative is."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.prior.scoring import MAIN, NOTHING, SEEN
from visgen.prior.words import in_words

_PANEL = (3.6, 2.6)  # inches
_BINS = 5  # of distances, with as many taxa each
_JITTER = 0.12


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


def plot_gain(gains: pd.DataFrame) -> Figure:
    """Draw gains by training specimens and by the nearest relative, a row a source.

    Parameters
    ----------
    gains
        As `gains_of_taxa` returns them.
    """
    if gains.empty:
        return plot_notice("no taxon has both relatives and test images")
    sources = list(dict.fromkeys(gains["relatives"]))
    figure = Figure(figsize=(2 * _PANEL[0], _PANEL[1] * len(sources)), layout="constrained")
    panels = figure.subplots(len(sources), 2, squeeze=False, sharey=True)
    for (left, right), source in zip(panels, sources, strict=True):
        of_source = gains[gains["relatives"] == source]
        _by_number(left, of_source)
        _by_distance(right, of_source)
        left.set_title(f"relatives by {in_words(source)}", loc="left", fontsize=9)
        left.set_ylabel("gain, points")
    panels[-1][0].set_xlabel("training specimens of the taxon")
    panels[-1][1].set_xlabel("distance to the nearest relative with images")
    figure.suptitle(
        "squares: means over taxa with two standard errors; dots: taxa, each seed by itself",
        fontsize=8,
        color="0.3",
    )
    return figure


def _by_number(axes: Axes, table: pd.DataFrame) -> None:
    numbers = sorted(table["n_train"].unique())
    place = table["n_train"].map({n: i for i, n in enumerate(numbers)}).to_numpy()
    _dots(axes, place, table["gain"])
    groups = table.groupby("n_train")
    _means(axes, range(len(numbers)), groups)
    sizes = groups["taxon"].nunique()
    labels = [f"{n}\n({sizes[n]:,} taxa)" for n in numbers]
    step = max(1, len(numbers) // 5)
    axes.set_xticks(range(len(numbers))[::step], labels[::step], fontsize=7)


def _by_distance(axes: Axes, table: pd.DataFrame) -> None:
    there = table.dropna(subset="nearest")
    if there.empty:
        axes.text(0.5, 0.5, "no distances", ha="center", transform=axes.transAxes, fontsize=8)
        return
    _dots(axes, there["nearest"].to_numpy(), there["gain"], jitter=0)
    bins = pd.qcut(there["nearest"], _BINS, duplicates="drop")
    groups = there.groupby(bins, observed=True)
    _means(axes, groups["nearest"].mean(), groups)


def _dots(axes: Axes, x: np.ndarray, gain: pd.Series, jitter: float = _JITTER) -> None:
    rng = np.random.default_rng(1)
    shifted = x + jitter * rng.uniform(-1, 1, len(x))
    axes.plot(shifted, 100 * gain, ".", c=COLOURS[5], ms=2.5, alpha=0.35, zorder=1)
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)


def _means(axes: Axes, x, groups) -> None:
    """Draw means and two standard errors over taxa, whose seeds are averaged first."""
    means, errors = [], []
    for _, of_group in groups:
        by_taxon = of_group.groupby("taxon")["gain"].mean()
        means.append(100 * by_taxon.mean())
        errors.append(200 * by_taxon.sem() if len(by_taxon) > 1 else 0)
    axes.errorbar(x, means, errors, fmt="s", c=COLOURS[0], ms=5, capsize=2, lw=1.2, zorder=3)
