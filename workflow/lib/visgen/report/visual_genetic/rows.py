"""Rows of the page's tables of recognition."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role
from visgen.report.cells import cell, points
from visgen.report.page import format_number, format_percent
from visgen.report.visual_genetic.alignment import NOT_ALIGNED
from visgen.report.visual_genetic.scores import scores_of
from visgen.visual_genetic.recognition.chance import MOST_FREQUENT, UNIFORM
from visgen.visual_genetic.recognition.comparisons import references
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
_BLIND_WORDS = {
    UNIFORM: "blind: any taxon alike",
    MOST_FREQUENT: "blind: the taxon with most images",
}
_STAGE2_WORDS = {
    "features": "none: features",
    "projection": "none: projection",
    "supervised": "without anchors",
    "anchors": "to {}",
}


def variant_rows(
    mean: pd.DataFrame,
    evaluator: str,
    variants: Mapping[str, Mapping[str, Any]],
    marks: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return a row a variant, below it less each of its references, and what permuted anchors give.

    First comes what never looks at an image.

    Parameters
    ----------
    mean
        As `visgen.metrics.over_seeds` returns it.
    evaluator
        Which one is shown.
    variants
        By name: regime, anchors, stage2, sampling.
    marks
        As `marks_of` returns them.

    Returns
    -------
    list of dict
        variant, regime, stage2 (in words, with the set of anchors and the sampling), mark, what,
        is_null, cells (by metric, None where there is none). A variant that is not aligned has no
        p: nothing is claimed from it.
    """
    rows = []
    labels = {"variant": "–", "regime": "–", "stage2": "–", "mark": "", "is_null": True}
    for against, what in _BLIND_WORDS.items():
        of_it = of_role(mean, EXPECTED, against)
        if len(of_it):
            found = of_it.set_index("metric").to_dict("index")
            cells = {metric: cell(found.get(metric)) for metric in METRICS}
            rows.append(labels | {"what": what, "cells": cells})
    for name, options in variants.items():
        mark = marks.get(name, "")
        labels = {"variant": name, "regime": options["regime"], "mark": mark}
        labels |= {"stage2": stage2_in_words(options)}
        kinds = [("", SCORE, None, format_percent)]
        kinds += [
            (f"less {reference}, in points", DIFFERENCE, reference, points)
            for reference in references(variants)[name]
        ]
        kinds.append(("anchors permuted: mean, range", EXPECTED, PERMUTED, format_percent))
        kinds.append(("less permuted, in points", DIFFERENCE, PERMUTED, points))
        for what, role, against, form in kinds:
            found = scores_of(mean, name, evaluator, role, against)
            if found or role == SCORE:
                cells = {metric: cell(found.get(metric), form) for metric in METRICS}
                if mark.startswith(NOT_ALIGNED):
                    cells = {key: item and item | {"p": None} for key, item in cells.items()}
                rows.append(labels | {"what": what, "is_null": role == EXPECTED, "cells": cells})
    return rows


def stage2_in_words(options: Mapping[str, Any]) -> str:
    """Say what a variant does in stage 2.

    >>> stage2_in_words({"stage2": "anchors", "anchors": "sgt", "sampling": "balanced"})
    'to sgt, each taxon as often'
    """
    words = _STAGE2_WORDS[options["stage2"]].format(options["anchors"])
    balanced = options["sampling"] == "balanced"
    return f"{words}, each taxon as often" if balanced else words


def evaluator_rows(
    mean: pd.DataFrame, variants: Mapping[str, Mapping[str, Any]], marks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return a row for each variant and way to recognise an image, on the test part."""
    rows = []
    tested = of_role(mean[mean["part"] == "test"], SCORE)
    for name in variants:
        for evaluator in dict.fromkeys(tested.loc[tested["variant"] == name, "evaluator"]):
            found = scores_of(mean, name, evaluator)
            cells = {metric: cell(found.get(metric)) for metric in METRICS}
            words = evaluator_in_words(evaluator)
            mark = marks.get(name, "")
            rows.append({"variant": name, "mark": mark, "evaluator": words, "cells": cells})
    return rows


def unseen_rows(mean: pd.DataFrame, marks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for each kind of withheld taxa, variant, evaluator, rank and measure.

    Returns
    -------
    list of dict
        kind, variant, mark, evaluator, rank, measure, own, random, uniform, gain (cells), n (taxa),
        p (of real against permuted anchors, None without, and where images are not aligned).
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
        mark = marks.get(score["variant"], "")
        is_tested = PERMUTED in gains and not mark.startswith(NOT_ALIGNED)
        form = format_percent if is_share else format_number
        # What was drawn by number of images, where the candidates have any.
        chance = BY_FREQUENCY if BY_FREQUENCY in nulls else UNIFORMLY
        rows.append({
            "kind": _KIND_WORDS[score["part"]],
            "variant": score["variant"],
            "mark": mark,
            "evaluator": evaluator_in_words(score["evaluator"]),
            "rank": score["rank"],
            "measure": "placed rightly" if is_share else "patristic regret",
            "own": cell(score, form),
            "random": cell(nulls.get(BY_FREQUENCY), form),
            "uniform": cell(nulls.get(UNIFORMLY), form),
            "gain": cell(gains[chance], points if is_share else form),
            "n": int(score["n"]),
            "p": gains[PERMUTED]["p"] if is_tested else None,
        })  # fmt: skip
    return rows
