"""Images in the plane by what a network sees, along principal axes and by t-SNE."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visgen.features.maps.planes import MIN_MAPPED
from visgen.figures.features.map_styles import RankStyles
from visgen.figures.group_styles import legend_entries
from visgen.figures.matrices import plot_notice

_PANEL = 4.2  # inches
_LETTERS = 11  # of a legend, an inch


def plot_map(
    places: pd.DataFrame, shares: Sequence[float], drawn: RankStyles, n_images: int
) -> Figure:
    """Draw a mark an image, along two principal axes on the left, by t-SNE on the right.

    Parameters
    ----------
    places : DataFrame
        One row an image: ``pca_1``, ``pca_2``, ``tsne_1``, ``tsne_2``, the latter null where there
        are no places by t-SNE.
    shares
        Of the variance along the two axes.
    drawn
        How each image is drawn, in the same order.
    n_images
        Of the study, of which these may be a choice.

    Returns
    -------
    matplotlib.figure.Figure
        A notice where there are fewer than `visgen.features.maps.planes.MIN_MAPPED` images, or
        none differ.
    """
    if len(places) < MIN_MAPPED:
        return plot_notice(f"{len(places)} images: too few for a map")
    if places["tsne_1"].isna().any():
        return plot_notice(f"{len(places)} images: all look the same to the network")
    styles = drawn.styles
    longest = max(len(style.label) for style in styles.values())
    n_columns = int(np.clip(_LETTERS * 2 * _PANEL // (longest + 6), 1, 5))
    n_rows = -(-len(set(styles.values())) // n_columns)
    figure = Figure(figsize=(2 * _PANEL, _PANEL + 0.9 + 0.2 * n_rows), layout="constrained")
    along, near = figure.subplots(1, 2)
    _draw(along, places[["pca_1", "pca_2"]].to_numpy(), drawn)
    _draw(near, places[["tsne_1", "tsne_2"]].to_numpy(), drawn)
    for axis, name, share in zip((along.xaxis, along.yaxis), ("1", "2"), shares, strict=False):
        axis.set_label_text(f"axis {name} ({100 * share:.0f} % of the variance)")
    along.set_title("principal axes", loc="left", fontsize=11)
    near.set_title("t-SNE: near ones look alike", loc="left", fontsize=11)
    figure.suptitle(shown_in_words(len(places), n_images), fontsize=11)
    figure.legend(
        handles=legend_entries(styles, 7),
        title=f"{drawn.rank} (images)",
        loc="outside lower center",
        ncols=n_columns,
        frameon=False,
        fontsize=9,
    )
    return figure


def shown_in_words(n_shown: int, n_images: int) -> str:
    """Return how many images are shown, and of how many.

    >>> shown_in_words(17, 17), shown_in_words(3000, 12345)
    ('all 17 images', '3,000 of 12,345 images, chosen evenly over taxa')
    """
    if n_shown == n_images:
        return f"all {n_images:,} images"
    return f"{n_shown:,} of {n_images:,} images, chosen evenly over taxa"


def _draw(axes: Axes, points: np.ndarray, drawn: RankStyles) -> None:
    """Draw a mark an image, the groups without colours below the others."""
    size = float(np.clip(9000 / len(points), 9, 40))
    alpha = 0.6 if len(points) > 100 else 0.9
    names = list(drawn.styles)
    of_each = np.array([names.index(member) for member in drawn.members])
    for number, style in reversed(list(enumerate(drawn.styles.values()))):
        own = points[of_each == number]
        axes.scatter(
            *own.T, s=size, c=style.colour, marker=style.marker, alpha=alpha, lw=0, rasterized=True
        )
    axes.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim", box_aspect=1)
    axes.spines[:].set_color("0.8")
