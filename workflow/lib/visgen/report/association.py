"""Rows of the page's table of measures beside the Mantel tests."""

from typing import Any

import pandas as pd

#: Evaluator and metric of each measure, in the order of the table's heads.
MEASURES = (
    ("partial_mantel", "pearson"),
    ("distance_correlation", "bias_corrected"),
    ("procrustes", "correlation"),
)


def association_rows(metrics: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row a backbone and variant that has any of `MEASURES`.

    Parameters
    ----------
    metrics
        Columns of the contract.

    Returns
    -------
    list of dict
        backbone, variant, n (taxa) and cells: for each measure value, p and permuted (mean over
        permutations, None where there is none), or None where it was left out.
    """
    scores = metrics[
        (metrics["experiment"] == "embedding")
        & metrics["evaluator"].isin([evaluator for evaluator, _ in MEASURES])
    ]
    rows = []
    for (backbone, variant), table in scores.groupby(["backbone", "variant"], sort=False):
        found = table.set_index(["evaluator", "metric"]).to_dict("index")
        cells = []
        for evaluator, metric in MEASURES:
            score = found.get((evaluator, metric))
            null = found.get((evaluator, f"{metric}_permuted"), {"value": None})
            cells.append(
                score and {"value": score["value"], "p": score["p"], "permuted": null["value"]}
            )
        rows.append(
            {"backbone": backbone, "variant": variant, "n": int(table["n"].max()), "cells": cells}
        )
    return rows
