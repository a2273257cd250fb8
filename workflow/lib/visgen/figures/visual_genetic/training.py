"""How networks learned to recognise, by epoch, and how images came to anchors, by step."""

from collections.abc import Mapping, Sequence, Set

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.figures.visual_genetic.sizes import label_sizes
from visgen.names import shortened
from visgen.visual_genetic.recognition.alignment import COSINES

_PHASES = {"network": (COLOURS[0], "o", "all layers"), "head": (COLOURS[1], "s", "head alone")}
_OWN, _OTHER = COSINES
_COSINES = {_OWN: (COLOURS[0], "-"), _OTHER: (COLOURS[1], "--")}
_PARTS = {"train": "training", "val": "validation"}
_ENTROPIES = {"train": ":", "val": "-"}
_COLUMNS, _WIDTH, _HEIGHT = 4, 3.1, 2.5  # panels a row; inches of a panel
_LEAST, _TITLE = 4.2, 36  # inches of a figure, letters


def plot_training(
    histories: Mapping[str, pd.DataFrame],
    norms: Mapping[str, pd.DataFrame],
    learning: Mapping[str, pd.DataFrame],
    aligned: Mapping[str, bool],
) -> Figure:
    """Draw losses and head weights of every regime, and stage 2 of every variant that learns there.

    Parameters
    ----------
    histories
        By regime: seed, phase (network or head), epoch, loss.
    norms
        By regime: seed, phase, epoch, taxon, n_images, norm (of the taxon's row of the head);
        the last epoch of each phase is drawn.
    learning
        By variant: seed, permutation (0 real), step, part, cross_entropy, own_cosine,
        nearest_other_cosine. Cosines are drawn where it is aligned, of the validation part, or of
        the training part where there is none; else the cross-entropy. Seeds are averaged.
    aligned
        As `visgen.visual_genetic.recognition.alignment.find_aligned` returns it.
    """
    trained = [name for name, table in histories.items() if len(table)]
    drawn = {name: table for name, table in learning.items() if len(table)}
    n_columns = min(_COLUMNS, max(2 * len(trained), len(drawn)))
    if n_columns == 0:
        return plot_notice("no network was trained and no variant aligned")
    pairs_a_row = max(1, n_columns // 2)
    n_above = -(-len(trained) // pairs_a_row)
    n_rows = n_above - (-len(drawn) // n_columns)
    phases = {phase for name in trained for phase in histories[name]["phase"]}
    entries, of_legend = _legend(phases, drawn), max(1, n_columns - 1)
    height = _HEIGHT * n_rows + 0.5 + 0.2 * -(-len(entries) // of_legend)
    size = (max(_LEAST, _WIDTH * n_columns), height)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for i, name in enumerate(trained):
        row, pair = divmod(i, pairs_a_row)
        _draw_losses(_open(grid[row, 2 * pair], f"{name}: loss"), histories[name])
        _draw_norms(_open(grid[row, 2 * pair + 1], f"{name}: head weights"), norms[name])
    of_cosines = []
    for i, (name, table) in enumerate(drawn.items()):
        row, column = divmod(i, n_columns)
        axes, title = grid[n_above + row, column], name.replace("_", " ")
        if table[_OWN].isna().all():
            _draw_cross_entropy(_open(axes, shortened(title, _TITLE)), table)
            continue
        still = name in aligned and not aligned[name]
        title = f"{shortened(title, _TITLE // 2)}: not aligned" if still else title
        _draw_cosines(_open(axes, shortened(title, _TITLE)), table)
        of_cosines.append(axes)
    _share_heights(of_cosines)
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=of_legend,
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
    """Draw cosines to the own and the nearest other anchor; of permuted runs where they end."""
    part = "val" if (history["part"] == "val").any() else "train"
    of_part = history[history["part"] == part]
    mean = of_part.groupby(["permutation", "step"])[[_OWN, _OTHER]].mean()
    end = history["step"].max()
    real, last = mean.xs(0, level="permutation"), mean.xs(end, level="step")
    permuted = last.drop(index=0)
    for i, (column, (colour, line)) in enumerate(_COSINES.items()):
        axes.plot(real.index, real[column], c=colour, ls=line, lw=1.7, zorder=3)
        if len(permuted):
            place, low, high = end * (1.05 + 0.06 * i), *permuted[column].agg(["min", "max"])
            axes.plot([place] * 2, [low, high], c=colour, lw=4, alpha=0.3, solid_capstyle="butt")
            axes.plot(place, permuted[column].mean(), "_", c=colour, ms=7, mew=1.5)
    _label_steps(axes, f"cosine, {_PARTS[part]} images")


def _share_heights(panels: Sequence[Axes]) -> None:
    """Give panels one axis of cosines, so that they can be compared."""
    limits = [axes.get_ylim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))


def _draw_cross_entropy(axes: Axes, history: pd.DataFrame) -> None:
    """Draw the cross-entropy of training and of validation images."""
    mean = history.groupby(["part", "step"])["cross_entropy"].mean()
    for part, line in _ENTROPIES.items():
        if part in mean.index.get_level_values("part"):
            of_part = mean.xs(part, level="part")
            axes.plot(of_part.index, of_part, c="0.2", ls=line, lw=1.4)
    _start_at_zero(axes)
    _label_steps(axes, "cross-entropy")


def _label_steps(axes: Axes, what: str) -> None:
    axes.set_xlabel("step of stage 2", fontsize=8)
    axes.set_ylabel(what, fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _legend(phases: Set[str], learning: Mapping[str, pd.DataFrame]) -> list[Line2D | Patch]:
    """Return an entry for each kind of mark that is drawn."""
    entries: list[Line2D | Patch] = [
        Line2D([], [], c=colour, marker=marker, ms=4, lw=1.2, label=f"trained: {words}")
        for phase, (colour, marker, words) in _PHASES.items()
        if phase in phases
    ]
    alignments = [table for table in learning.values() if table[_OWN].notna().any()]
    if alignments:
        words = ("aligned: cosine to the own anchor", "to the nearest other anchor")
        entries += [
            Line2D([], [], c=colour, ls=line, lw=1.7, label=label)
            for (colour, line), label in zip(_COSINES.values(), words, strict=True)
        ]
    if any((table["permutation"] > 0).any() for table in alignments):
        label = "the same at the end, anchors permuted"
        entries.append(Patch(color="0.75", lw=0, label=label))
    if len(alignments) < len(learning):
        words = "without anchors: cross-entropy, {} images"
        entries += [
            Line2D([], [], c="0.2", ls=line, lw=1.4, label=words.format(_PARTS[part]))
            for part, line in _ENTROPIES.items()
        ]
    return entries
