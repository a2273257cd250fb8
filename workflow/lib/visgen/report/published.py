"""Published scores beside those of the study."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE, SCORE, of_role
from visgen.report.cells import cell, points, signed
from visgen.report.page import format_number, format_percent
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.scoring import EXPERIMENT


def is_of_recognition(published: pd.DataFrame, metrics: pd.DataFrame) -> pd.Series:
    """Return which published scores belong to recognition; the others are of classification.

    Parameters
    ----------
    published
        As `visgen.published.read_published` returns it.
    metrics
        Columns of the contract, of all experiments.

    Returns
    -------
    Series
        A truth value a row. Of recognition are scores of a rank and a metric that it has in this
        study, by a variant that it has, or that nothing here is called where the same source has
        others that it has.
    """
    tested = metrics[metrics["part"] == "test"]
    recognised = tested[tested["experiment"] == EXPERIMENT]
    classified = tested.loc[tested["experiment"] == "classification", "variant"]
    known = published["variant"].isin(recognised["variant"])
    of_source = published["source"].isin(published.loc[known, "source"])
    elsewhere = published["variant"].isin(set(classified) - set(recognised["variant"]))
    return (
        published["rank"].isin(recognised["rank"])
        & published["metric"].isin(METRICS)
        & (known | (of_source & ~elsewhere))
    )


def published_rows(
    published: pd.DataFrame, scores: pd.DataFrame, forms: Mapping[str, Callable[[float], str]]
) -> list[dict[str, Any]]:
    """Return each published score, or difference of two, beside those of this study, by backbone.

    Parameters
    ----------
    published
        As `visgen.published.read_published` returns it.
    scores
        As `visgen.metrics.over_seeds` returns them: those that may be shown, of one evaluator and
        part.
    forms
        By metric: how its values are written; others as plain numbers. Differences of shares are
        in points.

    Returns
    -------
    list of dict
        source, rank, variant, against (empty for a score), metric, value (text), note, here (pairs
        of backbone and cell of the same rank, variant, metric and difference; empty where there is
        none).
    """
    rows = []
    for row in published.fillna({"note": "", "against": ""}).to_dict("records"):
        form = forms.get(row["metric"], format_number)
        own = of_role(scores, SCORE)
        if row["against"]:
            form = points if form is format_percent else signed
            own = of_role(scores, DIFFERENCE, row["against"])
        here = own[
            (own["rank"] == row["rank"])
            & (own["variant"] == row["variant"])
            & (own["metric"] == row["metric"])
        ]
        found = [(score["backbone"], cell(score, form)) for score in here.to_dict("records")]
        rows.append(row | {"value": form(row["value"]), "here": found})
    return rows
