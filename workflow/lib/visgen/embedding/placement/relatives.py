"""Known taxa by how near they look to a taxon that a fit has not seen."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.embedding.held_out.scoring import Fold

#: Of a taxon, so many of the known ones that look most alike are told.
NEAREST = 3


def relatives_by_look(fold: Fold) -> pd.DataFrame:
    """Return the known taxa of each held-out one, those that look most alike first.

    Visual distances of two fits have no common unit. So each is told in units of the median one
    of the held-out taxon to known ones.

    Parameters
    ----------
    fold
        Its distances; phylogenetic ones of held-out taxa may be NaN.

    Returns
    -------
    DataFrame
        One row a held-out and a known taxon: taxon and relative (positions), place (1 looks most
        alike), look (in that unit; 1 where a taxon looks like no known one more than another),
        distance (phylogenetic).
    """
    held_out, known = np.flatnonzero(fold.held_out), np.flatnonzero(~fold.held_out)
    visual, genetic = (m[np.ix_(held_out, known)] for m in (fold.visual, fold.genetic))
    median = np.median(visual, axis=1, keepdims=True)
    looks = np.divide(visual, median, out=np.ones_like(visual), where=median > 0)
    order = np.argsort(visual, axis=1, kind="stable")
    return pd.DataFrame(
        {
            "taxon": np.repeat(held_out, len(known)),
            "relative": known[order].ravel(),
            "place": np.tile(np.arange(1, len(known) + 1), len(held_out)),
            "look": np.take_along_axis(looks, order, axis=1).ravel(),
            "distance": np.take_along_axis(genetic, order, axis=1).ravel(),
        }
    )


def held_out_relatives(folds: Sequence[Fold], groups: np.ndarray, kind: str) -> pd.DataFrame:
    """Return the known taxa of each held-out one of a kind, with what tells folds apart.

    Parameters
    ----------
    folds
        Of the same taxa.
    groups
        (n_taxa,): number of each taxon's group of the rank above.
    kind
        ``tips`` or ``clades``. Of ``tips`` those are left out of whose group no taxon is known:
        a taxon outside the tree is of this kind where its group is known.

    Returns
    -------
    DataFrame
        As `relatives_by_look`, with fold (number), unit (of taxa that count once together: a
        group where groups are held out, else a taxon), group and relative_group (numbers).
    """
    tables = []
    for number, fold in enumerate(folds, start=1):
        if kind == "tips":
            has_kin = fold.held_out & np.isin(groups, groups[~fold.held_out])
            taken = has_kin | ~fold.held_out
            square = np.ix_(taken, taken)
            where = np.flatnonzero(taken)
            fold = Fold(fold.genetic[square], fold.visual[square], has_kin[taken])
        else:
            where = np.arange(len(groups))
        table = relatives_by_look(fold).assign(fold=number)
        for column in ("taxon", "relative"):
            table[column] = where[table[column]]
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table["unit"] = table["taxon"] if kind == "tips" else groups[table["taxon"]]
    table["group"], table["relative_group"] = groups[table["taxon"]], groups[table["relative"]]
    return table
