"""Pairs of taxa that were taken for each other most often."""

import numpy as np
import pandas as pd

from visgen.report.galleries.examples import ASKED, MISTAKEN

#: Pairs, and photographs of each side of one.
PAIRS, SHOWN = 10, 4
_ENDS = ["taxon", "other"]


def confused_pairs(named: pd.DataFrame, distances: pd.DataFrame | None) -> pd.DataFrame:
    """Return how often taxa were taken for each other, both ways together, in all splits.

    Parameters
    ----------
    named
        Columns of `visgen.report.galleries.named.NAMED_COLUMNS`.
    distances
        Between taxa; None without a tree.

    Returns
    -------
    DataFrame
        taxon, other (sorted), n (photographs of one taken for the other), n_asked (test
        photographs of both), share, n_test_specimens (of both), distance (NaN where one has no
        place); `PAIRS` at most, the most often confused first, of equals the larger share.
    """
    wrong = named[named["truth"] != named["predicted"]]
    ends = np.sort(wrong[["truth", "predicted"]].to_numpy(dtype=object), axis=1)
    pairs = pd.DataFrame(ends, columns=_ENDS)
    pairs = pairs.groupby(_ENDS).size().rename("n").reset_index()
    asked = named.groupby("truth")
    for name, counts in (
        ("n_asked", asked.size()),
        ("n_test_specimens", asked["specimen"].nunique()),
    ):
        pairs[name] = sum(pairs[end].map(counts).fillna(0).astype(int) for end in _ENDS)
    pairs["share"] = pairs["n"] / pairs["n_asked"]
    pairs["distance"] = [_between(distances, *ends) for ends in pairs[_ENDS].to_numpy()]
    order = ["n", "share", *_ENDS]
    pairs = pairs.sort_values(order, ascending=[False, False, True, True], ignore_index=True)
    return pairs.head(PAIRS)


def choose_confused(named: pd.DataFrame, distances: pd.DataFrame | None) -> list[dict]:
    """Return test specimens of the pairs, first those that were taken for the other taxon.

    Parameters
    ----------
    named, distances
        As in `confused_pairs`.

    Returns
    -------
    list of dict
        `SHOWN` specimens a side at most; of one that was taken for the other the photograph for
        which this was most probable, else that of the first split.
    """
    rows = []
    for number, pair in enumerate(confused_pairs(named, distances).to_dict("records"), 1):
        ends = pair["taxon"], pair["other"]
        for taxon, other in (ends, ends[::-1]):
            own = named[named["truth"] == taxon]
            own = own.assign(is_taken=own["predicted"] == other)
            own["sure"] = own["probability"].where(own["is_taken"], 0)
            own = own.sort_values(
                ["is_taken", "sure", "seed", "specimen", "id"],
                ascending=[False, False, True, True, True],
            )
            of_specimens = own[~own["specimen"].duplicated()].head(SHOWN)
            rows += [
                pair
                | {
                    "group": str(number),
                    "image": row["id"],
                    "specimen": row["specimen"],
                    "role": MISTAKEN if row["is_taken"] else ASKED,
                    "taxon": taxon,
                    "other": other,
                    "predicted": row["predicted"],
                    "probability": row["probability"],
                    "seed": row["seed"],
                }
                for row in of_specimens.to_dict("records")
            ]
    return rows


def _between(distances: pd.DataFrame | None, taxon: str, other: str) -> float:
    if distances is None or not {taxon, other} <= set(distances.index):
        return np.nan
    return float(distances.loc[taxon, other])
