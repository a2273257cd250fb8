"""What the report's page says of relatives and rare taxa."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED, SCORE
from visgen.prior.options import TAXONOMY
from visgen.prior.recognition import AS_COLLECTED, COSINE
from visgen.prior.scoring import (
    APART,
    EXPERIMENT,
    NOTHING,
    OVER_TAXA,
    SEEN,
    UNSEEN,
    WITHOUT_APART,
    WORTH,
)
from visgen.prior.words import in_words
from visgen.report.cells import cell, points
from visgen.report.page import format_number, format_percent, is_nothing
from visgen.report.prior.findings import Rows, prior_findings, rows_by_key
from visgen.tables import read_table

#: Other ways to name specimens.
_OTHERS = {AS_COLLECTED: "as often as in training", COSINE: "largest cosine"}
#: Measures of taxa without any image, and the heads of their columns.
UNSEEN_MEASURES = {
    "among_unseen": "right among unseen",
    "among_all": "right among all",
    "first_five": "in first five of all",
}


def prior_content(
    metrics: pd.DataFrame, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return rows, findings and figures, under the one name prior.

    Parameters
    ----------
    metrics
        Columns of the contract.
    settings
        rank, backbone, tail, rare, apart, permutations, bootstraps.
    given
        Paths: prior_figures, prior_fits and prior_omitted (of each seed), and prior_lacking (taxa
        that sources lack).
    """
    scores = metrics[metrics["experiment"] == EXPERIMENT]
    rows = rows_by_key(scores)
    variants = list(dict.fromkeys(scores["variant"]))
    fits, omitted = (
        pd.concat([read_table(path) for path in given[key]])
        for key in ("prior_fits", "prior_omitted")
    )
    reasons = omitted.loc[omitted["part"] == SEEN, "reason"]
    n_seeds = sum(len(read_table(path)) > 0 for path in given["prior_fits"])
    lacking = read_table(given["prior_lacking"])
    return {
        "prior": {
            **settings,
            "findings": prior_findings(
                scores,
                settings["rank"],
                settings["tail"],
                n_seeds,
                reasons,
                lacking["relatives"].value_counts().to_dict(),
            ),
            "rows": [_seen(variant, rows) for variant in variants],
            "other_rows": _named_otherwise(scores, variants),
            "nulls": _nulls(rows),
            "unseen": [
                _unseen(variant, rows, measures)
                for measures in [_unseen_measures(scores)]
                for variant in variants
                if (variant, UNSEEN, next(iter(UNSEEN_MEASURES)), SCORE, None) in rows
            ],
            "unseen_heads": list(_unseen_measures(scores).values()),
            "curve": _curve(scores, rows),
            "fits": _fits(fits),
            "seeds": n_seeds,
            "omitted": _omissions(omitted),
            "lacking": lacking.to_dict("records"),
            "figures": {Path(path).stem: path for path in given["prior_figures"]},
        }
    }


def _named_otherwise(scores: pd.DataFrame, variants: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of the table of other ways to name specimens."""
    found = []
    for evaluator, words in _OTHERS.items():
        rows = rows_by_key(scores, evaluator)
        there = [v for v in variants if (v, SEEN, OVER_TAXA[0], SCORE, None) in rows]
        found += [_seen(variant, rows) | {"named": words} for variant in there]
    return found


def _nulls(rows: Rows) -> list[dict[str, Any]]:
    """Return a row a source and null of rare taxa."""
    return [
        {"relatives": in_words(variant), "null": against.replace("_", " ")}
        | {"cell": cell(row), "p": row["p"]}
        for (variant, part, metric, role, against), row in rows.items()
        if (part, metric, role) == (SEEN, OVER_TAXA[1], EXPECTED)
    ]


def _seen(variant: str, rows: Rows) -> dict[str, Any]:
    """Return a row of the table of taxa with training images."""
    cells = [cell(rows.get((variant, SEEN, metric, SCORE, None))) for metric in OVER_TAXA]
    for place, metric, words in (
        (0, APART, "those apart"),
        (1, WITHOUT_APART, "without those apart"),
    ):
        row = rows.get((variant, SEEN, metric, SCORE, None))
        if row is not None and cells[place]:
            cells[place]["lines"] = [f"{words} {format_percent(row['value'])}"]
    gains = [
        cell(rows.get((variant, SEEN, metric, DIFFERENCE, against)), points)
        for against in (NOTHING, TAXONOMY)
        for metric in OVER_TAXA[1:]
    ]
    return {"relatives": in_words(variant), "is_null": variant == NOTHING, "cells": cells + gains}


def _unseen_measures(scores: pd.DataFrame) -> dict[str, str]:
    """Return the measures that there are, and their heads; ranks above come last."""
    there = dict.fromkeys(scores.loc[scores["part"] == UNSEEN, "metric"])
    return {name: UNSEEN_MEASURES.get(name, f"{name.replace('_', ' ')} right") for name in there}


def _unseen(variant: str, rows: Rows, measures: Mapping[str, str]) -> dict[str, Any]:
    cells = []
    for measure in measures:
        item = cell(rows.get((variant, UNSEEN, measure, SCORE, None)))
        nulls = [r for key, r in rows.items() if key[:4] == (variant, UNSEEN, measure, EXPECTED)]
        if item and nulls:
            item["p"] = nulls[0]["p"]
            item["lines"] = [f"permuted {format_percent(nulls[0]['value'])}"]
        cells.append(item)
    return {"relatives": in_words(variant), "is_null": variant == NOTHING, "cells": cells}


def _curve(scores: pd.DataFrame, rows: Rows) -> list[dict[str, Any]]:
    """Return a row a source: accuracy by training specimens, and what relatives are worth."""
    parts = [p for p in dict.fromkeys(scores["part"].dropna()) if p.startswith("curve_")]
    found = []
    for variant in dict.fromkeys(scores["variant"]):
        cells = []
        for part in parts:
            item = cell(rows.get((variant, part, "right", SCORE, None)))
            worth = rows.get((variant, part, WORTH, SCORE, None))
            if item and worth is not None and not is_nothing(worth["value"]):
                item["lines"] = [f"worth {worth['value']:.1f} more"]
            cells.append(item)
        if any(cells):
            found.append({"relatives": in_words(variant), "cells": cells})
    return (
        [{"heads": [part.removeprefix("curve_") for part in parts], "rows": found}] if found else []
    )


def _omissions(omitted: pd.DataFrame) -> list[dict[str, Any]]:
    """Return part, reason and seeds (as text) of what is left out."""
    groups = omitted.groupby(["part", "reason"], sort=False)["seed"]
    return [
        {"part": part, "reason": reason, "seeds": ", ".join(map(str, seeds))}
        for (part, reason), seeds in groups
    ]


def _fits(fits: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the means over seeds of what was fitted for each source, and the median scale."""
    found = []
    for source, table in fits.groupby("relatives", sort=False):
        row = table.mean(numeric_only=True).to_dict()
        scale = table["scale"].median()
        row["scale"] = "Brownian motion" if np.isinf(scale) else format_number(scale, 2)
        if not row["log_likelihood_gain"] > 0:
            row["scale"] = "–"  # any would do as well
        found.append(row | {"relatives": in_words(str(source))})
    return found
