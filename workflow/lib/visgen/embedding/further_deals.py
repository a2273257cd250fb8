"""Further deals of taxa to folds: who is held out with whom is chance, and gains vary with it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.embedding.folds import CLADES, KINDS, deal_groups_anew, deal_tips, kinds_of

#: Columns of the table of further deals.
COLUMNS = ["taxon", "deal", *KINDS]
_TRIES = 20  # draws for each deal that is wanted


def deal_further(folds: pd.DataFrame, deals: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Deal the taxa of folds again and again, to as many folds of either kind.

    Parameters
    ----------
    folds
        The first deal, as `visgen.embedding.folds.deal_folds` returns it.
    deals
        Wanted, the first among them.
    seed
        Of the deals; the first ones stay the same when more are asked for.

    Returns
    -------
    further
        Columns `COLUMNS`: deal is its number, from 2; the fold of each kind, from 1, is null where
        a kind has no such deal. Deals of a kind are all different.
    omitted
        Evaluator and reason of deals that were not found: the others were the same, whatever the
        numbers of folds, or left fewer than `MIN_TAXA` known taxa beside a fold.

    Notes
    -----
    Clades are dealt by `visgen.embedding.folds.deal_groups_anew`: with the order of the first deal,
    the largest group first, there would often be no other one.
    """
    found, omitted = {}, []
    for kind in kinds_of(folds) if len(folds) else []:
        found[kind] = _other_deals(folds, kind, deals - 1, seed)
        n_made = 1 + len(found[kind])
        if n_made < deals:
            reason = (
                f"{len(folds)} taxa in {folds['group_number'].nunique()} groups were not dealt to "
                f"{int(folds[kind].max())} folds of {kind} in more ways that leave {MIN_TAXA} "
                f"known taxa beside each, in {_TRIES * (deals - 1)} draws"
            )
            which = f"held_out_{kind}, all but {n_made} of {deals} deals"
            omitted.append({"evaluator": which, "reason": reason})
    tables = [pd.DataFrame(columns=COLUMNS)]
    for place in range(max(map(len, found.values()), default=0)):
        table = pd.DataFrame({"taxon": folds.index, "deal": place + 2}, columns=COLUMNS)
        for kind, its in found.items():
            if place < len(its):
                table[kind] = its[place] + 1
        tables.append(table.astype(dict.fromkeys(KINDS, "Int64")))
    further = pd.concat(tables[1:] or tables, ignore_index=True)
    return further, pd.DataFrame(omitted, columns=["evaluator", "reason"])


def each_deal(folds: pd.DataFrame, further: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield the number of each further deal, and its folds in the place of the first ones.

    Parameters
    ----------
    folds
        The first deal: index taxon, columns `KINDS` and others.
    further
        As `deal_further` returns it.

    Raises
    ------
    ValueError
        If a deal is not of the taxa of `folds`.
    """
    for number, table in further.groupby("deal"):
        its = table.set_index("taxon")
        if len(its) != len(folds) or set(its.index) != set(folds.index):
            raise ValueError(
                f"deal {number} of taxa to folds: found {len(its)} taxa, expected the {len(folds)} "
                "of the first deal"
            )
        yield int(number), folds.assign(**{kind: its[kind] for kind in KINDS})


def _other_deals(folds: pd.DataFrame, kind: str, wanted: int, seed: int) -> list[np.ndarray]:
    """Return deals, (n_taxa,) each, folds from 0; fewer where few are different and usable."""
    rng = np.random.default_rng([seed, 11, KINDS.index(kind)])
    groups, n_folds = folds["group_number"].to_numpy(), int(folds[kind].max())
    seen, found = {_unnumbered(folds[kind].to_numpy())}, []
    for _ in range(_TRIES * wanted):
        if len(found) == wanted:
            break
        if kind == CLADES:
            dealt = deal_groups_anew(groups, n_folds, rng)
        else:
            dealt = deal_tips(len(folds), n_folds, rng)
        mark = _unnumbered(dealt)
        if mark not in seen and len(folds) - np.bincount(dealt).max() >= MIN_TAXA:
            seen.add(mark)
            found.append(dealt)
    return found


def _unnumbered(fold: np.ndarray) -> tuple[int, ...]:
    """Return what is equal for deals that differ by the numbers of their folds alone."""
    return tuple(pd.factorize(fold)[0].tolist())
