"""Taxa as a graph of their centroids in the visual, the genetic and the joint space."""

from collections.abc import Mapping

import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.spatial import Delaunay, QhullError

from visgen.distances.matrices import cosine_distances
from visgen.figures.free_places import write_at_middles
from visgen.figures.group_bars import HUES
from visgen.figures.group_styles import (
    UNKNOWN,
    UNPLACED,
    group_of_each,
    group_styles,
    legend_entries,
)
from visgen.figures.matrices import plot_notice
from visgen.figures.visual_genetic.taxon_marks import (
    draw_taxon,
    extent,
    in_points,
    photograph_side,
    read_photographs,
    write_names,
)
from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.visual_genetic.spacing import MIN_TAXA

#: More taxa than this are drawn as marks, without their names.
MAX_NAMED = 45
#: More taxa than this are not laid out: time and memory grow with their square.
MAX_TAXA = 1000
_SIDE = 6.4  # inches
_FLOOR = 1e-3  # least distance as a share of the largest: equal centroids have no finite spring


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


def plot_centroid_graph(
    spaces: Mapping[str, pd.DataFrame],
    groups: pd.Series,
    scores: pd.DataFrame,
    paths: pd.Series,
    aligned: Mapping[str, bool],
    *,
    background: tuple[int, int, int],
    max_pixels: int,
) -> Figure:
    """Draw taxa as photographs, near ones joined, a panel a space, coloured by the rank above.

    Parameters
    ----------
    spaces
        By name: (n_taxa, size), the same taxa as index in every one.
    groups
        As `visgen.figures.group_styles.colouring` returns it.
    scores
        Columns of the contract, evaluators are the spaces; as
        `visgen.visual_genetic.spacing.score_space` has them. They stand below the panels.
    paths
        Of an image of each taxon, index taxon. More than `MAX_NAMED` taxa are drawn as points, as
        are taxa without an image.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.

    Raises
    ------
    RefusedImage
        If a file can no longer be read.
    """
    taxa = list(next(iter(spaces.values())).index)
    if len(taxa) < MIN_TAXA:
        return plot_notice(f"{len(taxa)} taxa have both images and an anchor")
    if len(taxa) > MAX_TAXA:
        return plot_notice(f"{len(taxa):,} taxa are too many to lay out, at most {MAX_TAXA:,}")
    members = group_of_each(taxa, groups)
    styles = group_styles(members, groups)
    shown = paths.reindex(taxa).dropna() if len(taxa) <= MAX_NAMED else paths[:0]
    photographs = read_photographs(shown, background, max_pixels)
    n_rows = -(-len(styles) // 5)
    size = (_SIDE * len(spaces), _SIDE + 1.0 + 0.2 * n_rows)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(1, len(spaces), squeeze=False)[0]
    laid_out = {}
    for axes, (space, vectors) in zip(panels, spaces.items(), strict=True):
        places = laid_out[space] = lay_out(vectors)
        for one, other in neighbouring_pairs(places):
            axes.plot(*places[[one, other]].T, c="0.8", lw=0.7, zorder=1)
        axes.set_title(f"{_title(scores, space, aligned)} ({len(taxa)} taxa)")
        axes.text(
            0.5,
            -0.01,
            "\n".join(spacing_in_words(scores, space, str(groups.name))),
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=9,
        )
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
    drawn = list(zip(panels, laid_out.items(), strict=True))
    side = photograph_side([in_points(axes, places) for axes, (_, places) in drawn])
    for axes, (_, places) in drawn:
        for taxon, place, group in zip(taxa, places, members, strict=True):
            draw_taxon(axes, place, styles[group], photographs.get(taxon), side)
    if len(taxa) <= MAX_NAMED:
        extents = [extent(photographs.get(taxon), side) for taxon in taxa]
        for axes, (space, places) in drawn:
            n_named = write_names(axes, taxa, places, extents)
            if n_named < len(taxa):
                axes.set_title(
                    f"{_title(scores, space, aligned)} ({len(taxa)} taxa, {n_named} named)"
                )
    elif len(styles) > len(HUES):  # hues recur, and small groups share a grey
        for axes, (_, places) in drawn:
            write_at_middles(axes, places, members, {UNKNOWN, UNPLACED})
    return figure


def spacing_in_words(scores: pd.DataFrame, space: str, rank: str) -> list[str]:
    """Say the scores of a space, a line each, with what their nulls give.

    Parameters
    ----------
    scores
        Columns of the contract; evaluators are spaces.
    space
        One of them.
    rank
        Of the groups.
    """
    of_space = scores[scores["evaluator"] == space]
    own, nulls = (
        of_role(of_space, role).set_index("metric").to_dict("index") for role in (SCORE, EXPECTED)
    )
    lines = []
    if row := own.get("evenness"):
        null = nulls["evenness"]
        lines.append(
            f"evenness {row['value']:.2f}; random directions {null['value']:.2f} "
            f"({null['ci_low']:.2f}–{null['ci_high']:.2f})"
        )
    if row := own.get("nearest_same_group"):
        null = nulls["nearest_same_group"]
        lines.append(
            f"nearest taxon of the same {rank}: {100 * row['value']:.0f} % of {row['n']:.0f} taxa; "
            f"dealt anew {100 * null['value']:.0f} %, p = {row['p']:.2g}"
        )
    return lines


def _title(scores: pd.DataFrame, space: str, aligned: Mapping[str, bool]) -> str:
    """Return a space with the name of its variant or anchors, marked where it is not aligned."""
    own = scores[scores["evaluator"] == space]
    names = [*own["variant"].dropna(), *own["anchors"].dropna()]
    if not names:
        return space
    still = " (not aligned)" if aligned.get(names[0]) is False else ""
    return f"{space}: {names[0].replace('_', ' ')}{still}"
