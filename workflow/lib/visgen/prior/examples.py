"""Specimens whose name relatives put right, and those whose name they spoil."""

import pandas as pd

from visgen.prior.scoring import NOTHING

#: Right with relatives only, and right without them only.
HELPED, HARMED = "helped", "harmed"
CHANGED_COLUMNS = ["kind", "seed", "specimen", "taxon", "n_train", "without", "having"]


def changed_names(predictions: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return specimens whose name is right with relatives only, or without them only.

    Parameters
    ----------
    predictions
        seed, specimen, taxon (the true one), n_train, relatives, predicted.
    source
        Of relatives.

    Returns
    -------
    DataFrame
        kind (`HELPED` or `HARMED`), seed, specimen, taxon, n_train, without and having (names
        given); of a kind the taxa with fewest training specimens first.
    """
    keys = ["seed", "specimen", "taxon", "n_train"]
    wide = predictions.pivot_table("predicted", keys, "relatives", aggfunc="first").reset_index()
    if not {NOTHING, source} <= set(wide):
        return pd.DataFrame(columns=CHANGED_COLUMNS)
    wide = wide.rename(columns={NOTHING: "without", source: "having"})
    right_without, right_having = (wide[name] == wide["taxon"] for name in ("without", "having"))
    kinds = {HELPED: ~right_without & right_having, HARMED: right_without & ~right_having}
    order = ["n_train", "taxon", "specimen", "seed"]
    return pd.concat(
        [wide[of_kind].sort_values(order).assign(kind=kind) for kind, of_kind in kinds.items()],
        ignore_index=True,
    )[CHANGED_COLUMNS]
