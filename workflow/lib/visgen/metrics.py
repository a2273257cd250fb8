"""Tables of scores: the columns of the contract, and means over seeds."""

import pandas as pd

#: Columns of every table of scores, and of report/metrics.tsv.
COLUMNS = [
    "experiment",
    "variant",
    "backbone",
    "rank",
    "anchors",
    "evaluator",
    "part",
    "fold",
    "seed",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "p",
    "n",
]


def metrics_table(rows: list[dict]) -> pd.DataFrame:
    """Return scores as a table with the columns of the contract; what a score lacks is null.

    Raises
    ------
    ValueError
        If a row has a key that is no column.
    """
    unknown = {key for row in rows for key in row} - set(COLUMNS)
    if unknown:
        raise ValueError(f"scores have unknown columns: {', '.join(sorted(unknown))}")
    return pd.DataFrame(rows, columns=COLUMNS)


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Average scores over seeds.

    Parameters
    ----------
    scores
        Columns of the contract.

    Returns
    -------
    DataFrame
        The same columns without seed, in the order of first appearance: value, ci_low and
        ci_high are means over seeds (the seeds share their specimens, so the interval does not
        shrink with their number), n the smallest; value_min, value_max and n_seeds beside.
    """
    labels = [c for c in COLUMNS[: COLUMNS.index("value")] if c != "seed"]
    groups = scores.groupby(labels, sort=False, dropna=False)
    return groups.agg(
        value=("value", "mean"),
        ci_low=("ci_low", _mean_of_all),
        ci_high=("ci_high", _mean_of_all),
        p=("p", "max"),
        n=("n", "min"),
        value_min=("value", "min"),
        value_max=("value", "max"),
        n_seeds=("seed", "nunique"),
    ).reset_index()


def _mean_of_all(values: pd.Series) -> float:
    """Return the mean; nothing where a seed has nothing."""
    return values.mean(skipna=False)
