"""Taxa as a graph of their centroids in the visual, the genetic and the joint space."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from scipy.spatial import Delaunay, QhullError

from visgen.distances.matrices import cosine_distances
from visgen.figures.free_places import write_at_middles, write_where_free
from visgen.figures.group_bars import HUES
from visgen.figures.group_styles import (
    UNKNOWN,
    UNPLACED,
    group_of_each,
    group_styles,
    legend_entries,
)
from visgen.figures.matrices import plot_notice
from visgen.names import shortened

#: More taxa than this are drawn without their names.
MAX_NAMED = 45
#: More taxa than this are not laid out: time and memory grow with their square.
MAX_TAXA = 1000
#: Fewer points than this have no triangle.
MIN_TAXA = 3
_SIDE = 6.0  # inches
_MARKER = 6.5  # points
# Where a name may stand beside its point: offset in points, alignment.
_PLACES = (
    ((0, 4), ("center", "bottom")),
    ((0, -4), ("center", "top")),
    ((5, 0), ("left", "center")),
    ((-5, 0), ("right", "center")),
    ((4, 4), ("left", "bottom")),
    ((-4, 4), ("right", "bottom")),
    ((4, -4), ("left", "top")),
    ((-4, -4), ("right", "top")),
)
_FLOOR = 1e-3  # least distance as a share of the largest: equal centroids have no finite spring


def centroids(values: np.ndarray, taxa: pd.Series) -> pd.DataFrame:
    """Return the mean direction of every taxon's images.

    Parameters
    ----------
    values
        (n_images, size), none of them zero.
    taxa
        Taxon of each row.

    Returns
    -------
    DataFrame, (n_taxa, size)
        Means of vectors scaled to unit length; index taxon, sorted.
    """
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    return pd.DataFrame(unit).groupby(taxa.to_numpy()).mean().rename_axis("taxon")


def lay_out(vectors: pd.DataFrame) -> np.ndarray:
    """Return a place for each taxon whose distances follow cosine distances (Kamada & Kawai 1989).

    Parameters
    ----------
    vectors
        (n_taxa, size), taxon names as index; the order of the rows does not matter.

    Returns
    -------
    ndarray
        (n_taxa, 2), in the order of `vectors`; scale and rotation mean nothing.
    """
    ordered = vectors.sort_index()
    distances = cosine_distances(ordered).data
    distances = np.maximum(distances / distances.max(initial=_FLOOR), _FLOOR)
    names = list(ordered.index)
    springs = {
        one: dict(zip(names, row, strict=True)) for one, row in zip(names, distances, strict=True)
    }
    places = nx.kamada_kawai_layout(nx.complete_graph(names), dist=springs)
    return np.array([places[name] for name in vectors.index])


def neighbouring_pairs(places: np.ndarray) -> np.ndarray:
    """Return the edges of the Delaunay triangulation, (n_edges, 2), each once, smaller end first.

    Points on a line, which have no triangle, are joined in their order along it.
    """
    try:
        corners = Delaunay(places).simplices
    except QhullError:
        order = np.lexsort(places.T)
        return np.sort(np.column_stack([order[:-1], order[1:]]), axis=1)
    sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    return np.unique(np.sort(sides, axis=1), axis=0)


def visual_spaces(
    embeddings: Mapping[str, Path], anchors: pd.DataFrame, taxa: pd.Series
) -> dict[str, pd.DataFrame]:
    """Return the centroids of test images before and after alignment, the anchors between.

    Parameters
    ----------
    embeddings
        Of the variant that is not aligned and the aligned one: ``embeddings.npz``, with id, part
        and values.
    anchors
        (n_taxa, size), taxon names as index.
    taxa
        Taxon of each image, index id.

    Notes
    -----
    Training images would show where they were drawn to, not where new ones come to lie.
    """
    spaces = {}
    for variant, path in embeddings.items():
        with np.load(path, allow_pickle=False) as stored:
            is_test = stored["part"] == "test"
            of_images = taxa.loc[stored["id"][is_test].astype(object)]
            spaces[variant] = centroids(stored["values"][is_test].astype(float), of_images)
    before, after = embeddings
    return {
        f"visual: {before.replace('_', ' ')}": spaces[before],
        "genetic: anchors": anchors,
        f"joint: {after.replace('_', ' ')}": spaces[after],
    }


def plot_centroid_graph(spaces: Mapping[str, pd.DataFrame], groups: pd.Series) -> Figure:
    """Draw taxa as points, near ones joined, a panel a space, coloured by the rank above.

    Parameters
    ----------
    spaces
        By title: (n_taxa, size), taxon names as index. Only taxa that every space has are drawn.
    groups
        As `visgen.figures.group_styles.colouring` returns it.
    """
    shared = sorted(set.intersection(*(set(vectors.index) for vectors in spaces.values())))
    if len(shared) < MIN_TAXA:
        return plot_notice(f"{len(shared)} taxa have both images and an anchor")
    if len(shared) > MAX_TAXA:
        return plot_notice(f"{len(shared):,} taxa are too many to lay out, at most {MAX_TAXA:,}")
    members = group_of_each(shared, groups)
    styles = group_styles(members, groups)
    n_rows = -(-len(styles) // 5)
    size = (_SIDE * len(spaces), _SIDE + 0.6 + 0.2 * n_rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(spaces), squeeze=False)[0]
    laid_out = {}
    for axes, (title, vectors) in zip(panels, spaces.items(), strict=True):
        places = laid_out[title] = lay_out(vectors.loc[shared])
        for one, other in neighbouring_pairs(places):
            axes.plot(*places[[one, other]].T, c="0.8", lw=0.7, zorder=1)
        for place, group in zip(places, members, strict=True):
            style = styles[group]
            axes.plot(*place, style.marker, c=style.colour, ms=_MARKER, mec="w", mew=0.6, zorder=3)
        axes.set_title(f"{title} ({len(shared)} taxa)")
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.14)
        axes.axis("off")
    figure.legend(
        handles=legend_entries(styles, 6),
        title=groups.name,
        loc="outside lower center",
        ncols=5,
        frameon=False,
        fontsize=8,
    )
    figure.draw_without_rendering()  # settles where points lie
    if len(shared) <= MAX_NAMED:
        for axes, (title, places) in zip(panels, laid_out.items(), strict=True):
            n_named = _write_names(axes, shared, places)
            if n_named < len(shared):
                axes.set_title(f"{title} ({len(shared)} taxa, {n_named} named)")
    elif len(styles) > len(HUES):  # hues recur, and small groups share a grey
        for axes, places in zip(panels, laid_out.values(), strict=True):
            write_at_middles(axes, places, members, {UNKNOWN, UNPLACED})
    return figure


def _write_names(axes: Axes, names: Sequence[str], places: np.ndarray) -> int:
    """Write taxa beside their points, and return how many find room."""
    pixel = axes.figure.dpi / 72  # pixels a point
    points = axes.transData.transform(places)
    reach = pixel * _MARKER / 2
    taken = [Bbox.from_extents(*(point - reach), *(point + reach)) for point in points]
    return sum(
        write_where_free(axes, _abbreviated(name), place, _PLACES, taken, fontsize=7, zorder=4)
        for name, place in zip(names, places, strict=True)
    )


def _abbreviated(name: str) -> str:
    """Return the first of two words as a letter."""
    first, _, rest = name.partition(" ")
    return shortened(f"{first[0]}. {rest}" if rest and first != "×" else name)
