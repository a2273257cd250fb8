"""The map of images: names and photographs under the mouse, coloured by any rank."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from bokeh.models import ColumnDataSource, Scatter
from matplotlib.colors import to_hex

from visgen.figures.features.map_styles import styles_by_rank
from visgen.figures.interactive.documents import document_json, plain_figure
from visgen.specimens.taxonomy import taxonomic_order

#: Marks of Bokeh for those of matplotlib.
MARKS = {
    "o": "circle",
    "s": "square",
    "^": "triangle",
    "D": "diamond",
    "P": "plus",
    "v": "inverted_triangle",
    "X": "star",
}
_SIZE, _RING = 7, 15  # pixels
_ASPECT = 1.3  # width to height


def map_picture(
    places: pd.DataFrame,
    labels: pd.DataFrame,
    ranks: Sequence[str],
    rank: str,
    shares: Sequence[float],
    sentences: Mapping[str, str],
) -> dict[str, Any] | None:
    """Return the map of a backbone's images as a picture of the page.

    Parameters
    ----------
    places : DataFrame
        One row an image: image, specimen, ``pca_1``, ``pca_2``, ``tsne_1``, ``tsne_2``.
    labels : DataFrame
        Index image; a column a rank, gaps null.
    ranks
        Coarse to fine.
    rank
        That the colours are of at first.
    shares
        Of the variance, of the two axes.
    sentences
        What is said below the map, by rank.

    Returns
    -------
    dict or None
        ``kind``, ``document`` and ``data``: images, specimens, the two ``planes`` (x, y and words
        beside the axes) and, for each rank, its taxa in the order of the taxonomy, the number of
        each image's (-1 for a gap), and the groups that are coloured. None where there are no
        places by t-SNE: too few images, or none that differ.
    """
    if places.empty or places["tsne_1"].isna().any():
        return None
    source = ColumnDataSource(
        {key: [] for key in ("x", "y", "colour", "mark", "alpha")}, name="images"
    )
    ringed = ColumnDataSource({"x": [], "y": []}, name="ringed")
    plot = plain_figure(aspect_ratio=_ASPECT, match_aspect=True, name="plot")
    plot.axis.major_label_text_font_size = "0pt"
    plot.axis.axis_line_color = None
    plot.axis.major_tick_line_color = plot.axis.minor_tick_line_color = None
    plot.add_glyph(
        source,
        Scatter(
            x="x", y="y", size=_SIZE, marker={"field": "mark"}, fill_color={"field": "colour"},
            fill_alpha={"field": "alpha"}, line_color=None,
        ),
    )  # fmt: skip
    plot.add_glyph(ringed, Scatter(x="x", y="y", size=_RING, fill_color=None, line_width=2))
    labels = labels.loc[places["image"]]
    axes = [
        f"axis {axis} ({100 * share:.0f} % of the variance)" for axis, share in enumerate(shares, 1)
    ]
    return {
        "kind": "map",
        "document": document_json("map", [plot]),
        "data": {
            "images": places["image"].tolist(),
            "specimens": places["specimen"].tolist(),
            "planes": {
                "pca": _plane(places, "pca", axes),
                "tsne": _plane(places, "tsne", ["", ""]),
            },
            "ranks": [_of_rank(labels, ranks, one, sentences.get(one, "")) for one in ranks],
            "rank": list(ranks).index(rank),
        },
    }


def _plane(places: pd.DataFrame, name: str, axes: list[str]) -> dict[str, Any]:
    x, y = (places[f"{name}_{axis}"].tolist() for axis in (1, 2))
    return {"x": x, "y": y, "axes": axes}


def _of_rank(
    labels: pd.DataFrame, ranks: Sequence[str], rank: str, sentence: str
) -> dict[str, Any]:
    """Return the taxa of a rank, each image's, and the colours of their groups."""
    taxa = taxonomic_order(labels, ranks, rank)
    drawn = styles_by_rank(labels, ranks, rank)
    groups = list(dict.fromkeys(drawn.styles.values()))
    number = {name: groups.index(style) for name, style in drawn.styles.items()}
    return {
        "name": rank,
        "taxa": taxa,
        "codes": pd.Index(taxa).get_indexer(labels[rank]).tolist(),
        "coloured_by": drawn.rank,
        "groups": [
            {"label": g.label, "colour": to_hex(g.colour), "mark": MARKS[g.marker]} for g in groups
        ],
        "group_of_each": [number[member] for member in drawn.members],
        "sentence": sentence,
    }
