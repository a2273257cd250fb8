"""Labels of images, read from a table."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from visgen.delimited import read_cells, without_decimals
from visgen.fields import (
    clean_cell,
    gap_words,
    string_column,
)
from visgen.names import normalise_taxon, normalise_text
from visgen.specimens.columns import OPTIONAL_FIELDS, check_ranks

log = logging.getLogger(__name__)

# What spreadsheets make of names and numbers, and cannot be made undone.
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_DATE_OR_ROUNDED = re.compile(
    rf"\d{{1,2}}[-/ ]{_MONTH}([-/ ]\d{{2,4}})?|{_MONTH}[-/ ]\d{{1,4}}"
    r"|\d{4}-\d\d-\d\d( 00:00(:00)?)?|\d([.,]\d+)?e[+]\d+",
    re.IGNORECASE,
)


def read_meta(
    path: str | Path,
    columns: Mapping[str, str | Sequence[str]],
    ranks: Sequence[str],
    missing_values: Iterable[str] = (),
) -> pd.DataFrame:
    """Read the table of images: one row an image.

    Parameters
    ----------
    path : path
        A table with a header, as `visgen.delimited.read_cells` takes it.
    columns : mapping of str to str or list of str
        The column, or the columns to be joined by a space, of a field. Fields are ``filename``,
        the ranks, ``specimen``, ``view``, ``source`` and ``split``. A field that is not named
        has the column of its own name; the last four may be absent, and are found in any case.
    ranks : list of str
        The ranks, coarse to fine.
    missing_values : iterable of str
        Cells that say nothing, beside those of `visgen.fields.GAP_WORDS`; in any case.

    Returns
    -------
    DataFrame
        One line a row, in the table's order: ``line`` (its first line in the file, from 1),
        ``filename``, the ranks, ``specimen``, ``view``, ``source``, ``split``. Names are
        normalised; gaps are null. A joined field with a gap in one part is a gap.

    Raises
    ------
    ValueError
        When the file is no such table, a column is absent or twice there, or ``columns`` or
        ``ranks`` hold an unusable name.
    """
    check_ranks(ranks)
    unknown = set(columns) - {"filename", *ranks, *OPTIONAL_FIELDS}
    if unknown:
        known = ", ".join(["filename", *ranks, *OPTIONAL_FIELDS])
        raise ValueError(f"columns names the field {sorted(unknown)[0]!r}; fields are {known}")
    table = read_cells(path)
    gaps = gap_words(missing_values)
    meta = pd.DataFrame({"line": pd.array(table.lines, dtype="Int64")})
    for field in ("filename", *ranks, *OPTIONAL_FIELDS):
        wanted = columns.get(field, field)
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        if field in OPTIONAL_FIELDS and field not in columns:
            wanted = _in_any_case(field, table.header)
            if not wanted:
                meta[field] = string_column([None] * len(table.rows))
                continue
        wanted = [normalise_text(name) for name in wanted]
        absent = [name for name in wanted if table.header.count(name) != 1]
        if absent or not wanted:
            raise ValueError(_column_message(path, field, absent, table.header))
        parts = []
        for name in wanted:
            cells = table.column(name)
            clean = {cell: clean_cell(cell, field, ranks, gaps) for cell in set(cells)}
            parts.append([clean[cell] for cell in cells])
            _log_gaps(name, Counter(cell for cell in cells if clean[cell] is None))
        meta[field] = string_column(
            [_joined(cells, field in ranks) for cells in zip(*parts, strict=True)]
        )
        if field in (*ranks, "specimen"):
            _log_altered(field, meta)
    numbers = meta["specimen"].dropna()
    meta.loc[numbers.index, "specimen"] = without_decimals(numbers.tolist(), "specimen")
    return meta


def _in_any_case(field: str, header: list[str]) -> list[str]:
    """Return the column of a field, [] where there is none; one of its very name goes first."""
    found = [name for name in header if name.casefold() == field]
    if len(found) != 1:
        return [field] if found else []
    if found != [field]:
        log.info("column %r is read as %r", found[0], field)
    return found


def _joined(cells: tuple[str | None, ...], is_name: bool) -> str | None:
    if None in cells:
        return None
    text = " ".join(cells)
    return normalise_taxon(text) if is_name and len(cells) > 1 else text


def _log_altered(field: str, meta: pd.DataFrame) -> None:
    """Warn of cells that a spreadsheet seems to have made of others."""
    altered = meta[meta[field].str.fullmatch(_DATE_OR_ROUNDED).fillna(False).astype(bool)]
    if len(altered):
        first = altered.iloc[0]
        log.warning(
            "%d cells of %r look like dates or rounded numbers that a spreadsheet made of others, "
            "first %r in line %s; check them",
            len(altered), field, first[field], first["line"],
        )  # fmt: skip


def _log_gaps(column: str, cells: Counter[str]) -> None:
    """Say which words were taken as gaps."""
    words = {cell: n for cell, n in cells.most_common() if cell.strip()}
    if words:
        counted = ", ".join(f"{word!r} ({n})" for word, n in words.items())
        log.info("column %r: taken as gaps: %s", column, counted)


def _column_message(path: str | Path, field: str, absent: list[str], header: list[str]) -> str:
    listed = ", ".join(repr(name) for name in header)
    if any(name in header for name in absent):
        twice = next(name for name in absent if name in header)
        return f"{path}: the column {twice!r} for {field!r} is there twice; columns: {listed}"
    if not absent:
        return f"{path}: no column is named for {field!r}; columns: {listed}"
    near = get_close_matches(absent[0].casefold(), [name.casefold() for name in header], n=1)
    meant = [name for name in header if name.casefold() in near]
    hint = f" (did you mean {meant[0]!r}? name it in inputs.columns)" if meant else ""
    return f"{path}: no column {absent[0]!r} for {field!r}; columns: {listed}{hint}"
