"""Square tables of distances that a user brings, read and checked."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from visgen.delimited import delimiter_of, read_rows, without_sep_line
from visgen.distances.matrices import tidy
from visgen.encodings import read_text
from visgen.names import normalise_taxon, say_hidden
from visgen.scikit_bio import DistanceMatrix

_N_EXAMPLES = 5
TOLERANCE = 1e-6  # of the largest distance; what programs leave behind when they round to float32
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")


def read_distances(path: str | Path) -> DistanceMatrix:
    """Read a square table of distances that a user brings.

    Tab, comma, semicolon or, where none of these does, one blank separates the cells. The first
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
        If the table is not square, names of rows and columns differ or occur twice, a cell is
        not a finite number or is negative, decimal commas stand beside points, or the matrix
        is not symmetric with a zero diagonal (both within `TOLERANCE` of the largest distance).
    """
    columns, rows, cells = _read_cells(Path(path))
    for kind, names in (("row", rows), ("column", columns)):
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
            found = read_rows(text, " ")[0]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if len(found) < 2:
        raise ValueError(f"{path}: {len(found)} lines, expected a square table with names")
    numbers, (header, *body) = zip(*found, strict=True)
    # R leaves out the corner: the header is one name short.
    columns = header if len(header) == len(body[0]) - 1 else header[1:]
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


def _check_decimal_signs(cells: list[list[str]], path: str | Path) -> None:
    """Refuse 1,234 beside 0.5: there it is a thousand, elsewhere it is a number below two."""
    found = [cell for line in cells for cell in line]
    comma = next((cell for cell in found if _DECIMAL_COMMA.fullmatch(cell.strip())), None)
    point = next((cell for cell in found if "." in cell), None)
    if comma and point:
        raise ValueError(
            f"{path}: holds {comma!r} and {point!r}, expected one decimal sign and no sign for "
            "thousands"
        )


def _number(cell: str, path: str | Path, row: str, column: str) -> float:
    if _DECIMAL_COMMA.fullmatch(cell.strip()):  # never where commas part the cells
        cell = cell.replace(",", ".")
    try:
        value = np.nan if "_" in cell else float(cell)  # to Python 1_0 is ten
    except ValueError:
        value = np.nan
    if not np.isfinite(value) or value < 0:
        raise ValueError(
            f"{path}: row {row!r}, column {column!r} holds {cell!r}, "
            "expected a finite number that is not negative"
        )
    return value


def _check_values(values: np.ndarray, names: list[str], path: str | Path) -> None:
    if not values.any():
        raise ValueError(f"{path}: every distance is zero, expected others too")
    allowed = TOLERANCE * values.max()
    diagonal = values.diagonal()
    if diagonal[worst := diagonal.argmax()] > allowed:
        raise ValueError(
            f"{path}: {names[worst]!r} has distance {diagonal[worst]} to itself, expected 0"
        )
    gap = np.abs(values - values.T)
    i, j = np.unravel_index(gap.argmax(), gap.shape)
    if gap[i, j] > allowed:
        raise ValueError(
            f"{path}: not symmetric; the largest difference is {gap[i, j]:g}, between "
            f"{names[i]!r} and {names[j]!r}: {values[i, j]} and {values[j, i]}; expected the same"
        )
