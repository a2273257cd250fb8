"""Rows of the page's tables of recognition."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role
from visgen.report.cells import cell, points
from visgen.report.page import format_number, format_percent
from visgen.visual_genetic.recognition.comparisons import base_variants
from visgen.visual_genetic.recognition.evaluators import evaluator_in_words
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY
from visgen.visual_genetic.scopes import KINDS

#: What is withheld in each kind.
_KIND_WORDS = {
    "unseen_species": "single taxa withheld",
    "unseen_genera": "whole groups of the rank above withheld",
}


def scores_of(
    mean: pd.DataFrame,
    variant: str,
    evaluator: str,
    role: str = SCORE,
    against: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Return by metric what the rows of a role say of a variant and evaluator on the test part."""
    rows = of_role(mean, role, against)
    labels = ["variant", "evaluator", "part"]
    chosen = rows[rows[labels].eq([variant, evaluator, "test"]).all(axis=1)]
    return chosen.set_index("metric").to_dict("index")


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
        kinds = [("", SCORE, None, format_percent)]
        if name in bases:
            kinds.append((f"less {bases[name]}, in points", DIFFERENCE, bases[name], points))
        kinds.append(("anchors permuted: mean, range", EXPECTED, PERMUTED, format_percent))
        kinds.append(("less these, in points", DIFFERENCE, PERMUTED, points))
        for what, role, against, form in kinds:
            found = scores_of(mean, name, evaluator, role, against)
            if found or role == SCORE:
                cells = {metric: cell(found.get(metric), form) for metric in METRICS}
                row = {"variant": name, "regime": options["regime"], "anchors": options["anchors"]}
                rows.append(row | {"what": what, "is_null": role == EXPECTED, "cells": cells})
    return rows


def evaluator_rows(
    mean: pd.DataFrame, variants: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row for each variant and way to recognise an image, on the test part."""
    rows = []
    tested = of_role(mean[mean["part"] == "test"], SCORE)
    for name in variants:
        for evaluator in dict.fromkeys(tested.loc[tested["variant"] == name, "evaluator"]):
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
    unseen = mean[mean["part"].isin(KINDS)]
    labels = ["variant", "part", "evaluator", "rank", "metric"]
    for score in of_role(unseen, SCORE).to_dict("records"):
        beside = unseen[unseen[labels].eq([score[label] for label in labels]).all(axis=1)]
        nulls, gains = (
            of_role(beside, role).set_index("against").to_dict("index")
            for role in (EXPECTED, DIFFERENCE)
        )
        is_share = score["metric"] == "placed"
        form = format_percent if is_share else format_number
        # What was drawn by number of training images, where the candidates have any.
        chance = BY_FREQUENCY if BY_FREQUENCY in nulls else UNIFORMLY
        rows.append({
            "kind": _KIND_WORDS[score["part"]],
            "variant": score["variant"],
            "evaluator": evaluator_in_words(score["evaluator"]),
            "rank": score["rank"],
            "measure": "placed rightly" if is_share else "patristic regret",
            "own": cell(score, form),
            "random": cell(nulls.get(BY_FREQUENCY), form),
            "uniform": cell(nulls.get(UNIFORMLY), form),
            "gain": cell(gains[chance], points if is_share else form),
            "n": int(score["n"]),
            "p": gains[PERMUTED]["p"] if PERMUTED in gains else None,
        })  # fmt: skip
    return rows
