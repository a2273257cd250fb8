"""Rows of the page's tables of classifiers, their numbers as text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.classification.scoring import ALL_RANKS
from visgen.classification.study import INDEPENDENT, ROLLED_UP
from visgen.report.page import format_number, format_percent, is_nothing

#: Columns of the page's table of scores: metric, head, how its values are written.
SHOWN = (
    ("balanced_accuracy", "balanced accuracy", format_percent),
    ("macro_f1", "macro-F1", format_percent),
    ("mcc", "MCC", format_number),
    ("accuracy", "accuracy", format_percent),
    ("weighted_f1", "weighted F1", format_percent),
    ("top_3_accuracy", "top 3", format_percent),
    ("top_5_accuracy", "top 5", format_percent),
    ("mistake_height", "mistakes: ranks up", format_number),
    ("mistake_distance", "mistakes: distance", format_number),
)


def score_rows(
    scores: pd.DataFrame, ranks: Sequence[str], baselines: Sequence[str], chosen: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return one row a backbone, rank and independent classifier, with its scores as text.

    Parameters
    ----------
    scores
        As `visgen.metrics.over_seeds` returns them, of the test part.
    chosen
        Columns backbone, rank, variant, value, n, note: what was chosen on validation.
    """
    own = scores[scores["evaluator"] == INDEPENDENT]
    shown = [entry for entry in SHOWN if has_metric(scores, entry[0])]
    picked = chosen.set_index(["backbone", "rank"])
    rows = []
    for backbone in dict.fromkeys(own["backbone"]):
        for rank in ranks:
            part = own[(own["backbone"] == backbone) & (own["rank"] == rank)]
            against = scores[
                (scores["backbone"] == backbone)
                & (scores["rank"] == rank)
                & scores["evaluator"].str.startswith("minus:")
                & (scores["metric"] == "balanced_accuracy")
            ].set_index("variant")
            for variant, table in part.groupby("variant", sort=False):
                cells = table.set_index("metric").to_dict("index")
                difference = against.loc[variant] if variant in against.index else None
                is_chosen = (backbone, rank) in picked.index and (
                    picked.loc[(backbone, rank), "variant"] == variant
                )
                rows.append(
                    {
                        "backbone": backbone,
                        "rank": rank,
                        "variant": variant,
                        "is_baseline": variant in baselines,
                        "is_chosen": is_chosen,
                        "validation": picked.loc[(backbone, rank)].to_dict() if is_chosen else None,
                        "cells": cells,
                        "texts": [_cell(cells.get(metric), form) for metric, _, form in shown],
                        "difference": None if difference is None else _points(difference),
                        "reference": None
                        if difference is None
                        else difference["evaluator"].removeprefix("minus:"),
                        "n": int(cells["accuracy"]["n"]),
                        "n_seeds": int(cells["accuracy"]["n_seeds"]),
                    }
                )
    return rows


def shown_rows(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the chosen classifiers, the reference and the baselines, by backbone and rank."""
    references = {row["reference"] for row in rows}
    return [
        row
        for row in rows
        if row["is_chosen"] or row["is_baseline"] or row["variant"] in references
    ]


def lineage_rows(scores: pd.DataFrame, baselines: Sequence[str]) -> list[dict[str, Any]]:
    """Return the share of impossible lineages by backbone and classifier."""
    rates = scores[(scores["rank"] == ALL_RANKS) & (scores["metric"] == "impossible_lineages")]
    rows = []
    for (backbone, variant), table in rates.groupby(["backbone", "variant"], sort=False):
        cells = table.set_index("evaluator").to_dict("index")
        rows.append(
            {
                "backbone": backbone,
                "variant": variant,
                "is_baseline": variant in baselines,
                "n": int(table["n"].min()),
                "texts": [
                    _cell(cells.get(name), format_percent) for name in (INDEPENDENT, ROLLED_UP)
                ],
            }
        )
    return rows


def rolled_up_rows(scores: pd.DataFrame, chosen: pd.DataFrame) -> list[dict[str, Any]]:
    """Return, by backbone and rank, what rolling up gives the classifier that was chosen."""
    rows = []
    for _, pick in chosen.iterrows():
        here = _of_choice(scores, pick)
        here = here[here["metric"] == "balanced_accuracy"].set_index("evaluator")
        if ROLLED_UP not in here.index:
            continue
        rows.append(
            {
                "backbone": pick["backbone"],
                "rank": pick["rank"],
                "variant": pick["variant"],
                "texts": [
                    *(_cell(here.loc[e], format_percent) for e in (INDEPENDENT, ROLLED_UP)),
                    _points(here.loc["rolled_up_minus_independent"]),
                ],
            }
        )
    return rows


def backbone_rows(rows: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the chosen classifier of each backbone by rank, where there are several backbones."""
    picked = [row for row in rows if row["is_chosen"]]
    if len({row["backbone"] for row in picked}) < 2:
        return []
    between = scores[scores["evaluator"].str.startswith("backbone_minus:")]
    mcc, balanced = (
        between[between["metric"] == metric].set_index(["backbone", "rank"])
        for metric in ("mcc", "balanced_accuracy")
    )
    order = list(dict.fromkeys(row["rank"] for row in picked))
    found = []
    for row in sorted(picked, key=lambda row: order.index(row["rank"])):
        key = row["backbone"], row["rank"]
        found.append(
            {
                **{name: row[name] for name in ("backbone", "rank", "variant", "validation", "n")},
                "is_best": key not in balanced.index,
                "texts": [
                    _cell(row["cells"]["balanced_accuracy"], format_percent),
                    _points(balanced.loc[key]) if key in balanced.index else None,
                    _cell(row["cells"].get("mcc"), format_number),
                    _cell(mcc.loc[key], _signed) if key in mcc.index else None,
                ],
            }
        )
    return found


def confidence_rows(scores: pd.DataFrame, chosen: pd.DataFrame) -> list[dict[str, Any]]:
    """Return calibration and sets of the chosen classifiers, by backbone, rank and group."""
    rows = []
    for _, pick in chosen.iterrows():
        here = _of_choice(scores, pick)
        cells = {(row["evaluator"], row["metric"]): row for row in here.to_dict("records")}
        for group in ("all", "head", "tail"):
            # Where all taxa are in the head, or in the tail, one pool is all there is.
            # The same where head and tail could be calibrated apart in some seeds only.
            names = ("mondrian", "conformal") if group == "all" else (f"mondrian:{group}",)
            n_seeds = {
                name: cells[name, "coverage"]["n_seeds"]
                for name in names
                if (name, "coverage") in cells
            }
            if not n_seeds:
                continue
            evaluator = max(n_seeds, key=n_seeds.get)  # of equals the first
            coverage = cells[evaluator, "coverage"]
            expected = cells[evaluator, "coverage_if_valid"]
            rows.append(
                {
                    **{name: pick[name] for name in ("backbone", "rank", "variant")},
                    "group": group,
                    "promised": expected["value"],
                    "coverage": coverage["value"],
                    "text": _cell(coverage, format_percent),
                    "expected_low": expected["ci_low"],
                    "expected_high": expected["ci_high"],
                    "size": cells.get((evaluator, "set_size"), {}).get("value"),
                    "n": int(coverage["n"]),
                    "n_seeds": int(coverage["n_seeds"]),
                    "outside": cells[evaluator, "outside"]["value"],
                    "ece": [
                        cells.get((kind, metric), {}).get("value")
                        for kind in ("uncalibrated", "temperature")
                        for metric in ("ece", "ece_if_calibrated")
                    ],
                }
            )
    return rows


def published_rows(published: pd.DataFrame, scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each published score beside those of this study, by backbone.

    Parameters
    ----------
    published
        Columns source, rank, variant, metric, value, note.
    """
    own = scores[scores["evaluator"] == INDEPENDENT]
    rows = []
    forms = {metric: form for metric, _, form in SHOWN}
    for row in published.fillna({"note": ""}).to_dict("records"):
        form = forms.get(row["metric"], format_number)
        here = own[
            (own["rank"] == row["rank"])
            & (own["variant"] == row["variant"])
            & (own["metric"] == row["metric"])
        ]
        found = [(r["backbone"], _cell(r, form)) for r in here.to_dict("records")]
        rows.append(row | {"value": form(row["value"]), "here": found})
    return rows


def _of_choice(scores: pd.DataFrame, pick: pd.Series) -> pd.DataFrame:
    """Return the scores of a classifier that was chosen, at its backbone and rank."""
    return scores[
        (scores["backbone"] == pick["backbone"])
        & (scores["rank"] == pick["rank"])
        & (scores["variant"] == pick["variant"])
    ]


def has_metric(scores: pd.DataFrame, metric: str) -> bool:
    """Tell whether any score has a metric."""
    return bool((scores["metric"] == metric).any())


def _cell(score: Mapping[str, Any] | None, form: Callable[[float], str]) -> dict[str, str] | None:
    """Return value and interval as text; None where there is no score."""
    if score is None or is_nothing(score["value"]):
        return None
    return {"value": form(score["value"]), "interval": interval_in_words(score, form)}


def interval_in_words(score: Mapping[str, Any], form: Callable[[float], str]) -> str:
    """Return an interval as text, empty where there is none."""
    if is_nothing(score["ci_low"]):
        return ""
    return f"{form(score['ci_low'])} to {form(score['ci_high'])}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _points(difference: Mapping[str, Any]) -> dict[str, str] | None:
    """Return a difference in percentage points as text, with its sign."""
    return _cell(difference, lambda share: f"{100 * share:+.1f}".replace("-", "−"))
