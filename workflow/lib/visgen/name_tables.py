"""Tables of two columns that a user brings: a name, and the name that stands for it.

One gives each sequence its taxon (``sequence``, ``taxon``), one gives each synonym its accepted
name (``name``, ``accepted``).
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from visgen.delimited import read_cells, without_decimals
from visgen.fields import clean_cell, gap_words
from visgen.names import normalise_taxon, normalise_text

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
        A table with the columns ``sequence`` and ``taxon``; others are ignored. It is read as
        `visgen.delimited.read_cells` says.

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
    names = without_decimals([normalise_text(row.left) for row in rows], "sequence")
    rows = [
        _Row(row.line, name, _taxon_or_gap(row.right))
        for row, name in zip(rows, names, strict=True)
    ]
    _check_left(path, rows, "sequence")
    return {row.left: row.right for row in rows}


def read_synonyms(path: str | Path) -> dict[str, str]:
    """Read which name each synonym stands for.

    Parameters
    ----------
    path : path
        A table with the columns ``name`` and ``accepted``; others are ignored. It is read as
        `visgen.delimited.read_cells` says. A name may be accepted as itself.

    Returns
    -------
    dict of str to str
        Accepted name of each name, both in normal form, in the order of the table.

    Raises
    ------
    ValueError
        If the file is no such table, a cell is empty, a name has two rows, in whichever case, or
        an accepted name is itself a synonym of another: chains and circles are left to the user.
    """
    path = Path(path)
    rows = _read_rows(path, "name", "accepted")
    rows = [_Row(line, _taxon(name), _taxon(accepted)) for line, name, accepted in rows]
    _check_left(path, rows, "name", str.casefold)
    synonyms = {row.left.casefold(): row for row in rows}
    for line, name, accepted in rows:
        if not accepted:
            raise ValueError(f"{path}: line {line}: {name!r} has no accepted name")
        further = synonyms.get(accepted.casefold())
        if further is not None and further.right != accepted and further.line != line:
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


def _check_left(
    path: Path, rows: list[_Row], column: str, form: Callable[[str], str] = str
) -> None:
    first = {}
    for line, name, _ in rows:
        if not name:
            raise ValueError(f"{path}: line {line}: the cell of {column!r} is empty")
        earlier = first.setdefault(form(name), line)
        if earlier != line:
            raise ValueError(
                f"{path}: line {line}: {name!r} is there twice, first in line {earlier}"
            )


def _read_rows(path: Path, left: str, right: str) -> list[_Row]:
    table = read_cells(path)
    if any(table.header.count(column) != 1 for column in (left, right)):
        raise ValueError(
            f"{path}: the columns are {table.header}, expected {left!r} and {right!r} once each"
        )
    return list(map(_Row, table.lines, table.column(left), table.column(right)))
