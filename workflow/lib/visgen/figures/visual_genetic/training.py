"""How networks learned to recognise, and how images were drawn towards anchors, by epoch."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.figures.visual_genetic.sizes import label_sizes

_PHASES = {"network": (COLOURS[0], "o", "all layers"), "head": (COLOURS[1], "s", "head alone")}
_OWN, _OTHER = COLOURS[0], COLOURS[1]
_COLUMNS, _WIDTH, _HEIGHT = 4, 3.1, 2.5  # panels a row; inches of a panel


def plot_training(
    histories: Mapping[str, pd.DataFrame],
    norms: Mapping[str, pd.DataFrame],
    alignments: Mapping[str, pd.DataFrame],
) -> Figure:
    """Draw losses and head weights of every regime, and cosines of every aligned variant.

    Parameters
    ----------
    histories
        By regime: seed, phase (network or head), epoch, loss.
    norms
        By regime: seed, phase, epoch, taxon, n_images, norm (of the taxon's row of the head);
        the last epoch of each phase is drawn.
    alignments
        By variant: seed, permutation (0 real), epoch, part, own_cosine, nearest_other_cosine;
        the validation part is drawn, the training part where there is none; seeds are averaged.
    """
    trained = [name for name, table in histories.items() if len(table)]
    n_columns = min(_COLUMNS, max(len(trained), len(alignments)))
    if n_columns == 0:
        return plot_notice("no network was trained and no variant aligned")
    n_blocks = -(-len(trained) // n_columns)
    n_rows = 2 * n_blocks - (-len(alignments) // n_columns)
    figure = Figure(figsize=(_WIDTH * n_columns, _HEIGHT * n_rows + 1.1), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for i, name in enumerate(trained):
        row, column = divmod(i, n_columns)
        _draw_losses(_open(grid[2 * row, column], f"{name}: loss"), histories[name])
        _draw_norms(_open(grid[2 * row + 1, column], f"{name}: head weights"), norms[name])
    for i, (name, table) in enumerate(alignments.items()):
        row, column = divmod(i, n_columns)
        title = name.replace("_", " ")
        _draw_cosines(_open(grid[2 * n_blocks + row, column], title), table)
    figure.legend(
        handles=_legend(bool(trained), alignments),
        loc="outside lower center",
        ncols=min(n_columns, 3),
        frameon=False,
        fontsize=9,
    )
    return figure


def _open(axes: Axes, title: str) -> Axes:
    axes.set_axis_on()
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return axes


def _draw_losses(axes: Axes, history: pd.DataFrame) -> None:
    """Draw a line a seed; the head's epochs follow those of the network."""
    for _, table in history.groupby("seed"):
        start = 0
        for phase, (colour, _, _) in _PHASES.items():
            of_phase = table[table["phase"] == phase]
            axes.plot(start + of_phase["epoch"], of_phase["loss"], c=colour, lw=1.2)
            start += of_phase["epoch"].max() if len(of_phase) else 0
    axes.set_xlabel("epoch", fontsize=8)
    _start_at_zero(axes)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _draw_norms(axes: Axes, norms: pd.DataFrame) -> None:
    """Draw a mark a taxon, the mean over seeds at the last epoch of a phase."""
    for phase, (colour, marker, _) in _PHASES.items():
        of_phase = norms[norms["phase"] == phase]
        last = of_phase[of_phase["epoch"] == of_phase["epoch"].max()]
        mean = last.groupby("taxon")[["n_images", "norm"]].mean()
        axes.plot(mean["n_images"], mean["norm"], marker, c=colour, ms=4, alpha=0.7, mew=0)
    axes.set_xscale("log")
    label_sizes(axes)
    _start_at_zero(axes)
    axes.set_xlabel("training images of the taxon", fontsize=8)
    axes.set_ylabel("norm", fontsize=8)


def _start_at_zero(axes: Axes) -> None:
    """Leave room above marks that are all alike, which the axis would cut off."""
    axes.set_ylim(0, 1.08 * axes.dataLim.ymax)


def _draw_cosines(axes: Axes, history: pd.DataFrame) -> None:
    """Draw cosines to the own and the nearest other anchor, permuted runs thin and grey."""
    part = "val" if (history["part"] == "val").any() else "train"
    columns = ["own_cosine", "nearest_other_cosine"]
    of_part = history[history["part"] == part]
    mean = of_part.groupby(["permutation", "epoch"])[columns].mean()
    for permutation, table in mean.groupby("permutation"):
        epochs = table.index.get_level_values("epoch")
        for column, colour, line in zip(columns, (_OWN, _OTHER), ("-", "--"), strict=True):
            style = {"c": colour, "lw": 1.7, "zorder": 3}
            if permutation > 0:
                style = {"c": "0.75", "lw": 0.5, "zorder": 1}
            axes.plot(epochs, table[column], ls=line, **style)
    axes.set_xlabel("epoch", fontsize=8)
    axes.set_ylabel(f"cosine, {part} images", fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _legend(trained: bool, alignments: Mapping[str, pd.DataFrame]) -> list[Line2D]:
    """Return an entry for each kind of mark that is drawn."""
    entries = []
    if trained:
        entries += [
            Line2D([], [], c=colour, marker=marker, ms=4, lw=1.2, label=f"trained: {words}")
            for colour, marker, words in _PHASES.values()
        ]
    if alignments:
        entries += [
            Line2D([], [], c=_OWN, lw=1.7, label="aligned: cosine to the own anchor"),
            Line2D([], [], c=_OTHER, lw=1.7, ls="--", label="to the nearest other anchor"),
        ]
    if any((table["permutation"] > 0).any() for table in alignments.values()):
        entries.append(Line2D([], [], c="0.75", lw=0.8, label="the same, anchors permuted"))
    return entries
