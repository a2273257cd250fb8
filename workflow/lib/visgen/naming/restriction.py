"""Names restricted to taxa that can occur: those of a region, or of a layer of rock."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.lineages.known import Lineages
from visgen.delimited import Cells, read_cells
from visgen.fields import clean_cell, gap_words
from visgen.names import normalise_text
from visgen.spellings import accept, match_case, propose

_GAPS = gap_words([])
_ANY = ""  # stands for the rank of a taxon that the table gives no rank
_N_SHOWN = 5


class Restriction(NamedTuple):
    """Taxa that can occur.

    Attributes
    ----------
    path
        The table that lists them.
    rows
        The names of each row by rank, coarse to fine, in normal form; of the rank "" where the
        table gives none. The last is what can occur, those before it say where it belongs.
    """

    path: Path
    rows: list[dict[str, str]]


def read_restriction(path: str | Path, place: str | None, ranks: Sequence[str]) -> Restriction:
    """Read which taxa can occur.

    Parameters
    ----------
    path
        A table as `visgen.delimited.read_cells` reads it, with a column ``taxon``, of any rank, or
        else columns named as ranks, of which the finest name of a row counts; further ``rank``,
        of the taxon, and ``place``. Other columns are ignored, as are rows that name no taxon.
    place
        Rows of this place count, whatever the case of its letters; None takes those of all.
    ranks
        Of the study, coarse to fine.

    Raises
    ------
    ValueError
        If the file is no such table, has no rows of the place, or names no taxon.
    """
    path = Path(path)
    cells = read_cells(path)
    named = [name for name in ("taxon", *ranks) if name in cells.header]
    twice = [name for name in (*named, "rank", "place") if cells.header.count(name) > 1]
    if not named or twice:
        raise ValueError(
            f"{path}: the columns are {cells.header}, expected 'taxon' or one of {list(ranks)}, "
            "each once"
        )
    names = _listed(cells) if "taxon" in named else _spelled_out(cells, ranks)
    here = [True] * len(cells.rows) if place is None else _in_place(path, cells, place)
    rows = [row for row, counts in zip(names, here, strict=True) if row and counts]
    if not rows:
        raise ValueError(
            f"{path}: found no name in {len(cells.rows)} rows{_of(place)}, expected names of taxa "
            f"in {' or '.join(map(repr, named))}"
        )
    return Restriction(path, rows)


def allow(
    restriction: Restriction,
    lineages: Lineages,
    synonyms: Mapping[str, str],
    further: pd.DataFrame | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Return which lineages can occur.

    Parameters
    ----------
    restriction
        As `read_restriction` returns it.
    lineages
        Those that can be named.
    synonyms
        As `visgen.name_tables.read_synonyms` returns it.
    further
        (n_further, n_ranks) taxa of which there is no labelled specimen; None for none.

    Returns
    -------
    allowed
        (n_lineages + n_further,) bool. A genus allows all its species. A row that names a species,
        and its genus in another column, allows the lineage that ends with this genus too.
    unknown
        Taxa that allow no lineage, as the table has them, in its order.

    Raises
    ------
    ValueError
        If the study has specimens of none of them.
    """
    names = lineages.names if further is None else pd.concat([lineages.names, further])
    wanted = dict.fromkeys(name for row in restriction.rows for name in row.values())
    taxa = sorted({name for rank in names for name in names[rank].dropna()})
    accepted = accept(wanted, synonyms, str(restriction.path))
    spelled = match_case(accepted.values(), taxa, str(restriction.path))
    below, ending = _places(names)
    allowed, unknown = np.zeros(len(names), bool), []
    for row in restriction.rows:
        used = {rank: spelled[accepted[name]] for rank, name in row.items()}
        found = list(below.get([*used.items()][-1], []))
        found += [place for item in used.items() for place in ending.get(item, [])]
        allowed[found] = True
        if not found:
            unknown.append([*row.values()][-1])
    unknown = list(dict.fromkeys(unknown))
    if not allowed[: len(lineages)].any():
        listed = list(dict.fromkeys([*row.values()][-1] for row in restriction.rows))
        raise ValueError(
            f"{restriction.path}: none of its {len(listed)} taxa is of this study: found "
            f"{_shown(listed)}, expected such as {_shown(taxa)}. {propose(listed, taxa)}".strip()
        )
    return allowed, unknown


def restrict(
    probabilities: np.ndarray, lineages: Lineages, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Take lineages that cannot occur out of the answers.

    Parameters
    ----------
    probabilities
        (n, n_lineages), rows sum to one.
    lineages
        That the columns stand for.
    allowed
        (n_lineages,) bool, as `allow` returns it.

    Returns
    -------
    probabilities
        (n, n_lineages), rows sum to one: Bayes' rule with a prior that is zero elsewhere. Where
        nothing is left of a row, all that can occur is equally probable.
    taken
        (n,) probability that was taken away: near 1, the specimen looks like what cannot occur.

    Raises
    ------
    ValueError
        If there is not one column, and one of `allowed`, for each lineage, or none can occur.
    """
    n = len(lineages)
    if probabilities.shape[1] != n or allowed.shape != (n,):
        raise ValueError(
            f"probabilities of {probabilities.shape[1]} and a restriction of {len(allowed)} "
            f"lineages, expected {n} of both"
        )
    if not allowed.any():
        raise ValueError(f"none of {n} lineages can occur, expected at least one")
    kept = np.where(allowed, probabilities, 0.0)
    left = kept.sum(axis=1, keepdims=True)
    equal = allowed / allowed.sum()
    with np.errstate(invalid="ignore"):
        renormalised = np.where(left > 0, kept / left, equal)
    return renormalised, probabilities[:, ~allowed].sum(axis=1)


def _listed(cells: Cells) -> Iterator[dict[str, str]]:
    ranks = cells.column("rank") if "rank" in cells.header else [_ANY] * len(cells.rows)
    for cell, rank in zip(cells.column("taxon"), ranks, strict=True):
        name = clean_cell(cell, "taxon", ["taxon"], _GAPS)
        rank = clean_cell(rank, "rank", [], _GAPS) or _ANY
        yield {rank.casefold(): name} if name else {}


def _spelled_out(cells: Cells, ranks: Sequence[str]) -> Iterator[dict[str, str]]:
    named = [rank for rank in ranks if rank in cells.header]
    for row in zip(*map(cells.column, named), strict=True):
        names = [clean_cell(cell, r, ranks, _GAPS) for r, cell in zip(named, row, strict=True)]
        yield {rank.casefold(): name for rank, name in zip(named, names, strict=True) if name}


def _in_place(path: Path, cells: Cells, place: str) -> list[bool]:
    if "place" not in cells.header:
        raise ValueError(
            f"{path}: the columns are {cells.header}, expected 'place' to find {place!r} in"
        )
    places = [normalise_text(cell) for cell in cells.column("place")]
    here = [found.casefold() == normalise_text(place).casefold() for found in places]
    if not any(here):
        found = _shown(list(dict.fromkeys(filter(None, places))))
        raise ValueError(f"{path}: no row of the place {place!r}; found {found or 'no place'}")
    return here


Places = dict[tuple[str, str], list[int]]


def _places(lineages: pd.DataFrame) -> tuple[Places, Places]:
    """Return which rows of names have a taxon, and which end with it, by rank and taxon."""
    below: Places = {}
    ending: Places = {}
    for place, names in enumerate(lineages.to_dict("records")):
        own = [(rank.casefold(), name) for rank, name in names.items() if isinstance(name, str)]
        for rank, name in own:
            below.setdefault((rank, name), []).append(place)
            below.setdefault((_ANY, name), []).append(place)
        ending.setdefault(own[-1], []).append(place)
    return below, ending


def _of(place: str | None) -> str:
    return "" if place is None else f" of the place {place!r}"


def _shown(names: Sequence[str]) -> str:
    more = " …" if len(names) > _N_SHOWN else ""
    return ", ".join(map(repr, names[:_N_SHOWN])) + more
