"""Labels of images, read from a table."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import pandas as pd

from visgen.delimited import read_cells, without_decimals
from visgen.fields import clean_cell, clean_part, gap_words, string_column
from visgen.names import normalise_text
from visgen.specimens.columns import OPTIONAL_FIELDS, UNNAMED_FIELDS, check_ranks

log = logging.getLogger(__name__)

_N_SHOWN = 7  # columns in a message

# What spreadsheets make of names and numbers, and cannot be made undone.
_MONTH = "(jan|feb|mar|m\u00e4r|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)"
_DATE_OR_ROUNDED = re.compile(
    rf"\d{{1,2}}[-./ ]{{1,2}}{_MONTH}\.?([-/ ]\d{{2,4}})?|{_MONTH}[-/ ]\d{{1,4}}"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d\d-\d\d( 00:00(:00)?)?|\d([.,]\d+)?e[+]\d+",
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
    required, key = ("filename", *ranks), "inputs.columns"
    return _read_fields(path, columns, required, OPTIONAL_FIELDS, missing_values, key)[0]


def read_unnamed_meta(
    path: str | Path,
    columns: Mapping[str, str | Sequence[str]],
    missing_values: Iterable[str] = (),
) -> pd.DataFrame:
    """Read a table of images whose taxa nobody has named: one row an image.

    Other columns, such as names at ranks, are not read, and the log says which.

    Parameters
    ----------
    path, columns, missing_values
        As in `read_meta`, but the fields are ``filename``, ``specimen``, ``view``, ``source`` and
        ``place``; the last four may be absent.

    Returns
    -------
    DataFrame
        One line a row, in the table's order: ``line`` and the fields; gaps are null.

    Raises
    ------
    ValueError
        As `read_meta`.
    """
    meta, unread = _read_fields(
        path, columns, ("filename",), UNNAMED_FIELDS, missing_values, "columns"
    )
    if unread:
        shown = ", ".join(map(repr, unread[:_N_SHOWN])) + (", …" if len(unread) > _N_SHOWN else "")
        log.info("%s: columns that are not read (%d): %s", path, len(unread), shown)
    return meta


def _read_fields(
    path: str | Path,
    columns: Mapping[str, str | Sequence[str]],
    required: Sequence[str],
    optional: Sequence[str],
    missing_values: Iterable[str],
    key: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the fields, and the columns of the table that are in none.

    All that is required after ``filename`` is a rank. ``key`` is where the user names columns.
    """
    fields, ranks = (*required, *optional), required[1:]
    unknown = set(columns) - set(fields)
    if unknown:
        known = ", ".join(fields)
        raise ValueError(f"columns names the field {sorted(unknown)[0]!r}; fields are {known}")
    table = read_cells(path)
    gaps = gap_words(missing_values)
    meta = pd.DataFrame({"line": pd.array(table.lines, dtype="Int64")})
    read = set()
    for field in fields:
        wanted = columns.get(field, field)
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        if field in optional and field not in columns:
            wanted = _in_any_case(field, table.header)
            if not wanted:
                meta[field] = string_column([None] * len(table.rows))
                continue
        wanted = [normalise_text(name) for name in wanted]
        absent = [name for name in wanted if table.header.count(name) != 1]
        if absent or not wanted:
            raise ValueError(_column_message(path, field, absent, table.header, key))
        read.update(wanted)
        cells = table.column(wanted[0])
        if len(wanted) > 1:
            part = partial(clean_part, field=field, ranks=ranks, gaps=gaps)
            parts = [_cleaned(table.column(name), name, part) for name in wanted]
            cells = [None if None in row else " ".join(row) for row in zip(*parts, strict=True)]
        whole = partial(clean_cell, field=field, ranks=ranks, gaps=gaps)
        meta[field] = string_column(_cleaned(cells, " ".join(wanted), whole))
        if field in (*ranks, "specimen"):
            _log_altered(field, meta)
    numbers = meta["specimen"].dropna()
    meta.loc[numbers.index, "specimen"] = without_decimals(numbers.tolist(), "specimen")
    return meta, [name for name in table.header if name and name not in read]


def _in_any_case(field: str, header: list[str]) -> list[str]:
    """Return the column of a field, [] where there is none; one of its very name goes first."""
    found = [name for name in header if name.casefold() == field]
    if len(found) != 1:
        return [field] if found else []
    if found != [field]:
        log.info("column %r is read as %r", found[0], field)
    return found


def _cleaned(
    cells: list[str | None], column: str, clean: Callable[[str], str | None]
) -> list[str | None]:
    """Return cells in normal form, and say which words were taken as gaps."""
    found = {cell: clean(cell) for cell in set(cells) - {None}}
    gaps = Counter(cell for cell in cells if cell and cell.strip() and found[cell] is None)
    if gaps:
        counted = ", ".join(f"{word!r} ({n})" for word, n in gaps.most_common())
        log.info("column %r: taken as gaps: %s", column, counted)
    return [found.get(cell) for cell in cells]


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


def _column_message(
    path: str | Path, field: str, absent: list[str], header: list[str], key: str
) -> str:
    listed = ", ".join(repr(name) for name in header)
    if any(name in header for name in absent):
        twice = next(name for name in absent if name in header)
        what = f"the column {twice!r} for {field!r} is there twice, expected once"
        return f"{path}: {what}; columns: {listed}"
    if not absent:
        return f"{path}: no column is named for {field!r}; columns: {listed}"
    near = get_close_matches(absent[0].casefold(), [name.casefold() for name in header], n=1)
    meant = [name for name in header if name.casefold() in near]
    hint = f" (did you mean {meant[0]!r}? name it in {key})" if meant else ""
    return f"{path}: no column {absent[0]!r} for {field!r}; columns: {listed}{hint}"
