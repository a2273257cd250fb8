"""Taxa and specimens that stand in two places: the rarer place is refused."""

from collections.abc import Sequence

import pandas as pd

from visgen.specimens.checks import refusals


def find_contradictory_taxa(rows: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Refuse the rows of rarer placements: one genus under two families, say.

    Works from coarse to fine, each step on the rows that are left. A gap contradicts nothing.

    Parameters
    ----------
    rows : DataFrame
        With the ranks.
    ranks : list of str
        The ranks, coarse to fine.

    Returns
    -------
    DataFrame
        Refusals ``contradictory_taxonomy``: every row of a placement that has fewer rows than
        another one of the same taxon, and all rows where two have the most.
    """
    pairs = [(rank, above) for i, rank in enumerate(ranks) for above in ranks[:i]]
    return _find_contradictions(rows, pairs, "contradictory_taxonomy")


def find_contradictory_specimens(rows: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Refuse the images of a specimen under a rarer taxon, by the rule for contradictory taxa.

    Parameters
    ----------
    rows : DataFrame
        With ``specimen`` and the ranks.
    ranks : list of str
        The ranks, coarse to fine.

    Returns
    -------
    DataFrame
        Refusals ``contradictory_specimen``.
    """
    pairs = [("specimen", rank) for rank in ranks]
    return _find_contradictions(rows, pairs, "contradictory_specimen")


def _find_contradictions(
    rows: pd.DataFrame, pairs: list[tuple[str, str]], reason: str
) -> pd.DataFrame:
    found = []
    for inner, outer in pairs:
        details = _rarer_placements(rows, inner, outer)
        found.append(pd.DataFrame({"reason": reason, "detail": details}, dtype="str"))
        rows = rows.drop(details.index)
    return pd.concat([refusals({}), *found])


def _rarer_placements(rows: pd.DataFrame, inner: str, outer: str) -> pd.Series:
    """Return a detail for each row that has the ``inner`` value under a rarer ``outer`` value."""
    placed = rows[[inner, outer]].dropna()
    counts = placed.value_counts().rename("n").reset_index()
    counts = counts[counts[inner].duplicated(keep=False)].sort_values([inner, "n", outer])
    details = {}
    for name, placements in counts.groupby(inner):
        here = dict(zip(placements[outer], placements["n"], strict=True))
        best = max(here.values())
        tie = list(here.values()).count(best) > 1
        for place, n in here.items():
            if n < best or tie:
                others = [f"{other!r} in {m}" for other, m in here.items() if other != place]
                details[name, place] = (
                    f"{inner} {name!r} is under {outer} {place!r} in {n} of its rows, "
                    f"but {', '.join(others[-3:])}{' (a tie)' if tie else ''}"
                )
    keys = zip(placed[inner].tolist(), placed[outer].tolist(), strict=True)
    return pd.Series([details.get(key) for key in keys], index=placed.index, dtype="str").dropna()
