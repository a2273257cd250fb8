"""Delimited text as people and their programs write it: what parts its cells, and its quotes."""

import csv
import io
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from visgen.encodings import read_text
from visgen.names import normalise_text, say_hidden

log = logging.getLogger(__name__)

_TABBED = (".tsv", ".tab", ".txt")
_N_SHOWN = 3
_QUOTED = re.compile('"[^"]*"')
_WHOLE_OR_FLOAT = re.compile(r"\d+(\.0)?")
_LINE_END = re.compile("[\r\n]")
_SEP = re.compile('"?sep=(.)"?[\r\n]', re.IGNORECASE)
_IN_QUOTES = re.compile(r'\s*"([^"]*)"\s*')


class Cells(NamedTuple):
    """A table with a header, as text."""

    header: list[str]  # in normal form
    lines: list[int]  # the first line of each row in the file, from 1
    rows: list[list[str]]  # as many cells each as the header has

    def column(self, name: str) -> list[str]:
        """Return the cells of a column that the header names."""
        place = self.header.index(name)
        return [row[place] for row in self.rows]


def read_cells(path: str | Path) -> Cells:
    """Read a table with a header that a user brings.

    Parameters
    ----------
    path : path
        As `visgen.encodings.read_text` takes it. Tabs separate the cells of ``.tsv``, ``.tab``
        and ``.txt`` files whose header has one; elsewhere the header tells whether commas,
        semicolons or tabs do, or a first line ``sep=;``. Where the header lacks the cell of the
        numbers of rows, as R writes them, it is given one.

    Returns
    -------
    Cells
        Names of columns in normal form, cells as they stand.

    Raises
    ------
    ValueError
        When it is no such text or empty, nothing parts its cells, or a row has more or fewer
        cells than the header.
    """
    path = Path(path)
    text, delimiter = _parted_by(path, read_text(path))
    try:
        found, literal = read_rows(text, delimiter)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not found:
        raise ValueError(f"{path}: is empty; expected a header and rows")
    if literal:
        listed = ", ".join(map(str, literal[:10])) + (" and more" if len(literal) > 10 else "")
        log.info("%s: quotation marks are read as letters in lines %s", path, listed)
    say_hidden((cell for _, cells in found for cell in cells), str(path))
    lines, rows = map(list, zip(*found, strict=True))
    header = [normalise_text(name) for name in rows[0]]
    if len(header) == 1:
        _check_parted(path, lines[0], header[0])
    if _are_numbered(rows[1:], len(header) + 1):
        log.info("%s: the header has no name for the numbers of rows", path)
        header = ["", *header]
    for line, cells in zip(lines[1:], rows[1:], strict=True):
        if len(cells) != len(header):
            raise ValueError(
                f"{path}: line {line} has {len(cells)} cells, the header has {len(header)}: found "
                f"{_shown(cells)}, expected as many as {_shown(header)}"
            )
    return Cells(header, lines[1:], rows[1:])


def without_decimals(cells: list[str], column: str) -> list[str]:
    """Return whole numbers as such where gaps in a column made 12.0 of some, as pandas does.

    >>> without_decimals(["12.0", "7"], "specimen"), without_decimals(["12.0", "7a"], "specimen")
    (['12', '7'], ['12.0', '7a'])
    """
    if not all(map(_WHOLE_OR_FLOAT.fullmatch, cells)) or all(map(str.isdecimal, cells)):
        return cells
    log.info("column %r: numbers such as '12.0' are read as '12'", column)
    return [cell.removesuffix(".0") for cell in cells]


def _parted_by(path: Path, text: str) -> tuple[str, str]:
    """Return the text of a table without a line ``sep=;``, and what parts its cells."""
    text, named = without_sep_line(text)
    tabbed = path.suffix.lower() in _TABBED and "\t" in _first_line(text)
    return text, named or ("\t" if tabbed else delimiter_of(text))


def _shown(cells: Sequence[str]) -> str:
    """Return the first cells of a row for a message.

    >>> _shown(["a.png", "Arca", "", "x"])
    "'a.png', 'Arca', '' …"
    """
    first = ", ".join(repr(cell[:40]) for cell in cells[:_N_SHOWN])
    return f"{first} …" if len(cells) > _N_SHOWN else first


def without_sep_line(text: str) -> tuple[str, str | None]:
    r"""Return text without the first line ``sep=;`` that Excel writes, and what the line names.

    The line end stays, so that lines keep their numbers.

    >>> without_sep_line("sep=;\na;b\n")
    ('\na;b\n', ';')
    """
    found = _SEP.match(text)
    return (text[found.end() - 1 :], found[1]) if found else (text, None)


def delimiter_of(text: str, choices: Iterable[str] = ",;\t") -> str:
    """Return what parts the cells of the first line, whatever stands between quotation marks.

    >>> delimiter_of('"Pecten maximus (Linnaeus, 1758)";"Chlamys varia"')
    ';'
    """
    return max(choices, key=_QUOTED.sub("", _first_line(text)).count)


def read_rows(text: str, delimiter: str) -> tuple[list[tuple[int, list[str]]], list[int]]:
    """Return the rows of a table with the lines that they begin in, and lines read literally.

    Quotation marks are those of CSV where they hold up. Where every line by itself has as many
    cells as the first, no cell can go on over lines: then a mark that is not closed, or that is
    closed within a cell, is a letter like others. Blanks round a quoted cell are none of it.

    Parameters
    ----------
    text
        Of the whole file.
    delimiter
        One character.

    Returns
    -------
    rows : list of (int, list of str)
        Line, from 1, and cells; empty lines are no rows, nor are lines of empty cells.
    literal : list of int
        Lines whose quotation marks were read as letters.

    Raises
    ------
    ValueError
        If a quotation mark is never closed, or is closed within a cell, in a file whose cells
        do go on over lines or hold delimiters; it names the line.
    """
    lines = io.StringIO(text, newline="").readlines()
    plain = [line.rstrip("\r\n").split(delimiter) for line in lines]
    widths = {len(cells) for cells in plain if any(map(normalise_text, cells))}
    if len(widths) == 1:
        rows, literal = [], []
        for number, (line, cells) in enumerate(zip(lines, plain, strict=True), start=1):
            if '"' in line and (quoted := _by_itself(line, delimiter, len(cells))) is not None:
                cells = quoted
            elif '"' in line:
                cells = [_IN_QUOTES.sub(r"\1", cell) if _IN_QUOTES.fullmatch(cell) else cell
                         for cell in cells]  # fmt: skip
                if any('"' in cell for cell in cells):
                    literal.append(number)
            rows.append((number, cells))
        return _filled(rows), literal
    # strict, so that a quotation mark that is never closed does not swallow rows
    reader = csv.reader(io.StringIO(text, newline=""), **_csv(delimiter))
    rows, start = [], 1
    try:
        for cells in reader:
            rows.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"the row that begins at line {start}: {error}; expected a quotation mark at the end "
            "of every cell that begins with one, and two for one inside"
        ) from None
    return _filled(rows), []


def _first_line(text: str) -> str:
    return _LINE_END.split(text.lstrip("\r\n"), maxsplit=1)[0]


def _check_parted(path: Path, line: int, header: str) -> None:
    """Refuse a header of one cell that holds what other programs part cells with."""
    for sign, word in (("|", "'|'"), (":", "':'"), (" ", "spaces")):
        if sign in header:
            raise ValueError(
                f"{path}: line {line} looks delimited by {word}: {header[:80]!r}; expected "
                "commas, semicolons or tabs between the cells"
            )


def _by_itself(line: str, delimiter: str, width: int) -> list[str] | None:
    """Return the cells of one line by the rules of CSV, None where they do not hold up."""
    try:
        rows = list(csv.reader([line], **_csv(delimiter)))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) == width else None


def _csv(delimiter: str) -> dict[str, object]:
    return {"delimiter": delimiter, "strict": True, "skipinitialspace": delimiter != " "}


def _are_numbered(rows: list[list[str]], width: int) -> bool:
    """Tell whether the rows are of a width, and begin with different whole numbers."""
    return (
        all(len(row) == width and row[0].strip().isdecimal() for row in rows)
        and len({row[0] for row in rows}) == len(rows) > 0
    )


def _filled(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    return [(line, cells) for line, cells in rows if any(map(normalise_text, cells))]
