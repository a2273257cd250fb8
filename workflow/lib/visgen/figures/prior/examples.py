"""Whom relatives help and whom they harm, with photographs."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from visgen.figures.matrices import plot_notice
from visgen.names import shortened
from visgen.prior.examples import changed_names
from visgen.prior.words import in_words
from visgen.specimens.images import load_image

SHOWN = 5  # photographs in a row
_CELL = 1.9  # inches
_PIXELS = 280
_LETTERS = 24  # of a line
_ROWS = {"helped": "right with relatives only", "harmed": "right without relatives only"}


def choose_examples(predictions: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return images whose name relatives put right, and those whose name they spoil.

    Parameters
    ----------
    predictions
        specimen, taxon (the true one), n_train, relatives, predicted; one seed.
    source
        Of relatives.

    Returns
    -------
    DataFrame
        kind (``helped`` or ``harmed``), specimen, taxon, n_train, without and having (names given);
        `SHOWN` of a kind at most, taxa with fewest training specimens first, one specimen a taxon.
    """
    changed = changed_names(predictions.assign(seed=0), source).drop(columns="seed")
    changed = changed.drop_duplicates(["kind", "taxon"])
    return changed.groupby("kind", sort=False).head(SHOWN)


def plot_examples(
    examples: pd.DataFrame,
    paths: pd.Series,
    source: str,
    background: tuple[int, int, int],
    max_pixels: int,
) -> Figure:
    """Draw photographs with their true name and the names given without and with relatives.

    Parameters
    ----------
    examples
        As `choose_examples` returns them.
    paths
        Of an image of each specimen, index specimen.
    source
        Of relatives.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    """
    kinds = [kind for kind in _ROWS if (examples["kind"] == kind).any()]
    if not kinds:
        return plot_notice("relatives change no name")
    figure = Figure(figsize=(_CELL * SHOWN + 0.3, 2.75 * len(kinds)), layout="constrained")
    rows = figure.subplots(len(kinds), SHOWN, squeeze=False)
    for panels, kind in zip(rows, kinds, strict=True):
        of_kind = examples[examples["kind"] == kind]
        panels[0].set_ylabel(textwrap.fill(_ROWS[kind], 16), fontsize=8, fontweight="bold")
        for axes, row in zip(panels, of_kind.itertuples(), strict=False):
            image = load_image(paths[row.specimen], background, max_pixels, _PIXELS)
            image.thumbnail((_PIXELS, _PIXELS))
            axes.imshow(image)
            axes.set_title(_title(row), fontsize=6.5, linespacing=1.15)
        for axes in panels[len(of_kind) :]:
            axes.spines[:].set_visible(False)
        for axes in panels:
            axes.set(xticks=[], yticks=[])
            axes.set_anchor("N")
    figure.suptitle(f"relatives by {in_words(source)}", fontsize=9, x=0.01, ha="left")
    return figure


def _title(row) -> str:
    specimens = "specimen" if row.n_train == 1 else "specimens"
    lines = [
        _wrapped(row.taxon),
        f"({row.n_train} training {specimens})",
        _wrapped(f"without: {_named(row.without, row.taxon)}"),
        _wrapped(f"with: {_named(row.having, row.taxon)}"),
    ]
    return "\n".join(lines)


def _named(name: str, truth: str) -> str:
    return "right" if name == truth else name


def _wrapped(text: str) -> str:
    return textwrap.fill(shortened(text, 2 * _LETTERS), _LETTERS)
