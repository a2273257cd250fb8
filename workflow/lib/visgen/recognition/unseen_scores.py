"""Scores of where withheld taxa are placed: means over taxa, chance and permuted anchors beside."""

import numpy as np
import pandas as pd

from visgen.bootstrap import bayesian_weights
from visgen.recognition.nulls import against_permuted

#: What a column of chance is called among the scores.
_CHANCE = {"by_frequency": "random", "uniform": "uniform"}


def score_unseen(table: pd.DataFrame, *, bootstraps: int, seed: int) -> list[dict]:
    """Average placements over taxa, with intervals over taxa and permuted anchors beside.

    Parameters
    ----------
    table
        As `visgen.recognition.unseen.placements` returns it.
    bootstraps
        Samples of taxa.
    seed
        Of the samples.

    Returns
    -------
    list of dict
        variant, evaluator, part (the scope), rank, seed, metric, value, ci_low, ci_high, n
        (taxa). Beside ``placed`` and ``regret`` there are ``<metric>_random`` and
        ``<metric>_uniform``, what chance gives, and ``<metric>_minus_random`` and
        ``<metric>_minus_uniform``. Limits: Bayesian bootstrap over taxa (Rubin 1981), which does
        not train anew without the taxon; none for a single taxon. Of ``placed`` there is also
        what `visgen.recognition.nulls.against_permuted` returns, over seeds.
    """
    rows = []
    real = table[table["permutation"] == 0]
    keys = ["scope", "variant", "seed", "evaluator", "metric", "rank"]
    for key, of_taxa in real.groupby(keys, sort=False):
        scope, variant, number, evaluator, metric, rank = key
        labels = {"variant": variant, "evaluator": evaluator, "part": scope, "rank": rank}
        labels["seed"] = number
        values = {metric: of_taxa["value"]}
        for column, name in _CHANCE.items():
            if of_taxa[column].notna().all():
                values[f"{metric}_{name}"] = of_taxa[column]
                values[f"{metric}_minus_{name}"] = of_taxa["value"] - of_taxa[column]
        n = len(of_taxa)
        weights = bayesian_weights(n, bootstraps, np.random.default_rng([seed, n]))
        for name, of_metric in values.items():
            low, high = np.nan, np.nan
            if n > 1:
                means = weights @ of_metric.to_numpy(dtype=float) / weights.sum(axis=1)
                low, high = np.percentile(means, [2.5, 97.5])
            row = {"metric": name, "value": of_metric.mean(), "ci_low": low, "ci_high": high}
            rows.append(labels | row | {"n": n})
    for (scope, variant), runs in _runs(table).items():
        tests = against_permuted(runs, f"{scope}, variant {variant}")
        rows += [{"variant": variant, "part": scope} | row for row in tests]
    return rows


def _runs(table: pd.DataFrame) -> dict[tuple[str, str], dict[int, pd.DataFrame]]:
    """Return shares placed rightly by scope and variant, by seed, of every permutation."""
    placed = table[table["metric"] == "placed"]
    keys = ["scope", "variant", "seed", "permutation", "evaluator", "rank", "metric"]
    means = placed.groupby(keys, sort=False)["value"].mean().reset_index()
    found: dict[tuple[str, str], dict[int, pd.DataFrame]] = {}
    for (scope, variant, seed), rows in means.groupby(["scope", "variant", "seed"], sort=False):
        of_run = rows.drop(columns=["scope", "variant", "seed"])
        found.setdefault((scope, variant), {})[seed] = of_run
    return found
