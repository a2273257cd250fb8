"""What forbids a sequence to be used.

Each check takes the entries that earlier ones left and returns, with their index, those it
objects to.
"""

from collections.abc import Iterable

import pandas as pd

from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.nucleotides import foreign_letters, hint_at

_N_NAMED = 20


def find_repeated_names(entries: pd.DataFrame) -> pd.DataFrame:
    """Find sequences whose name another has.

    Parameters
    ----------
    entries : DataFrame
        ``row``, ``name``, ``taxon``, ``ungapped``.

    Returns
    -------
    DataFrame
        ``reason``, ``detail``. All of one name are ``name_taken`` where bases or taxa differ;
        where both are the same, all but the first are ``duplicate``.
    """
    refused = {}
    again = entries[entries["name"].duplicated(keep=False)]
    for name, group in again.groupby("name", sort=False):
        if len(set(zip(group["ungapped"], group["taxon"], strict=True))) > 1:
            rows = _listed(group["row"].iloc[:_N_NAMED], len(group))
            detail = f"rows {rows} have the name {name!r}, with different bases or taxa"
            refused |= dict.fromkeys(group.index, ("name_taken", detail))
        else:
            detail = f"row {group['row'].iloc[0]} has the same name, bases and taxon"
            refused |= dict.fromkeys(group.index[1:], ("duplicate", detail))
    return _refusals(refused)


def find_unfit(entries: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Find sequences that are empty, no nucleotides, too short, too long or too ambiguous.

    Parameters
    ----------
    entries : DataFrame
        ``bases`` in the form of `visgen.genetics.sequences.nucleotides.normalise_bases`,
        ``length``, ``ambiguous``.
    filters : Filters
        The limits.

    Returns
    -------
    DataFrame
        ``reason`` (the first that holds), ``detail``.
    """
    refused = {}
    columns = (entries[key] for key in ("bases", "length", "ambiguous"))
    for index, *facts in zip(entries.index, *columns, strict=True):
        if flaw := _flaw(*facts, filters):
            refused[index] = flaw
    return _refusals(refused)


def find_same_bases(entries: pd.DataFrame) -> pd.DataFrame:
    """Find sequences whose bases, without gaps, another sequence has.

    Parameters
    ----------
    entries : DataFrame
        ``name``, ``taxon``, ``ungapped``.

    Returns
    -------
    DataFrame
        One row a sequence with the bases of another: ``duplicate_of`` (name of the first earlier
        one, empty for the first itself), ``twin`` (the same, among those of its taxon),
        ``other_taxa`` (the other taxa that have these bases, joined; empty without).
    """
    found = {}
    again = entries[entries["ungapped"].duplicated(keep=False)]
    for _, group in again.groupby("ungapped", sort=False):
        taxa = sorted(set(group["taxon"]))
        first_index, first_name = group.index[0], group["name"].iloc[0]
        first_of_taxon = {}
        for index, name, taxon in zip(group.index, group["name"], group["taxon"], strict=True):
            first = "" if index == first_index else first_name
            others = [other for other in taxa[: _N_NAMED + 1] if other != taxon][:_N_NAMED]
            found[index] = first, first_of_taxon.get(taxon, ""), _listed(others, len(taxa) - 1)
            first_of_taxon.setdefault(taxon, name)
    return pd.DataFrame.from_dict(
        found, orient="index", columns=["duplicate_of", "twin", "other_taxa"], dtype="str"
    )


def _flaw(bases: str, length: int, ambiguous: float, filters: Filters) -> tuple[str, str] | None:
    if length == 0:
        return "empty", "it has no bases"
    if letters := foreign_letters(bases):
        hint = f": {hint}" if (hint := hint_at(letters)) else ""
        detail = f"it holds {letters!r}, expected letters of IUPAC for DNA or RNA{hint}"
        return "not_nucleotides", detail
    if length < filters.min_length:
        return "too_short", f"it has {length} bases, expected at least {filters.min_length}"
    if filters.max_length is not None and length > filters.max_length:
        return "too_long", f"it has {length} bases, expected at most {filters.max_length}"
    if ambiguous > filters.max_ambiguous:
        return "ambiguous", (
            f"{ambiguous:.2%} of its letters are not A, C, G or T, "
            f"expected at most {filters.max_ambiguous:.2%}"
        )
    return None


def _listed(first: Iterable[object], n: int) -> str:
    """Return the first of ``n`` names, joined, and how many more there are."""
    names = [str(name) for name in first]
    more = f" and {n - len(names)} more" if n > len(names) else ""
    return ", ".join(names) + more


def _refusals(refused: dict[int, tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(
        refused, orient="index", columns=["reason", "detail"], dtype="str"
    )
