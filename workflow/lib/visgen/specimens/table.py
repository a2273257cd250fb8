"""Labels of images, read from a table."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from visgen.delimited import delimiter_of, read_rows, without_sep_line
from visgen.names import normalise_text
from visgen.specimens.columns import OPTIONAL_FIELDS, check_ranks
from visgen.specimens.fields import (
    clean_cell,
    gap_words,
    string_column,
)

log = logging.getLogger(__name__)


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
        A table with a header in UTF-8. Tabs separate the cells of ``.tsv``, ``.tab`` and
        ``.txt`` files; elsewhere the header tells whether commas, semicolons or tabs do.
    columns : mapping of str to str or list of str
        The column, or the columns to be joined by a space, of a field. Fields are ``filename``,
        the ranks, ``specimen``, ``view``, ``source`` and ``split``. A field that is not named
        has the column of its own name; the last four may be absent.
    ranks : list of str
        The ranks, coarse to fine.
    missing_values : iterable of str
        Cells that say nothing, beside those of `visgen.specimens.fields.GAP_WORDS`; in any case.

    Returns
    -------
    DataFrame
        One line a row, in the table's order: ``line`` (its first line in the file, from 1),
        ``filename``, the ranks, ``specimen``, ``view``, ``source``, ``split``. Names are
        normalised; gaps are null. A joined field with a gap in one part is a gap.

    Raises
    ------
    ValueError
        When the text is not UTF-8, a column is absent or twice there, a row has more or fewer
        cells than the header, or ``columns`` or ``ranks`` hold an unusable name.
    """
    check_ranks(ranks)
    unknown = set(columns) - {"filename", *ranks, *OPTIONAL_FIELDS}
    if unknown:
        known = ", ".join(["filename", *ranks, *OPTIONAL_FIELDS])
        raise ValueError(f"columns names the field {sorted(unknown)[0]!r}; fields are {known}")
    header, lines, rows = _read_cells(Path(path))
    gaps = gap_words(missing_values)
    meta = pd.DataFrame({"line": pd.array(lines, dtype="Int64")})
    for field in ("filename", *ranks, *OPTIONAL_FIELDS):
        wanted = columns.get(field, field)
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        absent = [name for name in wanted if header.count(normalise_text(name)) != 1]
        if field in OPTIONAL_FIELDS and field not in columns and field not in header:
            meta[field] = string_column([None] * len(rows))
            continue
        if absent or not wanted:
            raise ValueError(_column_message(path, field, absent, header))
        parts = []
        for name in wanted:
            cells = [row[header.index(normalise_text(name))] for row in rows]
            clean = {cell: clean_cell(cell, field, ranks, gaps) for cell in set(cells)}
            parts.append([clean[cell] for cell in cells])
            _log_gaps(name, Counter(cell for cell in cells if clean[cell] is None))
        meta[field] = string_column(
            [None if None in cells else " ".join(cells) for cells in zip(*parts, strict=True)]
        )
    return meta


def _read_cells(path: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """Return the normalised header, the first line of each row and the rows' cells."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}: line {line}: byte {error.start} (0x{data[error.start]:02x}) is not UTF-8; "
            "save the table as UTF-8"
        ) from None
    text, named = without_sep_line(text)
    tabbed = path.suffix.lower() in (".tsv", ".tab", ".txt")
    delimiter = named or ("\t" if tabbed else delimiter_of(text))
    try:
        found, literal = read_rows(text, delimiter)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not found:
        raise ValueError(f"{path}: is empty; expected a header and one row an image")
    if literal:
        listed = ", ".join(map(str, literal[:10])) + (" and more" if len(literal) > 10 else "")
        log.info("%s: quotation marks are read as letters in lines %s", path, listed)
    lines, rows = map(list, zip(*found, strict=True))
    header = [normalise_text(name) for name in rows[0]]
    for line, cells in zip(lines, rows, strict=True):
        if len(cells) != len(header):
            raise ValueError(
                f"{path}: line {line} has {len(cells)} cells, the header has {len(header)}"
            )
    return header, lines[1:], rows[1:]


def _log_gaps(column: str, cells: Counter[str]) -> None:
    """Say which words were taken as gaps."""
    words = {cell: n for cell, n in cells.most_common() if cell.strip()}
    if words:
        counted = ", ".join(f"{word!r} ({n})" for word, n in words.items())
        log.info("column %r: taken as gaps: %s", column, counted)


def _column_message(path: str | Path, field: str, absent: list[str], header: list[str]) -> str:
    listed = ", ".join(repr(name) for name in header)
    if any(normalise_text(name) in header for name in absent):
        return f"{path}: the column {absent[0]!r} for {field!r} is there twice; columns: {listed}"
    wanted = f"no column {absent[0]!r}" if absent else "no column is named"
    return f"{path}: {wanted} for {field!r}; columns: {listed}"
