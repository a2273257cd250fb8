"""The fields of an image's row and the one form in which their cells are kept."""

import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

from visgen.names import normalise_taxon, normalise_text


def gap_words(missing_values: Iterable[str]) -> set[str]:
    """Return the cells that say nothing: empty, ``NA`` and the given ones."""
    return {"", "NA", *map(normalise_text, missing_values)}


def clean_cell(cell: str, field: str, ranks: Sequence[str], gaps: set[str]) -> str | None:
    """Return a cell of a field in normal form, None for a gap.

    A file name keeps its white space inside, since a name on disk may hold two spaces.
    """
    if field == "filename":
        name = unicodedata.normalize("NFC", cell).strip()
    else:
        name = normalise_taxon(cell) if field in ranks else normalise_text(cell)
    return None if name in gaps or normalise_text(cell) in gaps else name


def string_column(values: list[str | None]) -> pd.Series:
    """Return a column of strings with nulls, of string type even if all are null."""
    return pd.Series(values, dtype="str")
