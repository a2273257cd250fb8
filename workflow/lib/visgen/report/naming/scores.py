"""How good names are, as the page shows it: of known taxa, and of taxa withheld from learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.metrics import EXPECTED, SCORE
from visgen.report.cells import cell, interval_in_words
from visgen.report.page import format_number, format_percent

#: Columns of known taxa: head, evaluator and metric of a rank.
_KNOWN = {
    "right": ("joint", "accuracy"),
    "trusted": ("trusted", "named"),
    "right of these": ("trusted", "named_accuracy"),
}
#: Columns of new taxa: head, evaluator, metric, and whether it is of the rank above.
_NEW = {
    "called new": ("novelty", "flagged"),
    "AUROC": ("relative_mahalanobis", "auroc"),
    "of nearest neighbour": ("nearest_neighbour", "auroc"),
    "of largest probability": ("largest_probability", "auroc"),
    "named too deep": ("trusted", "named_too_deep"),
}

_NEW_PARTS = "new_"


def _by_key(scores: pd.DataFrame) -> dict[tuple, dict[str, Any]]:
    """Return rows by part, rank, evaluator, metric, role and what they are against."""
    keys = ["part", "rank", "evaluator", "metric", "role"]
    return {
        (*(row[key] for key in keys), row["against"] if row["role"] != SCORE else None): row
        for row in scores.to_dict("records")
    }


def known_rows(scores: pd.DataFrame, ranks: Sequence[str]) -> dict[str, Any] | None:
    """Return heads and rows of the table of known taxa; None without a score.

    Parameters
    ----------
    scores
        Of experiment naming, means over seeds.
    ranks
        Coarse to fine.
    """
    rows = _by_key(scores)
    chance = ("test", "joint", "accuracy")
    found = []
    for rank in ranks:
        cells = [
            cell(rows.get(("test", rank, evaluator, metric, SCORE, None)))
            for evaluator, metric in _KNOWN.values()
        ]
        part, evaluator, metric = chance
        most = rows.get((part, rank, evaluator, metric, EXPECTED, "most_frequent"))
        if any(cells):
            found.append({"rank": rank, "cells": [*cells, cell(most)]})
    return {"heads": [*_KNOWN, "most frequent"], "rows": found} if found else None


def new_rows(scores: pd.DataFrame) -> dict[str, Any] | None:
    """Return heads and rows of the table of withheld taxa; None where none were withheld."""
    rows = _by_key(scores)
    found = []
    for part in dict.fromkeys(scores["part"].dropna()):
        if not part.startswith(_NEW_PARTS):
            continue
        rank = part.removeprefix(_NEW_PARTS)
        cells = []
        for evaluator, metric in _NEW.values():
            form = _two_digits if metric == "auroc" else format_percent
            cells.append(cell(rows.get((part, rank, evaluator, metric, SCORE, None)), form))
        found.append({"kind": f"a new {rank}", "cells": cells})
    return {"heads": list(_NEW), "rows": found} if found else None


def score_findings(scores: pd.DataFrame, settings: Mapping[str, Any]) -> list[str]:
    """Say in plain words how far names can be relied on.

    Parameters
    ----------
    scores
        Of experiment naming, means over seeds.
    settings
        ranks, confidence, false_flags.
    """
    rows = _by_key(scores)
    finest = settings["ranks"][-1]
    right = rows.get(("test", finest, "joint", "accuracy", SCORE, None))
    if right is None:
        return [
            "How good names are cannot be told: no test specimen is of a taxon that was learned."
        ]
    told = [f"Of {right['n']} test specimens {_share(right)} are given the right {finest}"]
    trusted = rows.get(("test", finest, "trusted", "named", SCORE, None))
    of_these = rows.get(("test", finest, "trusted", "named_accuracy", SCORE, None))
    if trusted is not None and of_these is not None:
        told.append(
            f"{_share(trusted)} are trusted down to {finest}, and {_share(of_these)} of these "
            "names are right"
        )
    covered = rows.get(("test", "all", "trusted", "coverage", SCORE, None))
    if covered is not None:
        told.append(
            f"what is trusted is true of {_share(covered)}, where "
            f"{format_percent(settings['confidence'])} are promised"
        )
    flags = rows.get(("test", "all", "novelty", "false_flags", SCORE, None))
    if flags is not None:
        told.append(
            f"{_share(flags)} are called new without being so "
            f"({format_percent(settings['false_flags'])} are allowed)"
        )
    return ["; ".join(told) + ".", *_of_new(rows)]


def _of_new(rows: Mapping[tuple, Mapping[str, Any]]) -> list[str]:
    told = []
    for (part, rank, evaluator, metric, role, _), row in rows.items():
        if (evaluator, metric, role) == ("novelty", "flagged", SCORE):
            deep = rows.get((part, rank, "trusted", "named_too_deep", SCORE, None))
            wrong = "" if deep is None else f", {_share(deep)} get a name that cannot be right"
            told.append(f"of a new {rank} {_share(row)} are called new{wrong} ({row['n']} taxa)")
    if not told:
        return []
    return [
        f"Specimens of taxa that were withheld from learning: {'; '.join(told)}. So that a "
        "specimen is not called new does not show that its taxon is known."
    ]


def _share(score: Mapping[str, Any]) -> str:
    ends = interval_in_words(score, format_percent)
    return format_percent(score["value"]) + (f" (95 % {ends})" if ends else "")


def _two_digits(value: float) -> str:
    return format_number(value, 2)
