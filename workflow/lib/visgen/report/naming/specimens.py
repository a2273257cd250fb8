"""The specimens that were named, as the page shows them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from visgen.naming.novelty import KNOWN, NO_SUCH
from visgen.report.page import format_percent, is_nothing
from visgen.specimens.oddities import ODDITIES

#: Specimens that the page lists; all are in the table.
SHOWN = 200


def specimen_rows(table: pd.DataFrame, ranks: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row a specimen for the page.

    Parameters
    ----------
    table
        As `visgen.naming.photographs.name_photographs` writes it.
    ranks
        Of names, coarse to fine.

    Returns
    -------
    list of dict
        specimen, n_images, trusted (rank and taxon), guess (the finest name of the most probable
        lineage) and its probability, novelty, set_size, nearest (taxon of the labelled specimen
        that looks most like it), relative, candidates, in_study (the labelled specimen that it is),
        odd (in words).
    """
    return [
        {
            "specimen": row["specimen"],
            "n_images": row["n_images"],
            "trusted_rank": "" if is_nothing(row["trusted_rank"]) else row["trusted_rank"],
            "trusted_taxon": "–" if is_nothing(row["trusted_taxon"]) else row["trusted_taxon"],
            **_guess(row, ranks),
            "novelty": "cannot be told" if is_nothing(row["novelty"]) else row["novelty"],
            "set_size": row["set_size"],
            "nearest": f"{row['taxon_1']} ({row['nearest_1']})",
            "relative": "" if is_nothing(row.get("relative")) else row["relative"],
            "candidates": "" if is_nothing(row.get("candidates")) else row["candidates"],
            "in_study": "" if is_nothing(row["in_study"]) else row["in_study"],
            "odd": "; ".join(ODDITIES[word] for word in _words(row["oddities"])),
        }
        for row in table.head(SHOWN).to_dict("records")
    ]


def _guess(row: dict[str, Any], ranks: Sequence[str]) -> dict[str, Any]:
    finest = next(rank for rank in reversed(ranks) if not is_nothing(row[rank]))
    return {"guess": row[finest], "probability": format_percent(row[f"p:{finest}"])}


def _words(oddities: str | float) -> list[str]:
    return [] if is_nothing(oddities) else str(oddities).split()


def naming_findings(table: pd.DataFrame, ranks: Sequence[str], confidence: float) -> list[str]:
    """Say in plain words what became of the specimens."""
    n = len(table)
    named = [
        f"{count} down to {rank}"
        for rank in reversed(ranks)
        if (count := int((table["trusted_rank"] == rank).sum()))
    ]
    nameless = int(table["trusted_rank"].isna().sum())
    told = [*named, *([f"{nameless} not at all"] if nameless else [])]
    new = table["novelty"].dropna()
    new = new[new != KNOWN]
    sentence = (
        f"{n} unnamed specimen{'s' * (n > 1)}, named as deep as {format_percent(confidence)} "
        f"confidence allows: {', '.join(told)}."
    )
    if len(new):
        kinds = ", ".join(
            f"{count} {NO_SUCH if kind == NO_SUCH else kind}"
            for kind, count in new.value_counts().items()
        )
        sentence += f" {len(new)} look like no taxon of the study: {kinds}."
    return [sentence]
