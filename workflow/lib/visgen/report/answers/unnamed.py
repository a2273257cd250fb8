"""What unnamed specimens are, in a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.naming.novelty import KNOWN
from visgen.naming.overview import Overview
from visgen.report.answers.answer import OPEN, PARTLY, YES, Answer, parts_of
from visgen.report.cells import in_round_numbers, interval_in_words

QUESTION = "What are my unnamed specimens?"


def answer_unnamed(
    table: pd.DataFrame | None, overview: Overview, settings: Mapping[str, Any]
) -> Answer:
    """Return the answer: how deep each specimen is named, and how far that can be believed.

    Parameters
    ----------
    table
        As `visgen.naming.photographs.name_photographs` writes it; None where no photographs to
        name were given.
    overview
        Of the scores of naming.
    settings
        ranks, confidence.
    """
    ranks: Sequence[str] = settings["ranks"]
    promised = in_round_numbers(settings["confidence"])
    covered = overview.of_test("all", "trusted", "coverage")
    number = null = ""
    if covered is not None:
        ends = interval_in_words(covered, in_round_numbers)
        number = f"{in_round_numbers(covered['value'])} of trusted names are not wrong ("
        number += f"{f'95 % interval {ends}; ' if ends else ''}{covered['n']:,} test specimens)"
        null = f"promised: {promised}"
    if table is None:
        return Answer(
            QUESTION,
            OPEN,
            "None were given",
            "With naming.images in the configuration, photographs without a name get one, as deep "
            "as it can be trusted.",
            number=number,
            null=null,
            section="naming",
        )
    counts = {rank: int((table["trusted_rank"] == rank).sum()) for rank in reversed(ranks)} | {
        "no name": int(table["trusted_rank"].isna().sum())
    }
    deep, n = counts[ranks[-1]], len(table)
    is_new = table["novelty"].notna() & (table["novelty"] != KNOWN)
    named = n - counts["no name"]
    headline = f"{named:,} of {n:,} get a name" if named else "None gets a name"
    sentence = (
        f"{deep:,} of {n:,} are named down to the {ranks[-1]} with {promised} confidence, "
        f"{named - deep:,} to a coarser rank, {counts['no name']:,} not at all."
    )
    if table["novelty"].isna().all():
        sentence += " Whether any is new cannot be told."
    else:
        new = int(is_new.sum())
        sentence += f" {new:,} {'looks' if new == 1 else 'look'} new to the study."
    return Answer(
        QUESTION,
        YES if deep == n else PARTLY if named else OPEN,
        headline,
        sentence,
        number=number,
        null=null,
        section="naming",
        parts=parts_of(counts),
    )
