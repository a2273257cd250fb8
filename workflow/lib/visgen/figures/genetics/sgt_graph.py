"""The sequence graph transform of one sequence as a graph of its symbols."""

from textwrap import fill

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from visgen.figures.matrices import plot_notice, settled
from visgen.genetics.vectors.files import SequenceVectors
from visgen.names import shortened

#: Of more symbols than this those that are connected most are drawn.
MAX_SYMBOLS = 16
#: Steps that are drawn for each symbol, on average.
STEPS_A_SYMBOL = 3
_SIDE = 5.6  # inches
_LETTERS = 78  # of a line of the title
_NODE = 14  # points: from the middle of a symbol to the tips of arrows
_THIN, _THICK = 0.5, 3.0  # points: of arrows
_BEND = 0.18  # of the arrows' length, so that both directions of a pair are seen
_LOOP = 0.06  # radians on either side of a symbol, where its loop begins and ends
_OUTSIDE = 1.09  # of the radius: where it does so
_POINTED = 2.8  # of the distance of its ends: how far a loop reaches out


def plot_sgt_graph(vectors: SequenceVectors) -> Figure:
    """Draw the transform of one sequence: symbols on a circle, the strongest steps as arrows.

    An arrow from one symbol to another is the value of the transform for this ordered pair, an
    arrow from a symbol to itself that of its repeats. The sequence is that of `example_sequence`.

    Parameters
    ----------
    vectors : SequenceVectors
        Of the sequence graph transform, features such as ``AC>GT``.

    Returns
    -------
    matplotlib.figure.Figure
        Of more than `MAX_SYMBOLS` symbols those with the largest sum of steps from and to them are
        drawn, and the title says so. `STEPS_A_SYMBOL` times as many steps are drawn as symbols;
        steps of value 0, which the sequence does not have, never are.
    """
    place = example_sequence(vectors)
    values = step_values(vectors.features, vectors.values[place])
    drawn = most_connected(values, MAX_SYMBOLS)
    arrows = strongest_steps(drawn, STEPS_A_SYMBOL * len(drawn))
    taxon = vectors.taxa[place]
    if arrows.empty:
        return plot_notice(f"{shortened(vectors.names[place])}: no pair of symbols occurs in it")
    figure = Figure(figsize=(_SIDE + 1.1, _SIDE + 0.4), layout="constrained")
    axes = figure.subplots()
    scale, colours = Normalize(*arrows["value"].agg(["min", "max"])), _visible("YlGnBu")
    angles = dict(zip(drawn.index, _around(len(drawn)), strict=True))
    for step in arrows.iloc[::-1].itertuples():  # strong ones last, over weak ones
        share = float(scale(step.value))
        style = {"color": colours(share), "lw": _THIN + share * (_THICK - _THIN), "zorder": 1}
        _draw_arrow(axes, angles[step.earlier], angles[step.later], style)
    for symbol, angle in angles.items():
        axes.annotate(
            symbol,
            _on_circle(angle, 1),
            ha="center",
            va="center",
            fontsize=9,
            bbox={"boxstyle": "circle,pad=0.35", "fc": "white", "ec": "0.3", "lw": 0.9},
            zorder=3,
        )
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    axes.axis("off")
    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, shrink=0.6, aspect=30, pad=0.01)
    bar.set_label("value of the transform", fontsize=8.5)
    bar.ax.tick_params(labelsize=7.5)
    bar.outline.set_visible(False)
    words = [f"{shortened(vectors.names[place])}, {shortened(taxon)}"]
    words.append(f"the {len(arrows)} strongest of {len(drawn) ** 2} steps between symbols")
    if len(drawn) < len(values):
        words.append(f"{len(drawn)} of {len(values)} symbols, those connected most")
    title = "\n".join(fill(part, _LETTERS) for part in (words[0], "; ".join(words[1:])))
    axes.set_title(title, loc="left", fontsize=9)
    return settled(figure)


def example_sequence(vectors: SequenceVectors) -> int:
    """Return the place of the first sequence of the taxon with most, of equals the first by name.

    Examples
    --------
    >>> names, taxa = np.array(["s1", "s2", "s3"]), np.array(["Arca", "Ostrea", "Ostrea"])
    >>> example_sequence(SequenceVectors(names, taxa, np.array(["A>A"]), np.ones((3, 1))))
    1
    """
    _, first, sizes = np.unique(vectors.taxa, return_index=True, return_counts=True)
    return int(first[np.argmax(sizes)])


def step_values(features: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    """Return the values of one sequence as a square.

    Parameters
    ----------
    features : ndarray of str, (n_symbols ** 2,)
        Such as ``AC>GT``.
    values : ndarray, (n_symbols ** 2,)
        The value of each.

    Returns
    -------
    DataFrame, (n_symbols, n_symbols)
        Earlier symbols as index, later ones as columns, both in one order.
    """
    earlier, later = zip(*(feature.split(">") for feature in features.tolist()), strict=True)
    steps = pd.DataFrame({"earlier": earlier, "later": later, "value": values})
    return steps.pivot_table("value", "earlier", "later")


def most_connected(values: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the square of the symbols with the largest sums of steps from and to them.

    Parameters
    ----------
    values : DataFrame
        As `step_values` returns it.
    most : int
        Number of symbols at most; of equal ones the first are taken.
    """
    sums = values.sum(axis=1) + values.sum()
    chosen = sums.nlargest(most).index
    kept = [symbol for symbol in values.index if symbol in chosen]
    return values.loc[kept, kept]


def strongest_steps(values: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the steps with the largest values, the strongest first.

    Parameters
    ----------
    values : DataFrame
        As `step_values` returns it.
    most : int
        Number of steps at most.

    Returns
    -------
    DataFrame
        Columns earlier, later, value; values above 0 only.
    """
    steps = values.rename_axis(index="earlier").reset_index()
    steps = steps.melt("earlier", var_name="later", value_name="value")
    return steps[steps["value"] > 0].nlargest(most, "value").reset_index(drop=True)


def _around(n: int) -> np.ndarray:
    """Return angles in radians, the first on top, clockwise."""
    return np.pi / 2 - 2 * np.pi * np.arange(n) / n


def _on_circle(angle: float, radius: float) -> tuple[float, float]:
    return radius * float(np.cos(angle)), radius * float(np.sin(angle))


def _draw_arrow(axes: Axes, earlier: float, later: float, style: dict) -> None:
    """Draw a step between the symbols at two angles; one to itself is a loop outside the circle."""
    if earlier == later:
        ends = [_on_circle(earlier + side * _LOOP, _OUTSIDE) for side in (1, -1)]
        bend, shrink = -_POINTED, 0
    else:
        ends, bend, shrink = [_on_circle(angle, 1) for angle in (earlier, later)], _BEND, _NODE
    axes.add_patch(
        FancyArrowPatch(
            *ends,
            arrowstyle="-|>",
            mutation_scale=4 + 2.5 * style["lw"],
            connectionstyle=f"arc3,rad={bend}",
            shrinkA=shrink,
            shrinkB=shrink,
            **style,
        )
    )


def _visible(name: str) -> Colormap:
    """Return a colour map without its pale end, which is not seen on white."""
    return ListedColormap(mpl.colormaps[name](np.linspace(0.3, 1, 256)))
