"""Published scores beside those of the study."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from visgen.report.cells import cell
from visgen.report.page import format_number


def published_rows(
    published: pd.DataFrame, scores: pd.DataFrame, forms: Mapping[str, Callable[[float], str]]
) -> list[dict[str, Any]]:
    """Return each published score beside those of this study, by backbone.

    Parameters
    ----------
    published
        Columns source, rank, variant, metric, value, note.
    scores
        As `visgen.metrics.over_seeds` returns them: those that may be shown, of role score and
        one evaluator and part.
    forms
        By metric: how its values are written; others as plain numbers.

    Returns
    -------
    list of dict
        source, rank, variant, metric, value (text), note, here (pairs of backbone and cell of
        the same rank, variant and metric; empty where there is none).
    """
    rows = []
    for row in published.fillna({"note": ""}).to_dict("records"):
        form = forms.get(row["metric"], format_number)
        here = scores[
            (scores["rank"] == row["rank"])
            & (scores["variant"] == row["variant"])
            & (scores["metric"] == row["metric"])
        ]
        found = [(score["backbone"], cell(score, form)) for score in here.to_dict("records")]
        rows.append(row | {"value": form(row["value"]), "here": found})
    return rows
