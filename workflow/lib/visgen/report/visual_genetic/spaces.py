"""Rows of the page's table of how taxa are spaced in the visual, genetic and joint space."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.cells import cell
from visgen.report.page import format_number, format_percent
from visgen.report.visual_genetic.alignment import NOT_ALIGNED
from visgen.visual_genetic.spacing import EXPERIMENT


def space_rows(metrics: pd.DataFrame, marks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for each space, and one of its nulls below it.

    Parameters
    ----------
    metrics
        Columns of the contract.
    marks
        As `visgen.report.visual_genetic.alignment.marks_of` returns them; of a space that is not
        aligned no p is told.

    Returns
    -------
    list of dict
        space (with its variant or anchors), is_null, evenness and same_group (each as
        `visgen.report.cells.cell` has it, None where it could not be told).
    """
    scores = metrics[metrics["experiment"] == EXPERIMENT]
    rows = []
    for space, own in scores.groupby("evaluator", sort=False):
        names = [*own["variant"].dropna(), *own["anchors"].dropna()]
        mark = marks.get(names[0], "")
        title = f"{space}: {names[0]}" + (f" ({mark})" if mark else "")
        if mark.startswith(NOT_ALIGNED):
            own = own.assign(p=np.nan)
        for role, words in ((SCORE, title), (EXPECTED, "by chance")):
            found = of_role(own, role).set_index("metric").to_dict("index")
            rows.append({
                "space": words,
                "is_null": role == EXPECTED,
                "evenness": cell(found.get("evenness"), _two_digits),
                "same_group": cell(found.get("nearest_same_group"), format_percent),
            })  # fmt: skip
    return rows


def _two_digits(value: float) -> str:
    return format_number(value, 2)
