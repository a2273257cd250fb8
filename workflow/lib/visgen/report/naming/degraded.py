"""What it costs to name degraded pictures, as the page shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.features.options import DEGRADED
from visgen.metrics import EXPECTED, SCORE
from visgen.naming.overview import AS_THEY_ARE
from visgen.report.cells import cell
from visgen.report.page import format_percent, is_nothing

#: Columns: head, evaluator and metric; of the finest rank, or of all ranks.
_OF_FINEST = {
    "right": ("joint", "accuracy"),
    "trusted": ("trusted", "named"),
    "right of these": ("trusted", "named_accuracy"),
}
_OF_ALL = {
    "trusted name true, or none": ("trusted", "coverage"),
    "called new": ("novelty", "false_flags"),
    "without a warning": ("novelty", "unwarned_flags"),
    "noticed": ("picture", "noticed"),
}


def degraded_content(
    scores: pd.DataFrame, words: Sequence[str], ranks: Sequence[str], false_flags: float
) -> dict[str, Any]:
    """Return heads, rows and a finding; no rows where no test specimen was scored.

    Parameters
    ----------
    scores
        Of experiment naming, means over seeds: `visgen.metrics.over_seeds`.
    words
        Of `visgen.features.options.DEGRADED`.
    ranks
        Of names, coarse to fine.
    false_flags
        Share that is accepted.
    """
    found = {
        (row["part"], row["rank"], row["evaluator"], row["metric"], row["role"], row["against"])
        if row["role"] != SCORE
        else (row["part"], row["rank"], row["evaluator"], row["metric"]): row
        for row in scores.to_dict("records")
    }
    columns = {head: (ranks[-1], *of) for head, of in _OF_FINEST.items()}
    columns |= {head: ("all", *of) for head, of in _OF_ALL.items()}
    rows, flagged = [], []
    for word in words:
        part = f"test_{word}"
        own = [found.get((part, *of)) for of in columns.values()]
        if all(row is None for row in own):
            continue
        clean = [found.get((part, *of, EXPECTED, AS_THEY_ARE)) for of in columns.values()]
        cells = [_beside(*both) for both in zip(own, clean, strict=True)]
        rows.append({"kind": word, "meaning": DEGRADED[word], "cells": cells})
        flags = found[part, *columns["called new"]]
        flagged.append(f"{format_percent(flags['value'])} of {word} ones")
    finding = (
        "Of specimens of known taxa, of which "
        f"{format_percent(false_flags)} may be called new, are called so by their pictures: "
        f"{', '.join(flagged)}."
    )
    return {
        "degraded_heads": [f"{head} ({ranks[-1]})" for head in _OF_FINEST] + list(_OF_ALL),
        "degraded_rows": rows,
        "degraded_finding": finding,
    }


def _beside(own: Mapping[str, Any] | None, clean: Mapping[str, Any] | None) -> dict | None:
    """Return the cell of a score; in small print that of the pictures as they are."""
    item = cell(own)
    if item is None or clean is None or is_nothing(clean["value"]):
        return item
    return item | {"lines": [f"as they are {format_percent(clean['value'])}"]}
