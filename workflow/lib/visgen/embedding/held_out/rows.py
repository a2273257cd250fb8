"""Scores of held-out taxa as rows, with intervals, p by refit, and the null rows beside."""

import numpy as np
import pandas as pd

from visgen.bootstrap import bayesian_weights
from visgen.embedding.held_out.deals import OTHER_DEAL, further_gains, gain_rows
from visgen.embedding.held_out.fresh_looks import (
    FRESH,
    FRESH_UNGUIDED,
    fresh_limits,
    fresh_power,
    gain_limits,
)
from visgen.embedding.held_out.scoring import (
    CORRELATIONS,
    METRICS,
    RANDOM_RELATIVE,
    Fold,
    nearest_known,
    score_folds,
)
from visgen.embedding.held_out.within import WITHIN, count_within, score_within
from visgen.metrics import DIFFERENCE, EXPECTED

#: Metrics of the nearest known relative: columns of
#: `visgen.embedding.held_out.scoring.nearest_known`.
NEAREST = {"nearest_rank": "place", "nearest_regret": "regret"}
#: What is compared with the unguided reference, by part.
COMPARED = {
    "held_out_held_out": ("pearson",),
    "held_out_known": ("pearson_double_centred", "nearest_regret"),
}
#: Columns of `nearest_table`.
NEAREST_COLUMNS = [
    *("kind", "fold", "taxon", "relative", "nearest", "found", "regret", "regret_random", "place"),
    *("place_random", "n_nearest"),
]
_BOOTSTRAPS = 2000


def power_metric(metric: str) -> str:
    """Return the metric that tells of another one how often it would see wholly inherited look."""
    return f"power_{metric}"


def held_out_rows(
    kind: str,
    folds: list[Fold],
    permuted: pd.DataFrame,
    reference: tuple[str, list[Fold], pd.DataFrame] | None,
    seed: int,
) -> list[dict]:
    """Score the held-out taxa of one kind.

    Parameters
    ----------
    kind
        ``tips`` or ``clades``.
    folds
        Of one variant, with the groups of the steps that are asked.
    permuted
        Columns null, permutation, part, metric, value: scores of refits, as
        `visgen.embedding.held_out.refits.refit_nulls` makes them, and in further deals.
    reference
        Name of an unguided variant to compare with, the same folds of it, and its scores as in
        `permuted`; None for none.
    seed
        Of bootstrap samples of taxa.

    Returns
    -------
    list of dict
        Evaluator ``held_out_<kind>``, part, metric, value, n (taxa), and where they exist role,
        against, ci_low, ci_high, p, n_permutations (refits), fold:

        - each score of `visgen.embedding.held_out.scoring.METRICS`, pooled over folds. Limits of
          correlations are of what they are on average over fresh looks, where there are any
          (`visgen.embedding.held_out.fresh_looks`), of the nearest relative from a Bayesian
          bootstrap over taxa. The p-value is one-sided, the larger of those of the nulls;
          ``known_known`` has none, nor limits, since it is fitted;
        - the score of each step, `visgen.embedding.held_out.within.WITHIN`, with limits as other
          correlations; n is of the taxa that have a pair in it, and p and nulls are those of the
          step;
        - the power of each correlation that has fresh looks, metric as `power_metric` names it;
        - the nulls ``permuted_bags`` and ``dealt_specimens`` of each: mean over refits, with the
          range of 95 % of them and the p-value of this null;
        - the null ``random_relative`` of nearest_rank and nearest_regret, a known taxon picked
          blindly;
        - the difference to the reference, of the metrics in `COMPARED`, and its range over deals,
          as in `visgen.embedding.held_out.deals.gain_rows`;
        - correlations of each fold.
    """
    groups = {WITHIN[step]: numbers for step, numbers in folds[0].groups.items()}
    within = {key: score_within(folds, numbers) for key, numbers in groups.items()}
    n_within = {key: count_within(folds, numbers) for key, numbers in groups.items()}
    scores = score_folds(folds) | within
    nearest = pd.concat([nearest_known(fold) for fold in folds])
    rng = np.random.default_rng(seed)
    weights = bayesian_weights(len(nearest), _BOOTSTRAPS, rng)
    weights /= weights.sum(axis=1, keepdims=True)
    power = fresh_power(permuted, scores)
    limits = fresh_limits(permuted, scores) | {
        ("held_out_known", metric): _percentiles(weights @ nearest[column].to_numpy())
        for metric, column in NEAREST.items()
    }
    shared = {"evaluator": f"held_out_{kind}", "n": len(folds[0].held_out)}
    no_nulls = [*FRESH.values(), *FRESH_UNGUIDED.values(), OTHER_DEAL]
    refitted = permuted[~permuted["null"].isin(no_nulls)]
    rows = []
    for (part, metric), value in scores.items():
        low, high = limits.get((part, metric), (None, None))
        labels = shared | {"part": part, "metric": metric}
        labels["n"] = n_within.get((part, metric), labels["n"])
        row = labels | {"value": value, "ci_low": low, "ci_high": high}
        of_this = refitted[(refitted["part"] == part) & (refitted["metric"] == metric)]
        beside, ps = [], []
        for name, null in of_this.groupby("null", sort=False)["value"]:
            low, high = np.percentile(null.dropna(), [2.5, 97.5]) if null.count() else (None, None)
            other = {"role": EXPECTED, "against": name, "value": null.mean()}
            other |= {"ci_low": low, "ci_high": high, "n_permutations": len(null)}
            if part != "known_known":
                ps.append(p_by_refit(value, null, smaller_is_better=metric in NEAREST))
                other["p"] = ps[-1]
            beside.append(labels | other)
        if part != "known_known":
            row["p"] = max(ps, default=np.nan)
            row["n_permutations"] = min((null["n_permutations"] for null in beside), default=None)
        rows += [row, *beside]
        if (part, metric) in power:
            told = {"metric": power_metric(metric), "value": power[part, metric]}
            rows.append(labels | told)
    rows += [shared | row for row in blind_rows(nearest)]
    if reference is not None:
        rows += [shared | row for row in _gains(folds, *reference, permuted, weights)]
    rows += [
        shared
        | {
            "part": part,
            "fold": number,
            "metric": metric,
            "value": score_folds([fold])[part, metric],
            "n": int(fold.held_out.sum()),
        }
        for number, fold in enumerate(folds, start=1)
        for part, metrics in METRICS.items()
        for metric in metrics
        if metric in CORRELATIONS
    ]
    return rows


def blind_rows(nearest: pd.DataFrame) -> list[dict]:
    """Return what a known taxon scores that is picked blindly.

    Parameters
    ----------
    nearest
        Of all folds, as `visgen.embedding.held_out.scoring.nearest_known` returns it.

    Returns
    -------
    list of dict
        part, metric, role, against and value, of the metrics in `NEAREST`.
    """
    shared = {"part": "held_out_known", "role": EXPECTED, "against": RANDOM_RELATIVE}
    return [
        shared | {"metric": metric, "value": nearest[f"{column}_random"].mean()}
        for metric, column in NEAREST.items()
    ]


def p_by_refit(value: float, null: pd.Series, *, smaller_is_better: bool) -> float:
    """Return the share of refits that score as well, the true fit among them; NaN without any."""
    if not len(null) or np.isnan(value):
        return np.nan
    null = null.fillna(-np.inf if smaller_is_better else np.inf)  # no score is no worse one
    # Means of tied distances differ in the last bits: that is no difference.
    noise = 1e-9 * max(abs(value), 1)
    as_good = null <= value + noise if smaller_is_better else null >= value - noise
    return float((1 + as_good.sum()) / (len(null) + 1))


def nearest_table(kind: str, folds: list[Fold], taxa: list[str]) -> pd.DataFrame:
    """Return which known relative each held-out taxon looks most like, by name.

    Parameters
    ----------
    kind, folds
        As in `held_out_rows`.
    taxa
        Names, in the order of the folds' matrices.

    Returns
    -------
    DataFrame
        Columns `NEAREST_COLUMNS`: kind, fold and those of
        `visgen.embedding.held_out.scoring.nearest_known`.
    """
    names = np.array(taxa, dtype=object)
    tables = [
        nearest_known(fold).assign(kind=kind, fold=number)
        for number, fold in enumerate(folds, start=1)
    ]
    table = pd.concat(tables, ignore_index=True)
    for column in ("taxon", "relative"):
        table[column] = names[table[column]]
    return table[NEAREST_COLUMNS]


def _gains(
    folds: list[Fold],
    name: str,
    reference: list[Fold],
    its_scores: pd.DataFrame,
    permuted: pd.DataFrame,
    weights: np.ndarray,
) -> list[dict]:
    """Compare with the reference, in the same folds, and in those of further deals."""
    ours_of, theirs_of = score_folds(folds), score_folds(reference)
    rows = []
    for part, metrics in COMPARED.items():
        for metric in metrics:
            if metric in CORRELATIONS:
                score = ours_of[part, metric]
                gain = score - theirs_of[part, metric]
                low, high = gain_limits(permuted, (part, metric), score, gain)
            else:
                ours, theirs = (
                    pd.concat([nearest_known(fold) for fold in both])
                    .set_index("taxon")[NEAREST[metric]]
                    .sort_index()
                    for both in (folds, reference)
                )
                difference = (ours - theirs).to_numpy()
                gain = difference.mean()
                low, high = _percentiles(weights @ difference)
            row = {"part": part, "metric": metric, "role": DIFFERENCE, "against": name}
            row |= {"value": float(gain), "ci_low": float(low), "ci_high": float(high)}
            rows += gain_rows(row, further_gains(permuted, its_scores, (part, metric)))
    return rows


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
