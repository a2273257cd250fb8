"""Scores of where withheld taxa are placed: means over taxa, chance and permuted anchors beside."""

import numpy as np
import pandas as pd

from visgen.bootstrap import bayesian_weights
from visgen.metrics import DIFFERENCE, EXPECTED
from visgen.visual_genetic.recognition.nulls import against_permuted

#: What scores are against that a candidate drawn by chance gives: by its number of training
#: images, or each as likely.
BY_FREQUENCY, UNIFORMLY = "drawn_by_frequency", "drawn_uniformly"
_CHANCE = {"by_frequency": BY_FREQUENCY, "uniform": UNIFORMLY}  # by column of a table


def score_unseen(table: pd.DataFrame, *, bootstraps: int, seed: int) -> list[dict]:
    """Average placements over taxa, with intervals over taxa and permuted anchors beside.

    Parameters
    ----------
    table
        As `visgen.visual_genetic.recognition.unseen.placements` returns it.
    bootstraps
        Samples of taxa.
    seed
        Of the samples.

    Returns
    -------
    list of dict
        variant, evaluator, part (the scope), rank, seed, metric, role, against, value, ci_low,
        ci_high, n (taxa). Beside ``placed`` and ``regret`` there are the nulls of chance, by
        frequency where candidates have training images and uniformly, and the differences to
        them. Limits: Bayesian bootstrap over taxa (Rubin 1981), which does not train anew without
        the taxon; none for a single taxon. Of ``placed`` there is also what
        `visgen.visual_genetic.recognition.nulls.against_permuted` returns, over seeds.
    """
    rows = []
    real = table[table["permutation"] == 0]
    keys = ["scope", "variant", "seed", "evaluator", "metric", "rank"]
    for key, of_taxa in real.groupby(keys, sort=False):
        scope, variant, number, evaluator, metric, rank = key
        labels = {"variant": variant, "evaluator": evaluator, "part": scope, "rank": rank}
        labels |= {"seed": number, "metric": metric}
        values = [({}, of_taxa["value"])]
        for column, against in _CHANCE.items():
            if of_taxa[column].notna().all():
                gain = of_taxa["value"] - of_taxa[column]
                values.append(({"role": EXPECTED, "against": against}, of_taxa[column]))
                values.append(({"role": DIFFERENCE, "against": against}, gain))
        n = len(of_taxa)
        weights = bayesian_weights(n, bootstraps, np.random.default_rng([seed, n]))
        for role, of_role in values:
            low, high = np.nan, np.nan
            if n > 1:
                means = weights @ of_role.to_numpy(dtype=float) / weights.sum(axis=1)
                low, high = np.percentile(means, [2.5, 97.5])
            row = {"value": of_role.mean(), "ci_low": low, "ci_high": high, "n": n}
            rows.append(labels | role | row)
    for (scope, variant), runs in _runs(table).items():
        labels = {"variant": variant, "part": scope}
        own = [row for row in rows if labels.items() <= row.items() and "role" not in row]
        tests = against_permuted(runs, own, f"{scope}, variant {variant}")
        rows += [labels | row for row in tests]
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
