"""Phylogenetic against visual distance, pair by pair: fitted taxa and held-out ones apart."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from visgen.embedding.held_out.scoring import Fold, pairs_of
from visgen.figures.colours import COLOURS
from visgen.figures.matrices import plot_notice
from visgen.metrics import SCORE, of_role

MAX_POINTS = 5000  # more pairs are drawn as hexagons
#: Part: (what its pairs are, colour, colour map of hexagons).
_PARTS = {
    "known_known": ("known × known", "0.35", "Greys"),
    "held_out_held_out": ("held-out × held-out", COLOURS[0], "Blues"),
    "held_out_known": ("held-out × known", COLOURS[2], "Greens"),
}
_X = "phylogenetic distance"
_KINDS = {"tips": "random tips held out", "clades": "whole clades held out"}


def plot_held_out_pairs(
    kinds: Mapping[str, Sequence[Fold]], scores: pd.DataFrame, *, fitted: bool
) -> Figure:
    """Draw all pairs of all folds: a row a kind of held-out taxa, a panel a part.

    Parameters
    ----------
    kinds
        Folds of one variant by kind; the kinds that were left out are lacking.
    scores
        Columns of the contract, of this variant: evaluators ``held_out_<kind>``. What has no p
        but n_permutations is a mean over so many draws, of which the first is drawn.
    fitted
        Whether vectors were fitted to the distances between known taxa.

    Notes
    -----
    Each fold has vectors of its own, so visual distances are drawn as departures from the mean
    over the fold's pairs of that part, in standard deviations of these. A pair of known taxa is
    there once for each fold that knows both.
    """
    if not kinds:
        return plot_notice("too few taxa, or distances too equal, to hold any out")
    pooled = of_role(scores[scores["fold"].isna()], SCORE)
    figure = Figure(figsize=(12.5, 4.1 * len(kinds) + 0.2), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.12)
    panels = figure.subplots(len(kinds), len(_PARTS), squeeze=False, sharex=True, sharey=True)
    for row, (kind, folds) in zip(panels, kinds.items(), strict=True):
        of_kind = pooled[pooled["evaluator"] == f"held_out_{kind}"]
        for axes, part in zip(row, _PARTS, strict=True):
            here = of_kind[of_kind["part"] == part].set_index("metric")
            _draw_part(axes, *departures(folds, part), part)
            axes.set_title(_title(here, part, fitted=fitted), loc="left", fontsize=9)
            axes.tick_params(labelbottom=True)
        row[0].set_ylabel(
            f"{_KINDS[kind]}\n\nvisual distance: spreads of the fold's pairs\nabove their mean"
        )
    return figure


def departures(folds: Sequence[Fold], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of all pairs of a part, fold by fold.

    Returns
    -------
    genetic
        (n_pairs,), phylogenetic distances as they are.
    visual
        (n_pairs,), visual distances less their mean over the fold's pairs of the part, divided by
        their standard deviation; 0 where they are all equal.
    """
    genetic, visual = [], []
    for fold in folds:
        values = pairs_of(fold.visual, fold.held_out, part).ravel()
        if not len(values):
            continue
        spread = values.std()
        centred = values - values.mean()
        visual.append(centred / spread if spread > 0 else np.zeros(len(values)))
        genetic.append(pairs_of(fold.genetic, fold.held_out, part).ravel())
    return (np.concatenate(genetic), np.concatenate(visual)) if genetic else (np.empty(0),) * 2


def _draw_part(axes: Axes, genetic: np.ndarray, visual: np.ndarray, part: str) -> None:
    """Draw points, or hexagons where points would hide each other."""
    _, colour, colour_map = _PARTS[part]
    axes.set_xlabel(_X)
    if not len(genetic):
        axes.text(0.5, 0.5, "no pairs", transform=axes.transAxes, ha="center", color="0.4")
    elif len(genetic) > MAX_POINTS:
        axes.hexbin(
            genetic, visual, gridsize=(40, 30), bins="log", cmap=colour_map, mincnt=1, lw=0.2
        )
        axes.set_xlabel(f"{_X} (the darker, the more pairs)")
    else:
        axes.scatter(
            genetic,
            visual,
            s=float(np.clip(4000 / len(genetic), 5, 20)),
            alpha=float(np.clip(400 / len(genetic), 0.15, 0.6)),
            color=colour,
            linewidths=0,
            rasterized=True,
        )
    axes.axhline(0, color="0.8", lw=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)


def _title(scores: pd.DataFrame, part: str, *, fitted: bool) -> str:
    """Return what the pairs are and the pooled scores over folds, with limits and p."""
    name, _, _ = _PARTS[part]
    n_draws = _n_draws(scores)
    if n_draws:
        name += f": the first of {n_draws} draws" if n_draws > 1 else ": one draw"
    if part == "known_known":
        r = f"{scores['value'].get('pearson', np.nan):.3f}".replace("-", "−")
        if n_draws > 1:
            r += ", mean of all"
        return f"{name}: fitted, proves nothing\nr = {r}" if fitted else f"{name}\nr = {r}"
    lines = [f"{name}: not fitted" if fitted else name]
    untested = "mean of all" if n_draws > 1 else "not tested"
    # Centred: less the means of rows and columns of the block, as the table of scores has it.
    for metric, label in (("pearson", "r"), ("pearson_double_centred", "centred r")):
        if metric in scores.index:
            lines.append(_in_words(label, scores.loc[metric], untested))
    return "\n".join(lines)


def _in_words(label: str, score: pd.Series, untested: str) -> str:
    words = f"= {score['value']:.3f}"
    if pd.notna(score["ci_low"]):
        words += f" ({score['ci_low']:.3f} to {score['ci_high']:.3f})"
    tested = f"p = {score['p']:.2g}" if pd.notna(score["p"]) else untested
    return f"{label} {words.replace('-', '−')}, {tested}"


def _n_draws(scores: pd.DataFrame) -> int:
    """Return of how many draws of random vectors scores are means; 0 of other vectors."""
    of_draws = scores[scores["value"].notna() & scores["p"].isna()]["n_permutations"]
    return int(of_draws.max()) if of_draws.notna().any() else 0
