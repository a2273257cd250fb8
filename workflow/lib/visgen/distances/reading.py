"""Square tables of distances that a user brings, read and checked."""

import logging
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np

from visgen.delimited import delimiter_of, read_rows, without_sep_line
from visgen.distances.matrices import tidy
from visgen.encodings import read_text
from visgen.names import normalise_taxon, say_hidden
from visgen.scikit_bio import DistanceMatrix

log = logging.getLogger(__name__)

_N_EXAMPLES = 5
TOLERANCE = 1e-6  # of the largest distance; what programs leave behind when they round to float32
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
_BLANKS = re.compile(" +")


def read_distances(path: str | Path) -> DistanceMatrix:
    """Read a square table of distances that a user brings.

    Tab, comma, semicolon or, where none of these does, blanks separate the cells. The first
    row and the first column hold the names; the corner may be empty, hold a word, or be missing
    as R writes it. Columns are put into the order of the rows by name.

    Parameters
    ----------
    path : path
        As `visgen.encodings.read_text` takes it.

    Returns
    -------
    skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), in the unit of the file, names in normal form, in the order of the rows.

    Raises
    ------
    ValueError
        If the table is not square, names of rows and columns differ, are empty or occur twice, a
        cell is not a finite number, the signs of decimals may be those of thousands, or the matrix
        has negative numbers or is not symmetric with a zero diagonal (these three within
        `TOLERANCE` of the largest distance).
    """
    columns, rows, cells = _read_cells(Path(path))
    for kind, names in (("row", rows), ("column", columns)):
        if "" in names:
            place = names.index("") + 1
            raise ValueError(
                f"{path}: the {kind} of distances number {place} has no name, expected one"
            )
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"{path}: {kind} name {twice[0]!r} occurs twice, expected once")
    if len(rows) != len(columns):
        raise ValueError(f"{path}: {len(rows)} rows and {len(columns)} columns, expected a square")
    if set(rows) != set(columns):
        raise ValueError(
            f"{path}: names of rows and columns differ; "
            f"only rows: {sorted(set(rows) - set(columns))[:_N_EXAMPLES]}, "
            f"only columns: {sorted(set(columns) - set(rows))[:_N_EXAMPLES]}; expected the same"
        )
    _check_decimal_signs(cells, path)
    values = np.array(
        [
            [_number(cell, path, row, column) for column, cell in zip(columns, line, strict=True)]
            for row, line in zip(rows, cells, strict=True)
        ]
    )
    position = {name: i for i, name in enumerate(columns)}
    values = values[:, [position[name] for name in rows]]
    _check_values(values, rows, path)
    return DistanceMatrix(tidy(values), rows)


def _read_cells(path: Path) -> tuple[list[str], list[str], list[list[str]]]:
    """Return names of columns, names of rows, and the cells between them as text."""
    text, named = without_sep_line(read_text(path))
    say_hidden(text.splitlines(), str(path))
    delimiter = named or delimiter_of(text, "\t,;")
    try:
        found = read_rows(text, delimiter)[0]
        if all(len(cells) == 1 for _, cells in found):  # R's write.table parts cells by blanks
            text = "\n".join(_BLANKS.sub(" ", line.strip()) for line in text.splitlines())
            found = read_rows(text, " ")[0]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if len(found) < 2:
        raise ValueError(f"{path}: {len(found)} lines, expected a square table with names")
    numbers, lines = zip(*found, strict=True)
    header, *body = _without_empty_columns(list(lines))
    # R leaves out the corner: the header is one name short.
    columns = header if len(header) == len(body[0]) - 1 else header[1:]
    if header[0].casefold() == "#mega" or (len(header) == 1 and header[0].strip().isdecimal()):
        kind = "PHYLIP" if header[0].strip().isdecimal() else "MEGA"
        raise ValueError(
            f"{path}: the first row is {header[0]!r}: is it the form of {kind}? expected a square "
            "table with names in the first row and column"
        )
    if not columns:
        raise ValueError(
            f"{path}: the first row is {header[0]!r}, one cell; expected names, parted by tab, "
            "comma, semicolon or blank"
        )
    for number, line in zip(numbers[1:], body, strict=True):
        if len(line) != len(columns) + 1:
            raise ValueError(
                f"{path}: line {number} ({line[0]!r}) has {len(line) - 1} distances, "
                f"the header {len(columns)} names; expected as many"
            )
    rows = [normalise_taxon(line[0]) for line in body]
    return [normalise_taxon(name) for name in columns], rows, [line[1:] for line in body]


def _without_empty_columns(lines: list[list[str]]) -> list[list[str]]:
    """Leave out the empty columns that spreadsheets put behind a table."""
    header, *body = lines
    while len(body[0]) > 1 and not any(line[-1].strip() for line in body):
        n_cells = len(body[0])
        if len(header) >= n_cells and header[-1].strip():
            break  # a column that has a name is no empty one
        if len(header) >= n_cells:
            header = header[:-1]
        body = [line[:-1] if len(line) == n_cells else line for line in body]
    return [header, *body]


def _check_decimal_signs(cells: list[list[str]], path: str | Path) -> None:
    """Refuse 1,234 beside 0.5 or 999: there it is a thousand, elsewhere a number below two."""
    found = [cell.strip() for line in cells for cell in line]
    commas = [cell for cell in found if "," in cell]
    comma = next(filter(_DECIMAL_COMMA.fullmatch, commas), None)
    point = next((cell for cell in found if "." in cell), None)
    if comma and point:
        raise ValueError(
            f"{path}: holds {comma!r} and {point!r}, expected one decimal sign and no sign for "
            "thousands"
        )
    if not commas or not all(map(_THOUSANDS.fullmatch, commas)):
        return
    if whole := next((cell for cell in found if cell.isdecimal() and int(cell) >= 100), None):
        raise ValueError(
            f"{path}: holds {comma!r} beside {whole!r}: is the sign one of thousands? "
            "expected none, or decimal points"
        )


def _number(cell: str, path: str | Path, row: str, column: str) -> float:
    if "," in cell and _DECIMAL_COMMA.fullmatch(cell.strip()):  # never where commas part the cells
        cell = cell.replace(",", ".")
    try:
        value = math.nan if "_" in cell else float(cell)  # to Python 1_0 is ten
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"{path}: row {row!r}, column {column!r} holds {cell!r}, "
            "expected a finite number that is not negative"
        )
    return value


def _check_values(values: np.ndarray, names: list[str], path: str | Path) -> None:
    if not values.any():
        raise ValueError(f"{path}: every distance is zero, expected others too")
    allowed = TOLERANCE * np.abs(values).max()
    i, j = np.unravel_index(values.argmin(), values.shape)
    if values[i, j] < -allowed:
        raise ValueError(
            f"{path}: row {names[i]!r}, column {names[j]!r} holds '{values[i, j]:g}', "
            "expected a finite number that is not negative"
        )
    if values[i, j] < 0:
        log.info("%s: negative distances down to %g are taken as 0", path, values[i, j])
    diagonal = values.diagonal()
    if diagonal[worst := diagonal.argmax()] > allowed:
        hint = "; are these similarities?" if diagonal.min() >= values.max() - allowed else ""
        raise ValueError(
            f"{path}: {names[worst]!r} has distance {diagonal[worst]} to itself, expected 0{hint}"
        )
    gap = np.abs(values - values.T)
    i, j = np.unravel_index(gap.argmax(), gap.shape)
    if gap[i, j] > allowed:
        raise ValueError(
            f"{path}: not symmetric; the largest difference is {gap[i, j]:g}, between "
            f"{names[i]!r} and {names[j]!r}: {values[i, j]} and {values[j, i]}; expected the same"
        )
