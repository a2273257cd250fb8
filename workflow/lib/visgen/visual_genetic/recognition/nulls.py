"""Real anchors against permuted ones: whether genetics helps, or any fixed target does."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED

#: What nulls and differences are against: the same anchors, dealt to other taxa.
PERMUTED = "permuted_anchors"


def shares_of_runs(found: pd.DataFrame, counted: Mapping[str, pd.Index]) -> pd.DataFrame:
    """Score the real and every permuted run of an alignment, without intervals.

    Parameters
    ----------
    found
        One row a run, evaluator and image: permutation (0 real), evaluator, truth, predicted.
    counted
        By metric that is a mean over taxa: the taxa that count.

    Returns
    -------
    DataFrame
        permutation, evaluator, metric, value.
    """
    hit = (found["truth"] == found["predicted"]).astype(float)
    keys = [found["permutation"], found["evaluator"]]
    rows = [hit.groupby(keys, observed=True).mean().rename("value").reset_index()]
    rows[0]["metric"] = "accuracy"
    of_taxon = hit.groupby([*keys, found["truth"]], observed=True).mean().rename("value")
    of_taxon = of_taxon.reset_index()
    for metric, taxa in counted.items():
        chosen = of_taxon[of_taxon["truth"].isin(taxa)]
        means = chosen.groupby(["permutation", "evaluator"], observed=True)["value"].mean()
        rows.append(means.reset_index().assign(metric=metric))
    return pd.concat(rows)[["permutation", "evaluator", "metric", "value"]]


def against_permuted(
    runs: Mapping[int, pd.DataFrame], scores: Iterable[Mapping[str, Any]], what: str
) -> list[dict]:
    """Test real anchors against permuted ones.

    Parameters
    ----------
    runs
        By seed: permutation (0 real), evaluator, metric, value, and rank where there are several.
    scores
        Of the real runs, over seeds or not: evaluator, metric, n, and rank where given.
    what
        Name for error messages.

    Returns
    -------
    list of dict
        evaluator, metric, role, against (`PERMUTED`), value, ci_low, ci_high, p, n (the least of
        the scores), n_permutations, and rank where given. The null is the mean of the permuted
        runs, in ci_low and ci_high the least and the largest; the difference is real less that
        mean, with p = (1 + number of permuted runs that are no worse) / (permutations + 1). Every
        run is a mean over seeds first, but for those without any answer. Nothing where nothing was
        permuted, or no image was asked for.

    Raises
    ------
    ValueError
        If the seeds do not have the same permutations.
    """
    runs = {seed: table for seed, table in runs.items() if len(table)}
    if not runs:
        return []
    numbers = {seed: sorted(table["permutation"].unique()) for seed, table in runs.items()}
    first, *others = numbers.items()
    for seed, found in others:
        if found != first[1]:
            raise ValueError(
                f"{what}: seed {seed} has {len(found) - 1} permutations of the anchors, seed "
                f"{first[0]} {len(first[1]) - 1}; expected the same ones"
            )
    if first[1] == [0]:
        return []
    table = pd.concat(runs.values())
    labels = ["rank", "evaluator", "metric"] if "rank" in table else ["evaluator", "metric"]
    counted = pd.DataFrame(scores).groupby(labels)["n"].min()
    rows = []
    for key, cells in table.groupby(labels, sort=False, observed=True):
        mean = cells.groupby("permutation")["value"].mean()
        real, null = mean.loc[0], mean.drop(0).to_numpy()
        label = dict(zip(labels, key, strict=True)) | {"against": PERMUTED}
        label |= {"n": int(counted.loc[key]), "n_permutations": len(null)}
        # Shares of the same counts, added in another order, must count as equal.
        p = (1 + np.sum(null >= real - 1e-12)) / (len(null) + 1)
        ends = {"ci_low": null.min(), "ci_high": null.max()}
        of_null = {"role": EXPECTED, "value": null.mean(), **ends}
        gain = {"role": DIFFERENCE, "value": real - null.mean(), "p": p}
        rows += [label | row for row in (of_null, gain)]
    return rows
