"""Taxa outside the tree beside the known taxa that they look most like, and how far these are."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.names import shortened

#: More taxa than this are not drawn: those with most images are.
MAX_PLACED = 40
_KINDS = {
    "tips": (COLOURS[0], "o", "others of its group are on the tree"),
    "clades": (COLOURS[1], "s", "none of its group is on the tree"),
}
_ROW, _GAP = 0.19, 0.6  # inches of a relative, rows between two taxa
_LETTER, _PANEL = 0.085, 4.6  # inches: width of a letter, of the panel
_LETTERS = 36  # of a name


def plot_placed(placed: pd.DataFrame, typical: float) -> Figure:
    """Draw the predicted distances of each taxon outside the tree to its nearest by look.

    Parameters
    ----------
    placed
        Columns of `visgen.embedding.placement.tables.placed_table`.
    typical
        Median phylogenetic distance between known taxa; NaN where there are none.
    """
    n_taxa = placed["taxon"].nunique()
    placed = placed[placed["relative"].notna()]
    if placed.empty:
        if n_taxa:
            return plot_notice(f"{n_taxa} taxa are outside the tree, too few in it to place them")
        return plot_notice("no taxon with images is outside the tree")
    shown = _shown(placed)
    names = shown["relative"].map(lambda name: shortened(name, _LETTERS))
    blocks = dict.fromkeys(shown["taxon"])
    places = _places(shown)
    heads = {
        taxon: f"{shortened(taxon, _LETTERS)}\n{_images(rows['n_images'].iloc[0])}"
        for taxon, rows in shown.groupby("taxon", sort=False)
    }
    letters = [max(map(len, texts)) for texts in (names, blocks)]
    width = _PANEL + 0.9 + _LETTER * sum(min(n, _LETTERS) for n in letters)
    height = 1.9 + _ROW * (places[-1] + 1)
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    axes = figure.subplots()
    _draw(axes, shown, places)
    if np.isfinite(typical):
        axes.axvline(typical, color="0.55", ls="--", lw=1, zorder=1)
    middles = [places[(shown["taxon"] == taxon).to_numpy()].mean() for taxon in blocks]
    axes.set_yticks(middles, heads.values(), fontsize=8)
    axes.set(xlabel="predicted phylogenetic distance", ylim=(places[-1] + 0.8, -0.8))
    axes.set_xlim(0, 1.04 * max(axes.get_xlim()[1], typical if np.isfinite(typical) else 0))
    beside = axes.secondary_yaxis("right")
    beside.set_yticks(places, names, fontsize=7)
    for sides in (axes, beside):
        sides.tick_params(axis="y", length=0)
        sides.spines[:].set_visible(False)
    axes.spines["bottom"].set_visible(True)
    axes.grid(axis="x", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    title = (
        "left: taxa outside the tree; right: the known taxa that they look most like "
        "(full mark: the one most alike)"
    )
    if n_taxa > len(blocks):
        title += f"\n{len(blocks)} taxa with most images; {n_taxa - len(blocks)} more in the table"
    figure.suptitle(title, fontsize=9)
    figure.legend(
        handles=_legend(shown, typical), loc="outside lower center", frameon=False, fontsize=8
    )
    return figure


def _shown(placed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the taxa with most images, group by group, then by name."""
    most = placed.drop_duplicates("taxon").sort_values("n_images", ascending=False, kind="stable")
    shown = placed[placed["taxon"].isin(most["taxon"].iloc[:MAX_PLACED])]
    return shown.sort_values(["group", "taxon", "place"], kind="stable")


def _places(shown: pd.DataFrame) -> np.ndarray:
    """Return the height of each row, with gaps between taxa."""
    number = pd.factorize(shown["taxon"])[0]
    return np.arange(len(shown)) + _GAP * number


def _images(n: float) -> str:
    return "1 image" if n == 1 else f"{int(n):,} images"


def _draw(axes: Axes, shown: pd.DataFrame, places: np.ndarray) -> None:
    """Draw a mark and an interval a row, that of the nearest by look full."""
    for place, row in zip(places, shown.to_dict("records"), strict=True):
        if np.isnan(row["distance"]):
            where = axes.get_yaxis_transform()
            axes.text(0.02, place, "no prediction", transform=where, va="center", fontsize=7)
            continue
        colour, marker, _ = _KINDS[row["kind"]]
        if np.isfinite(row["ci_low"]):
            axes.hlines(place, row["ci_low"], row["ci_high"], color=colour, lw=1.2, zorder=3)
        face = colour if row["place"] == 1 else "white"
        axes.plot(
            row["distance"], place, marker, c=colour, mfc=face, ms=4.5, zorder=4, clip_on=False
        )


def _legend(shown: pd.DataFrame, typical: float) -> list[Line2D]:
    drawn = shown[shown["distance"].notna()]
    entries = []
    for kind, (colour, marker, words) in _KINDS.items():
        rows = drawn[drawn["kind"] == kind]
        if rows.empty:
            continue
        has_interval = rows["ci_low"].notna().any()
        label = words + ("" if has_interval else "; too few held out for an interval")
        entries.append(
            Line2D(
                [],
                [],
                color=colour,
                marker=marker,
                ms=4.5,
                lw=1.2 if has_interval else 0,
                label=label,
            )
        )
    if np.isfinite(typical):
        label = "median distance between known taxa"
        entries.append(Line2D([], [], color="0.55", ls="--", lw=1, label=label))
    return entries
