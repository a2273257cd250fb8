"""Tables of two columns that a user brings: a name, and the name that stands for it.

One gives each sequence its taxon (``sequence``, ``taxon``), one gives each synonym its accepted
name (``name``, ``accepted``).
"""

from pathlib import Path
from typing import NamedTuple

from visgen.delimited import delimiter_of, read_rows, without_sep_line
from visgen.names import normalise_taxon, normalise_text
from visgen.specimens.fields import clean_cell, gap_words

_GAPS = gap_words([])


class _Row(NamedTuple):
    line: int  # in the file, from 1
    left: str
    right: str


def read_sequence_table(path: str | Path) -> dict[str, str]:
    """Read which taxon each sequence belongs to.

    Parameters
    ----------
    path : path
        A UTF-8 table with the columns ``sequence`` and ``taxon``; others are ignored. Comma,
        semicolon or tab separates the cells.

    Returns
    -------
    dict of str to str
        Taxon, in normal form, of each name of a sequence, in the order of the table; empty where
        the cell is empty or a gap as in tables of images: ``NA``, ``unknown``, ``Arca indet.``.

    Raises
    ------
    ValueError
        If the file is no such table, a row names no sequence, or a sequence has two rows.
    """
    path = Path(path)
    rows = _read_rows(path, "sequence", "taxon")
    rows = [_Row(line, normalise_text(name), _taxon_or_gap(taxon)) for line, name, taxon in rows]
    _check_left(path, rows, "sequence")
    return {row.left: row.right for row in rows}


def read_synonyms(path: str | Path) -> dict[str, str]:
    """Read which name each synonym stands for.

    Parameters
    ----------
    path : path
        A UTF-8 table with the columns ``name`` and ``accepted``; others are ignored. Comma,
        semicolon or tab separates the cells. A name may be accepted as itself.

    Returns
    -------
    dict of str to str
        Accepted name of each name, both in normal form, in the order of the table.

    Raises
    ------
    ValueError
        If the file is no such table, a cell is empty, a name has two rows, or an accepted name
        is itself a synonym of another: chains and circles are left to the user to resolve.
    """
    path = Path(path)
    rows = _read_rows(path, "name", "accepted")
    rows = [_Row(line, _taxon(name), _taxon(accepted)) for line, name, accepted in rows]
    _check_left(path, rows, "name")
    synonyms = {row.left: row for row in rows}
    for line, name, accepted in rows:
        if not accepted:
            raise ValueError(f"{path}: line {line}: {name!r} has no accepted name")
        further = synonyms.get(accepted)
        if further is not None and further.right != accepted:
            raise ValueError(
                f"{path}: line {line}: {name!r} stands for {accepted!r}, but by line "
                f"{further.line} {accepted!r} stands for {further.right!r}; expected names that "
                "are accepted, without chains or circles"
            )
    return {row.left: row.right for row in rows}


def _taxon_or_gap(cell: str) -> str:
    return clean_cell(cell, "taxon", ["taxon"], _GAPS) or ""


def _taxon(cell: str) -> str:
    name = normalise_taxon(cell)
    return "" if name == "NA" else name


def _check_left(path: Path, rows: list[_Row], column: str) -> None:
    first = {}
    for line, name, _ in rows:
        if not name:
            raise ValueError(f"{path}: line {line}: the cell of {column!r} is empty")
        if name in first:
            raise ValueError(
                f"{path}: line {line}: {name!r} is there twice, first in line {first[name]}"
            )
        first[name] = line


def _read_rows(path: Path, left: str, right: str) -> list[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text, at byte {error.start}") from error
    text, named = without_sep_line(text)
    try:
        rows, _ = read_rows(text, named or delimiter_of(text))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    header = [normalise_text(cell) for cell in rows[0][1]] if rows else []
    if any(header.count(column) != 1 for column in (left, right)):
        raise ValueError(
            f"{path}: the columns are {header}, expected {left!r} and {right!r} once each"
        )
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            raise ValueError(
                f"{path}: line {line} has {len(cells)} cells, the header has {len(header)}"
            )
    places = header.index(left), header.index(right)
    return [_Row(line, *(cells[place] for place in places)) for line, cells in rows[1:]]
