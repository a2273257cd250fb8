"""Tables of scores: the columns of the contract, and means over seeds."""

import pandas as pd

#: What a row says: a score, a score less another one, or what is expected of a null or baseline
#: in its place.
SCORE, DIFFERENCE, EXPECTED = ROLES = ("score", "difference", "expected")

#: Columns of every table of scores, and of report/metrics.tsv; see docs/metrics.md.
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
    "role",
    "against",
    "value",
    "ci_low",
    "ci_high",
    "p",
    "n",
    "n_permutations",
]


def metrics_table(rows: list[dict]) -> pd.DataFrame:
    """Return scores as a table with the columns of the contract; what a score lacks is null.

    Parameters
    ----------
    rows
        Keys are columns. A row without a role is a score; every other one says what it is
        against: the reference that was taken off, or the null or baseline whose value it has.

    Raises
    ------
    ValueError
        If a row has a key that is no column or a role that is none, if it is against something
        and has no role, or the other way round.
    """
    unknown = {key for row in rows for key in row} - set(COLUMNS)
    if unknown:
        raise ValueError(f"scores have unknown columns: {', '.join(sorted(unknown))}")
    for row in rows:
        role, against = row.get("role", SCORE), row.get("against")
        if role not in ROLES or (role == SCORE) != (against is None):
            raise ValueError(
                f"score {row.get('metric')!r} of {row.get('variant')!r}: found role {role!r} "
                f"against {against!r}, expected a score against nothing, or one of "
                f"{', '.join(ROLES[1:])} against something"
            )
    return pd.DataFrame([{"role": SCORE} | row for row in rows], columns=COLUMNS)


def of_role(scores: pd.DataFrame, role: str, against: str | None = None) -> pd.DataFrame:
    """Return the rows of a role, where asked those against one thing only.

    Parameters
    ----------
    scores
        Columns of the contract.
    role
        One of `ROLES`.
    against
        A reference, null or baseline; None for all of them.

    Examples
    --------
    >>> scores = metrics_table([
    ...     {"metric": "accuracy", "value": 0.75},
    ...     {"metric": "accuracy", "role": "difference", "against": "independent", "value": 0.05},
    ... ])
    >>> of_role(scores, "score")["value"].tolist()
    [0.75]
    >>> of_role(scores, "difference", "independent")["value"].tolist()
    [0.05]
    """
    chosen = scores["role"] == role
    if against is not None:
        chosen &= scores["against"] == against
    return scores[chosen]


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
        shrink with their number), n and n_permutations the smallest; value_min, value_max and
        n_seeds beside.

    Examples
    --------
    >>> scores = metrics_table([
    ...     {"metric": "accuracy", "seed": 1, "value": 0.75, "n": 40},
    ...     {"metric": "accuracy", "seed": 2, "value": 0.25, "n": 38},
    ... ])
    >>> shown = ["metric", "value", "n", "value_min", "value_max", "n_seeds"]
    >>> over_seeds(scores)[shown].to_numpy().tolist()
    [['accuracy', 0.5, 38, 0.25, 0.75, 2]]
    """
    labels = [c for c in COLUMNS[: COLUMNS.index("value")] if c != "seed"]
    groups = scores.groupby(labels, sort=False, dropna=False)
    return groups.agg(
        value=("value", "mean"),
        ci_low=("ci_low", _mean_of_all),
        ci_high=("ci_high", _mean_of_all),
        p=("p", "max"),
        n=("n", "min"),
        n_permutations=("n_permutations", "min"),
        value_min=("value", "min"),
        value_max=("value", "max"),
        n_seeds=("seed", "nunique"),
    ).reset_index()


def _mean_of_all(values: pd.Series) -> float:
    """Return the mean; nothing where a seed has nothing."""
    return values.mean(skipna=False)
