"""How well single taxa are told apart, against their number of training images."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator
from matplotlib.transforms import Bbox

from visgen.classification.evaluators import INDEPENDENT
from visgen.classification.scores.taxa import taxa_over_seeds
from visgen.figures.colours import COLOURS
from visgen.figures.free_places import write_where_free
from visgen.figures.matrices import plot_notice

N_NAMED = 3  # names of each kind that stand out
MAX_ALL_NAMED = 12  # up to here every taxon gets its name, if there is room
_LEAST_AREA, _MORE_AREA = 8, 220  # square points: a taxon without specimens, the largest one more
_NO_IMAGE = 0.5  # the place of a taxon without training images, which a log axis lacks
# Directions in which a name may stand beside its point, and its alignment there.
_PLACES = (
    (1, 0, ("left", "center")),
    (-1, 0, ("right", "center")),
    (0, 1, ("center", "bottom")),
    (0, -1, ("center", "top")),
)


def plot_taxa(
    taxa: pd.DataFrame,
    scores: pd.DataFrame,
    ranks: Sequence[str],
    chosen: Mapping[str, str],
    tail: int,
) -> Figure:
    """Draw the F1 of each taxon against its training images, a panel a rank.

    Parameters
    ----------
    taxa
        Columns variant, evaluator, rank, seed, taxon, n_train, n_test, n_specimens, f1 and
        others; the evaluator ``independent`` is drawn.
    scores
        Columns of the contract, with what `visgen.classification.scores.taxa.score_taxa` returns.
    ranks
        Coarse to fine; ranks without a chosen classifier or without taxa are left out.
    chosen
        The classifier to draw at each rank.
    tail
        Taxa with fewer training images are the tail; drawn as a line.

    Notes
    -----
    F1 and numbers are means over the seeds in which the taxon was tested; a taxon that no seed
    tested is counted in the title. The names are those of the largest quarter of the taxa with
    the lowest and highest F1, and of the tail with the highest; a name that would lie on
    another, on a point or outside its panel is left out.
    """
    shown = {
        rank: taxa[
            (taxa["rank"] == rank)
            & (taxa["variant"] == chosen[rank])
            & (taxa["evaluator"] == INDEPENDENT)
        ]
        for rank in ranks
        if rank in chosen
    }
    shown = {rank: table for rank, table in shown.items() if len(table)}
    if not shown:
        return plot_notice("no taxon has a score")
    means = {rank: taxa_over_seeds(table) for rank, table in shown.items()}
    most = max([1, *(table["n_specimens"].max() for table in means.values() if len(table))])
    n_columns = {1: 1, 2: 2, 4: 2}.get(len(shown), 3)
    n_rows = -(-len(shown) // n_columns)
    size = (max(4.4 * n_columns, 6.0), 3.9 * n_rows + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in panels[len(shown) :]:
        axes.remove()
    for axes, (rank, table) in zip(panels, means.items(), strict=False):
        _draw_taxa(axes, table, most, tail)
        axes.set_title(
            fill(f"{rank}: {chosen[rank].replace('_', ' ')}", 55)
            + "\n"
            + _in_words(
                table, shown[rank]["taxon"].nunique(), _correlation(scores, rank, chosen[rank])
            ),
            loc="left",
            fontsize=9,
        )
    figure.legend(
        handles=_legend(most),
        title="test specimens of the taxon",
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )
    for _ in range(2):  # names are placed where the points come to lie, so these must stay
        figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for axes, table in zip(figure.axes, means.values(), strict=True):
        _name_outstanding(axes, table, most, tail)
    return figure


def _correlation(scores: pd.DataFrame, rank: str, variant: str) -> float | None:
    """Return Spearman's ρ of F1 and training images; None where it was not scored."""
    own = scores[
        (scores["rank"] == rank)
        & (scores["variant"] == variant)
        & (scores["evaluator"] == INDEPENDENT)
        & (scores["metric"] == "f1_images_spearman")
    ]
    return None if own.empty else own["value"].iloc[0]


def _in_words(mean: pd.DataFrame, n_taxa: int, rho: float | None) -> str:
    """Return the correlation and the numbers of taxa that the panel does not show as points."""
    words = f"n = {len(mean)} taxa"
    if rho is not None:
        words = f"Spearman's ρ = {rho:.2f}, {words}"
    rest = {"not tested": n_taxa - len(mean), "with F1 = 0": int((mean["f1"] == 0).sum())}
    rest_in_words = ", ".join(f"{n} {name}" for name, n in rest.items() if n)
    return "\n".join(filter(None, [words, rest_in_words]))


def _area(n_specimens: pd.Series | float, most: float) -> pd.Series | float:
    """Return the area of a point in square points, one scale for all panels."""
    return _LEAST_AREA + _MORE_AREA * n_specimens / most


def _draw_taxa(axes: Axes, mean: pd.DataFrame, most: float, tail: int) -> None:
    """Draw the points, the border of the tail and the axes."""
    axes.scatter(
        mean["n_train"].clip(lower=_NO_IMAGE),
        mean["f1"],
        s=_area(mean["n_specimens"], most),
        color=COLOURS[0],
        alpha=0.5,
        edgecolors="white",
        linewidths=0.5,
        clip_on=False,
        zorder=3,
    )
    axes.axvline(tail, color="0.35", ls=":", lw=1)
    axes.text(tail, 1.08, f"tail: < {tail} ", c="0.35", fontsize=7, ha="right", va="center")
    right = 1.8 * max([*mean["n_train"], tail])
    least = min([*mean["n_train"].clip(lower=_NO_IMAGE), tail])
    axes.set_xscale("log")
    # The label of the tail has a fifth of the width on its left.
    axes.set_xlim(min(least / 1.4, tail / (right / tail) ** 0.25, tail / 1.4), right)
    axes.set_ylim(-0.06, 1.13)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.grid(color="0.92", lw=0.6)
    axes.set(xlabel="training images", ylabel="F1")
    few = np.log10(right / axes.get_xlim()[0]) < 2.5
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    if least == _NO_IMAGE:
        axes.set_xticks([_NO_IMAGE, *10.0 ** np.arange(np.ceil(np.log10(right)))])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x if x > _NO_IMAGE else 0:.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.spines[["top", "right"]].set_visible(False)


def _outstanding(mean: pd.DataFrame, tail: int) -> list[str]:
    """Return taxa worth a name: worst and best of the large ones, best of the tail.

    All, largest first, where they are few. Of equals the one with more test specimens comes
    first, then by name.
    """
    if len(mean) <= MAX_ALL_NAMED:
        return mean["taxon"].tolist()
    large = mean[(mean["n_train"] >= tail) & (mean["n_train"] >= mean["n_train"].quantile(0.75))]
    small = mean[(mean["n_train"] < tail) & (mean["f1"] > 0)]
    names = [
        *large.nsmallest(N_NAMED, "f1")["taxon"],
        *small.nlargest(N_NAMED, "f1")["taxon"],
        *large.nlargest(N_NAMED, "f1")["taxon"],
    ]
    return list(dict.fromkeys(names))


def _name_outstanding(axes: Axes, mean: pd.DataFrame, most: float, tail: int) -> None:
    """Write the names that find room beside their points."""
    pixel = axes.figure.dpi / 72  # pixels a point
    points = axes.transData.transform(
        np.column_stack([mean["n_train"].clip(lower=_NO_IMAGE), mean["f1"]])
    )
    radius = pixel * np.sqrt(_area(mean["n_specimens"].to_numpy(), most)) / 2
    around = np.column_stack([points - radius[:, None], points + radius[:, None]])
    boxes = [Bbox.from_extents(*corners) for corners in around]
    boxes += [text.get_window_extent() for text in axes.texts]
    frame = axes.get_window_extent()
    (border, _), _ = axes.transData.transform([(tail, 0), (tail, 1)])
    boxes.append(Bbox.from_extents(border, frame.y0, border + pixel, frame.y1))
    for name in _outstanding(mean, tail):
        row = mean.index[mean["taxon"] == name][0]
        away = radius[row] / pixel + 1.5
        write_where_free(
            axes,
            name,
            (max(mean.loc[row, "n_train"], _NO_IMAGE), mean.loc[row, "f1"]),
            [((away * right, away * up), alignment) for right, up, alignment in _PLACES],
            boxes,
            frame=frame,
            fontsize=7,
            zorder=4,
        )


def _legend(most: float) -> list[Line2D]:
    """Return points of about the smallest, a middle and the largest taxon."""
    numbers = sorted({1, round(most**0.5), round(most / 2), round(most)} - {0})
    return [
        Line2D(
            [], [], ls="", marker="o", ms=_area(n, most) ** 0.5, c=COLOURS[0], alpha=0.5, label=n
        )
        for n in numbers
    ]
