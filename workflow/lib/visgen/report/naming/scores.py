"""How good names are, as the page shows it: of known taxa, and of taxa withheld from learning."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.naming.overview import AREAS, KNOWN_COLUMNS, NEW_COLUMNS, Overview, Row
from visgen.report.cells import cell, in_round_numbers, interval_in_words
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
            "kind": f"an unknown {rank}",
            "cells": [cell(row, form) for row, form in zip(found, forms, strict=True)],
        }
        for rank, found in overview.new()
    ]
    return {"heads": list(NEW_COLUMNS), "rows": rows} if rows else None


def score_findings(overview: Overview, settings: Mapping[str, Any]) -> list[str]:
    """Say in plain words how far names can be believed, of unknown taxa and of known ones.

    Parameters
    ----------
    overview
        Of the scores.
    settings
        ranks, confidence, false_flags.
    """
    unknown = caution_of(overview) or (
        "What is said of unnamed specimens whose taxon the study does not know could not be tried: "
        "no taxon could be withheld from learning."
    )
    finest = settings["ranks"][-1]
    right = overview.of_test(finest, "joint", "accuracy")
    if right is None:
        return [
            unknown,
            "How good names of known taxa are cannot be told: no test specimen is of a "
            f"{finest} that was learned.",
        ]
    return [unknown, _of_known(overview, settings, finest, right)]


def caution_of(overview: Overview) -> str:
    """Say how often specimens of unknown taxa get a name all the same; empty where not scored."""
    told = []
    for rank in reversed([rank for rank, _ in overview.new()]):
        flagged = overview.of_new(rank, "novelty", "flagged")
        deep = overview.of_new(rank, "trusted", "named_too_deep")
        if flagged is None or deep is None:
            continue
        n = int(flagged["n"])
        taxa = f"{n:,} {'taxon' if n == 1 else 'taxa'}{' a split' * (not told)}"
        if told:
            told.append(f"Of an unknown {rank} it is {_share(deep)} and {_share(flagged)} ({taxa})")
        else:
            told.append(
                f"of specimens of an unknown {rank} {_share(deep)} get a trusted name that cannot "
                f"be right, since they look like known ones, and {_share(flagged)} are called new "
                f"(tried with {taxa} that were withheld from learning)"
            )
    if not told:
        return ""
    return (
        "A name that is trusted is no proof that the study knows the taxon of an unnamed specimen: "
        f"{'. '.join(told)}."
    )


def _of_known(overview: Overview, settings: Mapping[str, Any], finest: str, right: Row) -> str:
    told = []
    trusted = overview.of_test(finest, "trusted", "named")
    of_these = overview.of_test(finest, "trusted", "named_accuracy")
    if trusted is not None:
        names = "" if of_these is None else f", and {_share(of_these)} of these names are right"
        told.append(f"{_share(trusted)} are named down to {finest}{names}")
    told.append(f"the most probable {finest} is right of {_share(right)}")
    covered = overview.of_test("all", "trusted", "coverage")
    if covered is not None:
        told.append(
            f"what is trusted, at whichever rank, is not wrong of {_share(covered)}, where "
            f"{in_round_numbers(settings['confidence'])} are promised"
        )
    flags = overview.of_test("all", "novelty", "false_flags")
    if flags is not None:
        told.append(
            f"{_share(flags)} are called new and are not, where "
            f"{in_round_numbers(settings['false_flags'])} are allowed"
        )
    n = int(right["n"])
    return (
        f"Where the study knows the taxon, of {n:,} test specimen{'s' * (n != 1)} "
        f"{'; '.join(told)}."
    )


def _share(score: Mapping[str, Any]) -> str:
    ends = interval_in_words(score, lambda value: f"{100 * value:.0f}")
    return in_round_numbers(score["value"]) + (f" (95 %: {ends} %)" if ends else "")


def _two_digits(value: float) -> str:
    return format_number(value, 2)
