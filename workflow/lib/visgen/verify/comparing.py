"""Which rows of two tables of scores differ, and in what."""

import numpy as np
import pandas as pd

from visgen.metrics import COLUMNS

#: What tells rows apart, and what of them are numbers.
LABELS = COLUMNS[: COLUMNS.index("value")]
NUMBERS = COLUMNS[COLUMNS.index("value") :]

#: Columns of a table of differences.
DIFFERENCES = ["table", *LABELS, "column", "archived", "recomputed"]

# Another processor may add up in another order.
_RELATIVE = 1e-9


def differing_rows(table: str, archived: pd.DataFrame, recomputed: pd.DataFrame) -> pd.DataFrame:
    """Return which numbers of two tables of scores differ, a row each.

    Rows are held against each other by their labels, those with the same labels in their order.

    Parameters
    ----------
    table
        Where the rows stand.
    archived, recomputed
        Columns of the contract. Numbers are the same where they differ by less than 1e-9 of
        themselves, or both are gaps.

    Returns
    -------
    DataFrame
        The columns `DIFFERENCES`. Where a row is on one side only, column is ``row`` and the side
        that has it says so.

    Examples
    --------
    >>> from visgen.metrics import metrics_table
    >>> rows = [{"metric": "accuracy", "seed": seed, "value": 0.5} for seed in (1, 2)]
    >>> archived = metrics_table(rows)
    >>> recomputed = archived.assign(value=[0.5, 0.25])
    >>> found = differing_rows("scores.tsv", archived, recomputed)
    >>> found[["seed", "column", "archived", "recomputed"]].to_numpy().tolist()
    [['2', 'value', '0.5', '0.25']]
    """
    one, other = _by_labels(archived), _by_labels(recomputed)
    rows = one.index.union(other.index, sort=False)
    a, b = (side.reindex(rows).to_numpy() for side in (one, other))
    in_one, in_other = rows.isin(one.index), rows.isin(other.index)
    differ = ~np.isclose(a, b, rtol=_RELATIVE, atol=0, equal_nan=True)
    found = []
    for row in np.flatnonzero(differ.any(axis=1) | (in_one != in_other)):
        labels = {"table": table} | dict(zip(LABELS, rows[row][:-1], strict=True))
        if in_one[row] != in_other[row]:
            sides = ("there", "") if in_one[row] else ("", "there")
            found.append(labels | {"column": "row"} | _sides(*sides))
            continue
        found += [
            labels | {"column": NUMBERS[k]} | _sides(_text(a[row, k]), _text(b[row, k]))
            for k in np.flatnonzero(differ[row])
        ]
    return pd.DataFrame(found, columns=DIFFERENCES)


def _by_labels(scores: pd.DataFrame) -> pd.DataFrame:
    labels = scores[LABELS].copy()
    labels["seed"] = [_text(seed) for seed in scores["seed"].astype("float64")]
    labels = labels.astype(object).where(labels.notna(), "").astype(str)
    # An empty fold or rank, say, is a label too; rows of the same labels are counted.
    labels["number"] = labels.groupby(LABELS, sort=False).cumcount()
    index = pd.MultiIndex.from_frame(labels)
    return scores[NUMBERS].astype("float64").set_axis(index)


def _text(number: float) -> str:
    return "" if np.isnan(number) else repr(float(number)).removesuffix(".0")


def _sides(archived: str, recomputed: str) -> dict[str, str]:
    return {"archived": archived, "recomputed": recomputed}
