"""Maps of sequences: vectors in the plane, near ones near, coloured by the rank above."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from visgen.figures.free_places import write_at_middles
from visgen.figures.group_bars import HUES
from visgen.figures.group_styles import (
    UNKNOWN,
    UNPLACED,
    Style,
    group_of_each,
    group_styles,
    legend_entries,
)
from visgen.figures.matrices import plot_notice
from visgen.genetics.vectors.files import SequenceVectors
from visgen.machine.threads import one_thread

#: More sequences than this are sampled: t-SNE takes minutes and the points cover each other.
MAX_DRAWN = 5000
MIN_DRAWN = 5
_MAX_PERPLEXITY = 30
_SEED = 1
_PANEL = 5.2  # inches


def plot_sequence_map(vectors: Mapping[str, SequenceVectors], groups: pd.Series) -> Figure:
    """Draw a map of the sequences for each kind of vector, side by side, by `map_vectors`.

    Parameters
    ----------
    vectors : mapping of str to SequenceVectors
        Title of each panel and its vectors, all of the same sequences.
    groups : Series
        What decides the colour of each taxon (index), null for a gap; its name is the legend's
        title. Taxa that it lacks are drawn as not in the study.

    Returns
    -------
    matplotlib.figure.Figure
        Of more than `MAX_DRAWN` sequences a sample is drawn, and the title says so.

    Raises
    ------
    ValueError
        If the vectors are not of the same sequences.
    """
    first = next(iter(vectors.values()))
    places = {title: _places(title, first.names, each.names) for title, each in vectors.items()}
    if len(first.names) < MIN_DRAWN:
        return plot_notice(f"{len(first.names)} sequences: too few for a map")
    chosen = np.sort(sample_sequences(first.taxa, MAX_DRAWN, _SEED))
    members = group_of_each(first.taxa[chosen], groups)
    styles = group_styles(members, groups)
    # Columns that hold the longest label across the figure, 12 letters an inch.
    longest = max(len(style.label) for style in styles.values())
    n_columns = int(np.clip(12 * _PANEL * len(vectors) // (longest + 8), 1, 5))
    n_rows = -(-len(dict.fromkeys(styles.values())) // n_columns)
    height = _PANEL + 0.9 + 0.19 * n_rows
    figure = Figure(figsize=(_PANEL * len(vectors), height), layout="constrained")
    panels = figure.subplots(1, len(vectors), squeeze=False)[0]
    maps = {}
    for axes, (title, each) in zip(panels, vectors.items(), strict=True):
        values = each.values[places[title][chosen]]
        axes.set_title(f"{title} ({values.shape[1]:,} values)", loc="left")
        if np.ptp(values, axis=0).any():
            maps[axes] = map_vectors(values, _SEED)
            _draw_points(axes, maps[axes], members, styles)
        else:
            axes.text(0.5, 0.5, "all vectors are the same", transform=axes.transAxes, ha="center")
        axes.set(xticks=[], yticks=[], box_aspect=1)
        axes.spines[:].set_color("0.8")
    figure.suptitle(_title(first, chosen), fontsize=11)
    figure.legend(
        handles=legend_entries(styles, 7),
        title=f"{groups.name} (sequences)",
        loc="outside lower center",
        ncols=n_columns,
        frameon=False,
        fontsize=8.5,
    )
    if len(styles) > len(HUES):  # hues recur, and small groups share a grey
        figure.draw_without_rendering()  # settles where points lie
        for axes, points in maps.items():
            write_at_middles(axes, points, members, {UNKNOWN, UNPLACED})
    return figure


def map_vectors(values: np.ndarray, seed: int) -> np.ndarray:
    """Lay vectors out in the plane by t-SNE of their cosine distances, from their PCA.

    t-SNE (van der Maaten & Hinton 2008) keeps neighbours; the size of clusters and the distance
    between far ones mean nothing. It runs in one thread: sums in another order would end in
    another map.

    Parameters
    ----------
    values : ndarray, (n_sequences, n_features)
        At least two rows that differ.
    seed : int
        Of the layout.

    Returns
    -------
    ndarray of float32, (n_sequences, 2)
        Without unit. The perplexity is 30, or a third of the other sequences where that is less.
    """
    perplexity = min(_MAX_PERPLEXITY, (len(values) - 1) / 3)
    layout = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=seed)
    with one_thread():
        return layout.fit_transform(values)


def sample_sequences(taxa: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Choose sequences at random, one of every taxon before any second.

    Parameters
    ----------
    taxa : ndarray of str, (n_sequences,)
        The taxon of each sequence.
    size : int
        How many to choose at most.
    seed : int
        Of the choice.

    Returns
    -------
    ndarray of int
        Places in `taxa`; of more taxa than `size` some have no sequence in it.
    """
    shuffled = np.random.default_rng(seed).permutation(len(taxa))
    later = pd.Series(taxa[shuffled]).duplicated().to_numpy()
    return shuffled[np.argsort(later, kind="stable")][:size]


def _places(title: str, names: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return where each of the names is among a panel's own."""
    places = pd.Index(own).get_indexer(names)
    if len(own) != len(names) or (places < 0).any():
        lacking = sorted(set(names) ^ set(own))
        raise ValueError(
            f"the vectors of {title!r} are of {len(own)} sequences, expected the same "
            f"{len(names)} as in the first panel; not in both: {lacking[:5]}"
        )
    return places


def _draw_points(
    axes: Axes, points: np.ndarray, members: list[str], styles: dict[str, Style]
) -> None:
    """Draw a mark a sequence, the groups without colours below the others."""
    size = float(np.clip(9000 / len(points), 9, 40))
    alpha = 0.6 if len(points) > 100 else 0.9
    of_each = np.array([list(styles).index(member) for member in members])
    for number, style in reversed(list(enumerate(styles.values()))):
        own = points[of_each == number]
        axes.scatter(*own.T, s=size, c=style.colour, marker=style.marker, alpha=alpha, lw=0)


def _title(vectors: SequenceVectors, chosen: np.ndarray) -> str:
    """Return how many sequences and taxa are drawn, and of how many."""
    n, n_taxa = len(vectors.taxa), len(set(vectors.taxa))
    if len(chosen) == n:
        return f"{n:,} sequences of {n_taxa:,} taxa: near ones have alike vectors"
    n_drawn = len(set(vectors.taxa[chosen]))
    of_taxa = (
        f"of all {n_taxa:,} taxa" if n_drawn == n_taxa else f"of {n_drawn:,} of {n_taxa:,} taxa"
    )
    return (
        f"{len(chosen):,} of {n:,} sequences, drawn at random, {of_taxa}: "
        "near ones have alike vectors"
    )
