"""Which column of a table is what: files by their contents, ranks and the rest by their names."""

from collections.abc import Callable, Collection
from pathlib import PurePosixPath
from typing import NamedTuple

import pandas as pd

from visgen.delimited import Cells
from visgen.fields import clean_part, gap_words
from visgen.specimens.checks import read_splits
from visgen.specimens.columns import FIELDS as ALL_FIELDS
from visgen.specimens.files import find_file
from visgen.specimens.splits import PARTS
from visgen.starting.words import FIELDS, PLACES, RANKS, looks_like_epithet, looks_whole, plain

_N_SHOWN = 12
_N_LOOKED_AT = 2_000  # rows, spread over the table, that tell the column of files
_GAPS = gap_words([])


class Columns(NamedTuple):
    """What the columns of a table were taken for."""

    fields: dict[str, str | list[str]]  # columns by field or rank
    ranks: list[str]  # coarse to fine
    unread: list[str]  # columns that are nothing
    places: list[str]  # those of them that say where specimens are from


def find_columns(table: Cells, files: Collection[str], source: str) -> Columns:
    """Find the columns of a table of images.

    Parameters
    ----------
    table : Cells
        As `visgen.delimited.read_cells` returns it.
    files : collection of str
        Ids of the images in the folder.
    source : str
        The file of the table, for messages.

    Returns
    -------
    Columns
        The column of files is the one whose cells name most of them.

    Raises
    ------
    ValueError
        In one line: where no column names files of the folder, or none a rank.
    """
    if not table.rows:
        raise ValueError(f"{source}: has a header and no row, expected a row a photograph")
    twice = [name for name in dict.fromkeys(table.header) if name and table.header.count(name) > 1]
    if twice:
        raise ValueError(f"{source}: the column {twice[0]!r} is there twice, expected once")
    fields: dict[str, str | list[str]] = {"filename": _column_of_files(table, files, source)}
    taken = {fields["filename"]}
    for field in ("specimen", "view", "source", "split"):
        named = _named(table, FIELDS[field], taken)
        if field == "split":
            named = [name for name in named if _are_splits(table.column(name))]
        if named:
            fields[field] = named[0]
            taken.add(named[0])
    ranks = []
    for rank, spellings in RANKS.items():
        named = [name for name in _named(table, spellings, taken)
                 if _mostly(_has_letters, table.column(name))]  # fmt: skip
        if rank == "species":
            named = _species(table, named, fields)
        if named:
            fields[rank] = named[0] if len(named) == 1 or rank != "species" else named
            taken.update(named if rank == "species" else named[:1])
            ranks.append(rank)
    if not ranks:
        raise ValueError(
            f"{source}: found no column that is a rank; expected one at least that is called "
            f"{', '.join(('order', 'family', 'genus'))} or species; columns: {_listed(table)}"
        )
    unread = [name for name in table.header if name and name not in taken]
    return Columns(fields, ranks, unread, [name for name in unread if plain(name) in PLACES])


def columns_to_name(columns: Columns) -> dict[str, str | list[str]]:
    """Return the columns that are not found under the name of their field."""
    return {
        field: column
        for field, column in columns.fields.items()
        if column != field and not (field in ALL_FIELDS[1:] and str(column).casefold() == field)
    }


def _named(table: Cells, spellings: tuple[str, ...], taken: set[str]) -> list[str]:
    """Return the columns that are called so, in the order of the spellings."""
    free = [name for name in table.header if name and name not in taken]
    return [name for spelling in spellings for name in free if plain(name) == spelling]


def _species(table: Cells, named: list[str], fields: dict[str, str | list[str]]) -> list[str]:
    """Return the column of whole names of species, or those of genus and epithet."""
    for name in named:
        if _mostly(looks_whole, table.column(name)):
            return [name]
    genus = fields.get("genus")
    epithets = [name for name in named if _mostly(looks_like_epithet, table.column(name))]
    if genus is not None and epithets:
        return [str(genus), epithets[0]]
    return named[:1]


def _mostly(looks: Callable[[str], bool], cells: list[str]) -> bool:
    names = [name for cell in cells if (name := clean_part(cell, "taxon", ["taxon"], _GAPS))]
    return bool(names) and sum(map(looks, names)) > len(names) / 2


def _has_letters(name: str) -> bool:
    """Tell a name from a number, such as that of a row in a column `order`."""
    return any(sign.isalpha() for sign in name)


def _are_splits(cells: list[str]) -> bool:
    words = sorted({cell.strip() for cell in cells} - {""})
    return bool(words) and set(read_splits(pd.Series(words))) <= set(PARTS)


def _column_of_files(table: Cells, files: Collection[str], source: str) -> str:
    ids, best = set(files), {}
    step = max(1, len(table.rows) // _N_LOOKED_AT)
    for name in filter(None, table.header):
        cells = [clean_part(cell, "filename", [], set()) for cell in table.column(name)[::step]]
        best[name] = sum(find_file(cell, ids) is not None for cell in cells)
    called = [name for name in table.header if plain(name) in FIELDS["filename"]]
    order = sorted(best, key=lambda name: (-best[name], name not in called))
    if best[order[0]]:
        return order[0]
    if not called:
        raise ValueError(
            f"{source}: found no column with the names of the photographs, expected one, such as "
            f"'filename'; columns: {_listed(table)}"
        )
    raise ValueError(_why_none(table, called[0], ids, source))


def _why_none(table: Cells, name: str, ids: set[str], source: str) -> str:
    """Return what is wrong with a column that should name files and names none."""
    line, cell = next(
        ((n, c.strip()) for n, c in zip(table.lines, table.column(name), strict=True) if c.strip()),
        (table.lines[0], ""),
    )
    found = f"{source}: line {line}: the column {name!r} has {cell!r}, which is no file in IMAGES"
    path = PurePosixPath(cell.replace("\\", "/"))
    for other in sorted(ids):
        there = PurePosixPath(other)
        if there.name == path.name and there != path:
            if str(path).endswith(f"/{there}"):
                return (
                    f"{found}, but {other!r} is; name the folder above as IMAGES, or cut the path"
                )
            return f"{found}, but {other!r} is; write it so"
        if there.stem == path.name:
            return f"{found}, but {other!r} is; the names in the table lack their ending"
    return f"{found}; there lies for example {min(ids)!r}"


def _listed(table: Cells) -> str:
    names = [repr(name[:40]) for name in table.header if name]
    return ", ".join(names[:_N_SHOWN]) + (", …" if len(names) > _N_SHOWN else "")
