"""Rows of the page's tables of measures beside the Mantel tests."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.cells import cell
from visgen.report.page import format_number

#: Evaluator and metric of each measure, in the order of the table's heads.
MEASURES = (
    ("partial_mantel", "pearson"),
    ("distance_correlation", "bias_corrected"),
    ("procrustes", "correlation"),
)
#: As `MEASURES`: those of phylogenetic signal, in a table of their own.
SIGNALS = (("signal", "pagel_lambda"), ("signal", "k_mult"), ("signal", "k_a"))


def association_rows(
    metrics: pd.DataFrame, measures: Sequence[tuple[str, str]] = MEASURES
) -> list[dict[str, Any]]:
    """Return one row a backbone and variant that has any of the measures.

    Parameters
    ----------
    metrics
        Columns of the contract.
    measures
        `MEASURES` or `SIGNALS`.

    Returns
    -------
    list of dict
        backbone, variant, n (taxa) and cells, as `visgen.report.cells.cell` has them, with lines
        of small print (the mean over permutations, where there is one); None for a measure that
        was left out.
    """
    scores = metrics[
        (metrics["experiment"] == "embedding")
        & metrics["evaluator"].isin([evaluator for evaluator, _ in measures])
    ]
    rows = []
    for (backbone, variant), table in scores.groupby(["backbone", "variant"], sort=False):
        found, nulls = (
            of_role(table, *role).set_index(["evaluator", "metric"]).to_dict("index")
            for role in ((SCORE,), (EXPECTED, "permuted_taxa"))
        )
        cells = []
        for measure in measures:
            its, null = (cell(values.get(measure), format_number) for values in (found, nulls))
            lines = [f"permuted {null['value']}"] if null else []
            cells.append(its and its | {"lines": lines})
        rows.append(
            {"backbone": backbone, "variant": variant, "n": int(table["n"].max()), "cells": cells}
        )
    return rows
