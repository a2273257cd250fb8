"""Rows of the page's tables of classifiers, their numbers as text."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from visgen.classification.confidence.set_coverage import (
    ALL,
    GROUPS,
    VALID_MEAN,
    of_group,
)
from visgen.classification.evaluators import (
    ALL_RANKS,
    CHOSEN,
    INDEPENDENT,
    JOINT,
    MARGINAL,
    ROLLED_UP,
)
from visgen.classification.scores.baselines import best_baseline
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role
from visgen.report.cells import cell, points, signed
from visgen.report.page import format_number, format_percent

#: With fewer validation specimens a choice between classifiers is said to be lucky.
FEW = 100

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
    independent = scores[scores["evaluator"] == INDEPENDENT]
    own, differences = (of_role(independent, role) for role in (SCORE, DIFFERENCE))
    differences = differences[differences["metric"] == "balanced_accuracy"]
    shown = [entry for entry in SHOWN if has_metric(scores, entry[0])]
    picked = chosen.set_index(["backbone", "rank"])
    rows = []
    for backbone in dict.fromkeys(own["backbone"]):
        for rank in ranks:
            part = own[(own["backbone"] == backbone) & (own["rank"] == rank)]
            best = best_baseline(part[part["metric"] == "balanced_accuracy"], baselines)
            against = differences[
                (differences["backbone"] == backbone) & (differences["rank"] == rank)
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
                        "best_baseline": None if best is None else best["value"],
                        "is_chosen": is_chosen,
                        "validation": picked.loc[(backbone, rank)].to_dict() if is_chosen else None,
                        "cells": cells,
                        "texts": [cell(cells.get(metric), form) for metric, _, form in shown],
                        "difference": cell(difference, points),
                        "reference": None if difference is None else difference["against"],
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
    rates = of_role(scores, SCORE)
    rates = rates[(rates["rank"] == ALL_RANKS) & (rates["metric"] == "impossible_lineages")]
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
                    cell(cells.get(name)) for name in (INDEPENDENT, JOINT, MARGINAL, ROLLED_UP)
                ],
            }
        )
    return rows


def backbone_rows(rows: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the chosen classifier of each backbone by rank, where there are several backbones."""
    picked = [row for row in rows if row["is_chosen"]]
    if len({row["backbone"] for row in picked}) < 2:
        return []
    between = of_role(scores, DIFFERENCE)
    between = between[between["evaluator"] == CHOSEN]
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
                    cell(row["cells"]["balanced_accuracy"]),
                    cell(balanced.loc[key], points) if key in balanced.index else None,
                    cell(row["cells"].get("mcc"), format_number),
                    cell(mcc.loc[key], partial(signed, digits=3)) if key in mcc.index else None,
                ],
            }
        )
    return found


def confidence_rows(scores: pd.DataFrame, chosen: pd.DataFrame) -> list[dict[str, Any]]:
    """Return calibration and sets of the chosen classifiers, by backbone, rank and group."""
    rows = []
    for _, pick in chosen.iterrows():
        here = _of_choice(scores, pick)
        # The range is that of what is shown, a mean over seeds: it comes last, and stays.
        here = here.sort_values("against", key=lambda against: against == VALID_MEAN)
        cells = {
            (row["evaluator"], row["metric"], row["role"]): row for row in here.to_dict("records")
        }
        errors = [
            cells.get((kind, "ece", role), {}).get("value")
            for kind in ("uncalibrated", "temperature")
            for role in (SCORE, EXPECTED)
        ]
        for group in GROUPS:
            # Where all taxa are in the head, or in the tail, one pool is all there is.
            # The same where head and tail could be calibrated apart in some seeds only.
            names = ("mondrian", "conformal") if group == ALL else ("mondrian",)
            metric = of_group("coverage", group)
            n_seeds = {
                name: cells[name, metric, SCORE]["n_seeds"]
                for name in names
                if (name, metric, SCORE) in cells
            }
            if not n_seeds:
                continue
            evaluator = max(n_seeds, key=n_seeds.get)  # of equals the first
            coverage, expected = (cells[evaluator, metric, role] for role in (SCORE, EXPECTED))
            size = cells.get((evaluator, of_group("set_size", group), SCORE))
            rows.append(
                {
                    **{name: pick[name] for name in ("backbone", "rank", "variant")},
                    "group": group,
                    "promised": expected["value"],
                    "coverage": coverage["value"],
                    "text": cell(coverage),
                    "expected_low": expected["ci_low"],
                    "expected_high": expected["ci_high"],
                    "size": None if size is None else size["value"],
                    "n": int(coverage["n"]),
                    "n_seeds": int(coverage["n_seeds"]),
                    "outside": cells[evaluator, of_group("outside", group), SCORE]["value"],
                    "ece": errors,
                }
            )
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
