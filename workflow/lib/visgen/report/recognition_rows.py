"""Rows of the page's tables of recognition."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.recognition.comparisons import base_variants
from visgen.recognition.evaluators import evaluator_in_words
from visgen.recognition.hits import METRICS
from visgen.recognition.withheld import KINDS
from visgen.report.page import format_number, format_percent, is_nothing

#: What is withheld in each kind.
_KIND_WORDS = {
    "unseen_species": "single taxa withheld",
    "unseen_genera": "whole groups of the rank above withheld",
}


def cell(score: Mapping[str, Any] | None, points: str = "share") -> dict[str, Any] | None:
    """Return value and interval as text; None where there is no score.

    Parameters
    ----------
    score
        value, ci_low, ci_high, n, p.
    points
        ``share`` (per cent), ``difference`` (percentage points with their sign) or ``number``.
    """
    if score is None or is_nothing(score["value"]):
        return None
    form = {"share": format_percent, "difference": _points, "number": format_number}[points]
    interval = ""
    if not is_nothing(score["ci_low"]):
        interval = f"{form(score['ci_low'])} to {form(score['ci_high'])}"
    p = None if is_nothing(score["p"]) else score["p"]
    return {"value": form(score["value"]), "interval": interval, "n": int(score["n"]), "p": p}


def _points(difference: float) -> str:
    return f"{round(100 * difference, 1) + 0.0:+.1f}".replace("-", "−")


def scores_of(mean: pd.DataFrame, variant: str, evaluator: str, part: str = "test") -> dict:
    """Return the scores of a variant and evaluator by metric."""
    chosen = mean[["variant", "evaluator", "part"]].eq([variant, evaluator, part]).all(axis=1)
    return mean[chosen].set_index("metric").to_dict("index")


def variant_rows(
    mean: pd.DataFrame, evaluator: str, variants: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row a variant, below it what alignment changes and what permuted anchors give.

    Parameters
    ----------
    mean
        As `visgen.metrics.over_seeds` returns it.
    evaluator
        Which one is shown.
    variants
        By name: regime, anchors.

    Returns
    -------
    list of dict
        variant, regime, anchors, what, is_null, cells (by metric, None where there is none).
    """
    bases = base_variants(variants)
    rows = []
    for name, options in variants.items():
        base = bases.get(name)
        kinds = [("", evaluator, "share", False)]
        kinds.append((f"less {base}, in points", f"{evaluator}:minus:{base}", "difference", False))
        kinds.append(("anchors permuted: mean, range", f"{evaluator}:permuted", "share", True))
        kinds.append(("less these, in points", f"{evaluator}:minus:permuted", "difference", False))
        for what, of_row, form, is_null in kinds:
            found = scores_of(mean, name, of_row)
            if found or what == "":
                cells = {metric: cell(found.get(metric), form) for metric in METRICS}
                row = {"variant": name, "regime": options["regime"], "anchors": options["anchors"]}
                rows.append(row | {"what": what, "is_null": is_null, "cells": cells})
    return rows


def evaluator_rows(
    mean: pd.DataFrame, variants: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row for each variant and way to recognise an image, on the test part."""
    rows = []
    plain = mean[(mean["part"] == "test") & ~mean["evaluator"].str.contains(":")]
    for name in variants:
        for evaluator in dict.fromkeys(plain.loc[plain["variant"] == name, "evaluator"]):
            found = scores_of(mean, name, evaluator)
            cells = {metric: cell(found.get(metric)) for metric in METRICS}
            words = evaluator_in_words(evaluator)
            rows.append({"variant": name, "evaluator": words, "cells": cells})
    return rows


def unseen_rows(mean: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each kind of withheld taxa, variant, evaluator, rank and measure.

    Returns
    -------
    list of dict
        kind, variant, evaluator, rank, measure, own, random, uniform, gain (cells), n (taxa), p
        (of real against permuted anchors, None without).
    """
    rows = []
    unseen = mean[mean["part"].isin(KINDS) & mean["metric"].isin(["placed", "regret"])]
    for score in unseen[~unseen["evaluator"].str.contains(":")].to_dict("records"):
        beside = mean[
            mean[["variant", "part", "rank"]]
            .eq([score["variant"], score["part"], score["rank"]])
            .all(axis=1)
        ]
        of_evaluator = beside[beside["evaluator"] == score["evaluator"]]
        by_metric = of_evaluator.set_index("metric").to_dict("index")
        metric = score["metric"]
        share = metric == "placed"
        form = "share" if share else "number"
        # What was drawn by number of training images, where the candidates have any.
        chance = "random" if f"{metric}_random" in by_metric else "uniform"
        permuted = beside[
            (beside["evaluator"] == f"{score['evaluator']}:minus:permuted")
            & (beside["metric"] == metric)
        ]
        rows.append({
            "kind": _KIND_WORDS[score["part"]],
            "variant": score["variant"],
            "evaluator": evaluator_in_words(score["evaluator"]),
            "rank": score["rank"],
            "measure": "placed rightly" if share else "patristic regret",
            "own": cell(score, form),
            "random": cell(by_metric.get(f"{metric}_random"), form),
            "uniform": cell(by_metric.get(f"{metric}_uniform"), form),
            "gain": cell(by_metric[f"{metric}_minus_{chance}"], "difference" if share else form),
            "n": int(score["n"]),
            "p": None if permuted.empty else float(permuted["p"].iloc[0]),
        })  # fmt: skip
    return rows


def published_rows(
    published: pd.DataFrame | None, mean: pd.DataFrame, evaluator: str, rank: str
) -> list[dict[str, Any]]:
    """Return each published score of these metrics and this rank beside that of this study."""
    if published is None:
        return []
    own = published[(published["rank"] == rank) & published["metric"].isin(METRICS)]
    rows = []
    for row in own.fillna({"note": ""}).to_dict("records"):
        here = scores_of(mean, row["variant"], evaluator).get(row["metric"])
        rows.append(row | {"value": format_percent(row["value"]), "here": cell(here)})
    return rows
