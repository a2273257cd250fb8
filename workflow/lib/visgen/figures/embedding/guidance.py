"""How the losses of guided variants fell, beside those of predictors that know nothing."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice

_FITTED, _WATCHED, _KEPT = COLOURS[0], COLOURS[1], "0.2"
#: Column of the fit: (what it is called, line).
_CONSTANTS = {
    "loss_of_zero": ("a similarity of 0 for all pairs", ":"),
    "loss_of_constant": ("the best constant", "--"),
}
_ALIKE = ("a similarity of 0, the best constant", "-.")
_WIDEST = 3  # panels in a row
_FAR = 3.0  # losses beyond so many times all the others are cut, and the panel says so
_LETTERS = 44  # of a panel's title


def plot_guidance(
    histories: Mapping[str, pd.DataFrame], fits: Mapping[str, Mapping[str, Any]]
) -> Figure:
    """Draw the loss of each guided variant by epoch, a panel a variant, each on its own axis.

    Without a variant that was fitted the figure says so.

    Parameters
    ----------
    histories
        By variant: epoch (0: before fitting), loss, watched_loss (null where none is watched),
        kept.
    fits
        By variant: n_known, n_watched, loss_of_zero, loss_of_constant; of the same fit. Histories
        without one are not drawn, and those of others not asked for.

    Notes
    -----
    The constants are losses over the pairs that are fitted; those of watched taxa are other
    pairs, whose loss can lie lower or higher for that alone.
    """
    histories = {name: history for name, history in histories.items() if name in fits}
    fits = {name: fits[name] for name in histories}
    if not histories:
        return plot_notice("too few taxa to be guided by")
    n_columns = min(_WIDEST, len(histories))
    n_rows = -(-len(histories) // n_columns)
    size = (max(4.0 * n_columns, 7.0), 3.1 * n_rows + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in panels[len(histories) :]:
        axes.remove()
    for axes, (variant, history) in zip(panels, histories.items(), strict=False):
        _draw_losses(axes, history, fits[variant])
        axes.set_title(_title(variant, history, fits[variant]), loc="left", fontsize=9)
    figure.legend(
        handles=_legend(list(fits.values())),
        loc="outside lower center",
        ncols=min(n_columns + 1, 3),
        frameon=False,
    )
    return figure


def _draw_losses(axes: Axes, history: pd.DataFrame, fit: Mapping[str, Any]) -> None:
    """Draw one fit: its losses, the epoch that was kept and the constants."""
    kept = history[history["kept"]].iloc[0]
    for column, colour, marker in (("loss", _FITTED, "o"), ("watched_loss", _WATCHED, "s")):
        if history[column].isna().all():
            continue
        axes.plot(history["epoch"], history[column], "-", color=colour, lw=1.5, zorder=3)
        axes.plot(kept["epoch"], kept[column], marker, color=colour, ms=6, zorder=4)
    axes.axvline(kept["epoch"], color=_KEPT, lw=0.8, zorder=1)
    for level, (_, line) in _levels(fit).items():
        axes.axhline(level, color="0.45", ls=line, lw=1.2, zorder=2)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.08)
    _cut(axes, history, fit)


def _levels(fit: Mapping[str, Any]) -> dict[float, tuple[str, str]]:
    """Return name and line of the constants by their loss: one where both lose the same."""
    zero, best = (fit[column] for column in _CONSTANTS)
    if np.isclose(zero, best, rtol=1e-6):
        return {best: _ALIKE}
    return {fit[column]: entry for column, entry in _CONSTANTS.items()}


def _cut(axes: Axes, history: pd.DataFrame, fit: Mapping[str, Any]) -> None:
    """Leave losses of watched taxa that run away out of the axis, and say how far they run."""
    column = history["watched_loss"]
    rest = [*history["loss"], *(fit[name] for name in _CONSTANTS), column.iloc[0]]
    least, most = np.nanmin(rest), np.nanmax(rest)
    if column.max() > most + _FAR * (most - least):
        axes.set_ylim(top=most + 0.5 * (most - least))
        note = f"watched: up to {column.max():.3g}"
        axes.annotate(
            note,
            (1, 1),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            color=_WATCHED,
            fontsize=8,
        )


def _title(variant: str, history: pd.DataFrame, fit: Mapping[str, Any]) -> str:
    kept = history[history["kept"]].iloc[0]
    first = history.iloc[0]
    n_watched = int(fit["n_watched"])
    words = f"{first['loss']:.4g} → {kept['loss']:.4g} at epoch {int(kept['epoch'])}"
    taxa = f"{int(fit['n_known'])} taxa, {n_watched or 'none'} of them watched"
    return "\n".join([fill(variant.replace("_", " "), _LETTERS), words, taxa])


def _legend(fits: Sequence[Mapping[str, Any]]) -> list[Line2D]:
    """Return one entry for each kind of mark that is drawn."""
    constants = dict.fromkeys(entry for fit in fits for entry in _levels(fit).values())
    return [
        Line2D([], [], color=_FITTED, lw=1.5, marker="o", label="pairs that are fitted"),
        Line2D([], [], color=_WATCHED, lw=1.5, marker="s", label="pairs of watched taxa"),
        Line2D([], [], color=_KEPT, lw=0.8, label="epoch that was kept"),
        *(Line2D([], [], color="0.45", ls=line, label=name) for name, line in constants),
    ]
