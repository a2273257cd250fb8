"""How good names are, as the page shows it: of known taxa, and of taxa withheld from learning."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.naming.overview import AREAS, KNOWN_COLUMNS, NEW_COLUMNS, Overview
from visgen.report.cells import cell, interval_in_words
from visgen.report.page import format_number, format_percent


def known_rows(overview: Overview, ranks: Sequence[str]) -> dict[str, Any] | None:
    """Return heads and rows of the table of known taxa; None without a score."""
    rows = [
        {"rank": rank, "cells": [cell(row) for row in found]}
        for rank, found in overview.known(ranks)
    ]
    return {"heads": list(KNOWN_COLUMNS), "rows": rows} if rows else None


def new_rows(overview: Overview) -> dict[str, Any] | None:
    """Return heads and rows of the table of withheld taxa; None where none were withheld."""
    forms = [
        _two_digits if metric in AREAS else format_percent for _, metric in NEW_COLUMNS.values()
    ]
    rows = [
        {
            "kind": f"a new {rank}",
            "cells": [cell(row, form) for row, form in zip(found, forms, strict=True)],
        }
        for rank, found in overview.new()
    ]
    return {"heads": list(NEW_COLUMNS), "rows": rows} if rows else None


def score_findings(overview: Overview, settings: Mapping[str, Any]) -> list[str]:
    """Say in plain words how far names can be relied on.

    Parameters
    ----------
    overview
        Of the scores.
    settings
        ranks, confidence, false_flags.
    """
    finest = settings["ranks"][-1]
    right = overview.of_test(finest, "joint", "accuracy")
    if right is None:
        return [
            "How good names are cannot be told: no test specimen is of a taxon that was learned."
        ]
    told = [f"Of {right['n']} test specimens {_share(right)} are given the right {finest}"]
    trusted = overview.of_test(finest, "trusted", "named")
    of_these = overview.of_test(finest, "trusted", "named_accuracy")
    if trusted is not None and of_these is not None:
        told.append(
            f"{_share(trusted)} are trusted down to {finest}, and {_share(of_these)} of these "
            "names are right"
        )
    covered = overview.of_test("all", "trusted", "coverage")
    if covered is not None:
        told.append(
            f"what is trusted is true of {_share(covered)}, where "
            f"{format_percent(settings['confidence'])} are promised"
        )
    flags = overview.of_test("all", "novelty", "false_flags")
    if flags is not None:
        told.append(
            f"{_share(flags)} are called new without being so "
            f"({format_percent(settings['false_flags'])} are allowed)"
        )
    return ["; ".join(told) + ".", *_of_new(overview)]


def _of_new(overview: Overview) -> list[str]:
    told = []
    for rank, _ in overview.new():
        flagged = overview.of_new(rank, "novelty", "flagged")
        deep = overview.of_new(rank, "trusted", "named_too_deep")
        if flagged is not None:
            wrong = "" if deep is None else f", {_share(deep)} get a name that cannot be right"
            told.append(
                f"of a new {rank} {_share(flagged)} are called new{wrong} ({flagged['n']} taxa)"
            )
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
