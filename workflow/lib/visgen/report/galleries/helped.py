"""Specimens of rare taxa that relatives put right, and those that they spoil."""

import pandas as pd

from visgen.prior.examples import HARMED, HELPED, changed_names
from visgen.report.galleries.examples import GAINED, LOST

#: Specimens of each kind, helped and harmed.
SHOWN = {HELPED: 12, HARMED: 6}
_ROLES = {HELPED: GAINED, HARMED: LOST}


def choose_helped(
    predictions: pd.DataFrame, source: str, tail: int, images: pd.Series
) -> list[dict]:
    """Return specimens of rare taxa whose name is right with relatives or without them alone.

    Parameters
    ----------
    predictions
        seed, specimen, taxon (the true one), n_train, relatives, predicted.
    source
        Of relatives.
    tail
        Taxa with fewer training specimens are rare.
    images
        Image of each specimen, index specimen.

    Returns
    -------
    list of dict
        predicted is the name with relatives, other that without. As many taxa as can be, those
        with fewest training specimens first. Of the group: n specimens of this kind, in all
        splits together, of n_asked specimens of rare taxa.
    """
    rare = predictions[predictions["n_train"] < tail]
    n_asked = len(rare[["seed", "specimen"]].drop_duplicates())
    changed = changed_names(rare, source)
    rows = []
    for kind, most in SHOWN.items():
        own = changed[changed["kind"] == kind]
        counts = {"group": kind, "role": _ROLES[kind], "n": len(own), "n_asked": n_asked}
        once = own[~own["specimen"].duplicated()]
        turn = once.groupby("taxon").cumcount()
        for row in once.loc[turn.sort_values(kind="stable").index].head(most).to_dict("records"):
            rows.append(
                counts
                | {
                    "image": images[row["specimen"]],
                    "specimen": row["specimen"],
                    "taxon": row["taxon"],
                    "predicted": row["having"],
                    "other": row["without"],
                    "n_train": row["n_train"],
                    "seed": row["seed"],
                }
            )
    return rows
