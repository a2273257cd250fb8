"""Phylogenetic and visual distances side by side: the pair under the mouse, by name."""

from base64 import b64encode
from typing import Any

import numpy as np
import pandas as pd
from bokeh.models import ColorBar, ColumnDataSource, LinearColorMapper, Quad, Range1d, Rect
from matplotlib.colors import to_hex
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from visgen.figures.group_bars import group_runs, run_colours
from visgen.figures.interactive.documents import FONT, document_json, plain_figure
from visgen.figures.leaf_order import leaf_order
from visgen.figures.matrices import in_order
from visgen.scikit_bio import DistanceMatrix

#: More taxa than this would make the page heavy, and their cells smaller than a pixel.
MAX_TAXA = 400
#: Fewer are no matrix.
MIN_TAXA = 3
_BAR = 0.03  # of the side: the bar of groups


def pair_picture(
    genetic: DistanceMatrix, visual: DistanceMatrix, groups: pd.Series
) -> dict[str, Any] | None:
    """Return two matrices of distances, taxa in the order of the tree, as a picture of the page.

    Parameters
    ----------
    genetic, visual : skbio.stats.distance.DistanceMatrix
        Between the taxa with a place in the tree, and between those with a vector; those of both
        are shown, in the order that the still figure has.
    groups : Series
        The group (rank above) of each taxon, taxon names as index.

    Returns
    -------
    dict or None
        ``kind``, ``document`` (matrices are images, their first row below) and ``data``: taxa and
        groups from above, and ``ranks``, (n_taxa, n_taxa) bytes in base64, whole per cent by
        `percentiles`: of phylogenetic distances above the diagonal, of visual ones below. None
        with fewer than `MIN_TAXA` or more than `MAX_TAXA` taxa.

    Raises
    ------
    ValueError
        If a taxon is not in the groups.
    """
    shared = [taxon for taxon in genetic.ids if taxon in set(visual.ids)]
    if not MIN_TAXA <= len(shared) <= MAX_TAXA:
        return None
    genetic, visual = genetic.filter(shared), visual.filter(shared)
    order = leaf_order(genetic, groups)
    runs, n_taxa = group_runs(order, groups), len(order)
    along = Range1d(-_BAR * n_taxa, n_taxa, bounds=(-_BAR * n_taxa, n_taxa))
    upward = Range1d(0, n_taxa, bounds=(0, n_taxa))
    ringed = ColumnDataSource({"x": [], "y": []}, name="ringed")
    strip = ColumnDataSource(
        {
            "top": [n_taxa - start for _, start, _ in runs],
            "bottom": [n_taxa - start - length for _, start, length in runs],
            "colour": [to_hex(colour) for colour in run_colours(runs)],
        }
    )
    plots, squares = [], [in_order(matrix, order) for matrix in (genetic, visual)]
    for name, title, square in zip(
        ("genetic", "visual"), ("phylogenetic", "visual"), squares, strict=True
    ):
        plot = plain_figure(aspect_ratio=1, name=name, title=title, x_range=along, y_range=upward)
        plot.axis.visible = False
        mapper = LinearColorMapper("Viridis256", low=0, high=float(square.max()) or 1.0)
        cells = np.flipud(square).astype(np.float32)
        plot.image(
            [cells], x=0, y=0, dw=n_taxa, dh=n_taxa, color_mapper=mapper, name=f"{name}_cells"
        )
        plot.add_glyph(
            strip,
            Quad(
                left=-_BAR * n_taxa, right=-0.3 * _BAR * n_taxa, top="top", bottom="bottom",
                fill_color={"field": "colour"}, line_color=None,
            ),
        )  # fmt: skip
        plot.add_glyph(
            ringed, Rect(x="x", y="y", width=1, height=1, fill_color=None, line_color="#ffffff")
        )
        bar = ColorBar(
            color_mapper=mapper, height=10, title="distance", title_text_font=FONT,
            title_text_font_style="normal", major_label_text_font=FONT,
        )  # fmt: skip
        plot.add_layout(bar, "below")
        plots.append(plot)
    ranks = percentiles(squares[0])
    below = np.tril_indices(n_taxa, -1)
    ranks[below] = percentiles(squares[1])[below]
    return {
        "kind": "pair",
        "document": document_json("pair", plots),
        "data": {
            "taxa": order,
            "groups": [name for name, _, length in runs for _ in range(length)],
            "ranks": b64encode(ranks.astype(np.uint8).tobytes()).decode(),
        },
    }


def percentiles(square: np.ndarray) -> np.ndarray:
    """Return the rank of each pair among all pairs, as whole per cent of their number.

    Parameters
    ----------
    square
        (n_taxa, n_taxa), symmetric with a zero diagonal.

    Returns
    -------
    ndarray of int
        (n_taxa, n_taxa), symmetric, 1 to 100, equal ones their mean; 0 on the diagonal.
    """
    ranks = rankdata(squareform(square, checks=False))
    return squareform(np.ceil(100 * ranks / len(ranks)).astype(int))
