"""How closely guided vectors follow the very distances that they were fitted to: no evidence."""

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

from visgen.metrics import EXPECTED
from visgen.scikit_bio import DistanceMatrix

_NOISE = 1e-12  # distances whose spread is a smaller share than this are equal


def in_sample_r(genetic: DistanceMatrix, visual: DistanceMatrix) -> float:
    """Return r of distances that were fitted to these very ones, without a test.

    Parameters
    ----------
    genetic
        Distances of the taxa of `visual`, at least.
    visual
        (n_taxa, n_taxa), guided by `genetic`.

    Returns
    -------
    float
        Pearson's r over pairs; NaN where all distances of one matrix are equal, as in a star tree.
    """
    pairs = [matrix.filter(visual.ids).condensed_form() for matrix in (genetic, visual)]
    if any(np.ptp(side) <= _NOISE * side.max() for side in pairs):
        return np.nan
    return float(pearsonr(*pairs).statistic)


def in_sample_rows(fit: pd.DataFrame) -> list[dict]:
    """Return what a fit to all taxa reaches on these taxa as scores, which have no test.

    Parameters
    ----------
    fit
        One row: pearson (of `in_sample_r`), n_known, and of what descended loss,
        loss_of_constant, n_watched; none where too few taxa could be fitted.

    Returns
    -------
    list of dict
        Evaluator in_sample, part all, metric, value, n (taxa): pearson, of all taxa; loss, of
        those that were not watched, and its null best_constant, the loss where all similarities
        are the same.
    """
    if fit.empty:
        return []
    (row,) = fit.to_dict("records")
    shared = {"evaluator": "in_sample", "part": "all"}
    if "loss" not in row:
        return [shared | {"metric": "pearson", "value": row["pearson"], "n": int(row["n_known"])}]
    loss = shared | {"metric": "loss", "n": int(row["n_known"] - row["n_watched"])}
    return [
        shared | {"metric": "pearson", "value": row["pearson"], "n": int(row["n_known"])},
        loss | {"value": row["loss"]},
        loss | {"role": EXPECTED, "against": "best_constant", "value": row["loss_of_constant"]},
    ]
