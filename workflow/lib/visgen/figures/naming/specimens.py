"""A contact sheet: unnamed specimens, what is said of them, and what they look most like."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import ImageOps

from visgen.figures.matrices import plot_notice
from visgen.names import shortened
from visgen.naming.novelty import KNOWN
from visgen.naming.words import all_verdicts, novelty_in_words
from visgen.specimens.images import load_image

#: Specimens on the sheet at most.
SHOWN = 24
_COLUMNS = 4  # pairs of photographs in a row
_CELL = 1.35  # inches
_TEXT = 0.55  # inches above each photograph
_GAP = 0.2  # of a photograph, between pairs
_PIXELS = 220
_LETTERS = 25  # of a line
_NO_NAME = "no name"


def choose_specimens(table: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Return the specimens to show: some of every answer, in turn, the strangest answers first.

    An answer is how new a specimen is and how deep it is named. Of each come those with a trusted
    taxon that is not shown yet, and of these the one that looks least like known specimens.

    Parameters
    ----------
    table
        specimen, trusted_rank, trusted_taxon, novelty, novelty_p.
    ranks
        Of names, coarse to fine.

    Returns
    -------
    DataFrame
        `SHOWN` of its rows at most, those of an answer together.
    """
    newness = {word: -place for place, word in enumerate(all_verdicts(ranks))}
    depth = {rank: place for place, rank in enumerate(ranks)}
    sorted_table = table.assign(
        newness=table["novelty"].map(newness).fillna(1),
        depth=table["trusted_rank"].map(depth).fillna(-1),
    ).sort_values(["newness", "depth", "novelty_p", "specimen"])
    answer = ["newness", "depth"]
    same = [sorted_table[name] for name in answer]
    of_taxon = sorted_table.groupby([*same, sorted_table["trusted_taxon"].fillna("")]).cumcount()
    ordered = sorted_table.assign(of_taxon=of_taxon).sort_values(
        [*answer, "of_taxon"], kind="stable"
    )
    turn = ordered.groupby(answer).cumcount()
    chosen = turn.sort_values(kind="stable").index[:SHOWN]
    return table.loc[[row for row in ordered.index if row in set(chosen)]]


def plot_specimens(
    chosen: pd.DataFrame,
    photographs: Mapping[str, str | Path],
    labelled: Mapping[str, str | Path],
    background: tuple[int, int, int],
    max_pixels: int,
) -> Figure:
    """Draw each specimen beside the labelled one that looks most like it.

    Parameters
    ----------
    chosen
        As `choose_specimens` returns them, with nearest_1 and taxon_1.
    photographs, labelled
        Path of a photograph by specimen, of unnamed and of labelled ones.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    """
    if chosen.empty:
        return plot_notice("no specimen was named")
    columns = min(_COLUMNS, len(chosen))
    n_rows = -(-len(chosen) // columns)
    size = ((2 + _GAP) * _CELL * columns + 0.2, (_CELL + _TEXT) * n_rows + 0.2)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.05, wspace=0.0)
    ratios = [1, 1, _GAP] * columns
    panels = figure.subplots(n_rows, 3 * columns, squeeze=False, width_ratios=ratios)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.set_anchor("N")
        axes.spines[:].set_visible(False)
    pairs = [pair for row in panels for pair in zip(row[::3], row[1::3], strict=True)]
    for (own, nearest), row in zip(pairs, chosen.to_dict("records"), strict=False):
        for axes, path in (
            (own, photographs[row["specimen"]]),
            (nearest, labelled[row["nearest_1"]]),
        ):
            image = load_image(path, background, max_pixels, _PIXELS)
            # Squares alone stand in columns, whatever the shapes of photographs.
            axes.imshow(ImageOps.pad(image, (_PIXELS, _PIXELS), color="white", centering=(0, 0)))
        is_known = row["novelty"] == KNOWN
        name = _NO_NAME if pd.isna(row["trusted_taxon"]) else str(row["trusted_taxon"])
        lines = [str(row["specimen"]), name, novelty_in_words(row["novelty"])]
        _write(own, lines, "0.1" if is_known else "#b34700", "bold")
        _write(nearest, ["looks most like", str(row["taxon_1"]), str(row["nearest_1"])], "0.45")
    return figure


def _write(axes: Axes, lines: Sequence[str], colour: str, weight: str = "normal") -> None:
    """Write three lines over a photograph; the second is a name, and stands out."""
    for place, text in enumerate(lines):
        axes.annotate(
            shortened(text, _LETTERS).replace("$", r"\$"),
            (0, 1),
            (0, 3 + 8.5 * (len(lines) - 1 - place)),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=6.2,
            color=colour,
            fontweight=weight if place == 1 else "normal",
        )
