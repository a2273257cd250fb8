"""The fields of an image's row and the one form in which their cells are kept."""

import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

from visgen.names import normalise_taxon, normalise_text

OPTIONAL_FIELDS = ("specimen", "view", "source", "split")
_TAKEN = {"id", "path", "sha256", "width", "height", "line", "file", "filename", "reason", "detail"}


def check_ranks(ranks: Sequence[str]) -> None:
    """Raise ValueError unless the ranks are different names that no other column has."""
    if not ranks:
        raise ValueError("ranks is empty; name at least one, coarse to fine")
    for rank in ranks:
        if list(ranks).count(rank) > 1:
            raise ValueError(f"the rank {rank!r} is named twice in {list(ranks)}")
        if rank in _TAKEN or rank in OPTIONAL_FIELDS:
            raise ValueError(f"a rank cannot be called {rank!r}, another column has that name")


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
