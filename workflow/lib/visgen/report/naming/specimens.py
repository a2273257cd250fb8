"""The specimens that were named, as the page shows them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from visgen.naming.novelty import KNOWN, NO_SUCH
from visgen.naming.words import all_verdicts, novelty_in_words
from visgen.report.page import format_percent
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
        specimen, n_images, trusted_rank and trusted_taxon (empty, and "no name", where none is),
        guess (the finest name of the most probable lineage), its probability and set_size (None
        where it is like nothing in the study: odds hold for its taxa alone), novelty and oddities
        in words, whether it is_new, doubt (what of its pictures may be why), nearest (labelled
        specimen that looks most like it, with its taxon), candidates (taxa without photographs
        that it may be, or empty), in_study (the labelled specimen that it is, or empty).
    """
    return [
        {
            "specimen": row["specimen"],
            "n_images": row["n_images"],
            "trusted_rank": _text(row["trusted_rank"]),
            "trusted_taxon": _text(row["trusted_taxon"]) or "no name",
            **_guess(row, ranks),
            "novelty": novelty_in_words(row["novelty"]),
            "is_new": not pd.isna(row["novelty"]) and row["novelty"] != KNOWN,
            "doubt": ", ".join(_text(row["novelty_doubt"]).split()),
            "nearest": f"{row['taxon_1']} ({row['nearest_1']})",
            "candidates": _text(row.get("candidates")),
            "in_study": _text(row["in_study"]),
            "odd": "; ".join(ODDITIES[word] for word in _text(row["oddities"]).split()),
        }
        for row in table.head(SHOWN).to_dict("records")
    ]


def _text(value: str | float | None) -> str:
    return "" if pd.isna(value) else str(value)


def _guess(row: dict[str, Any], ranks: Sequence[str]) -> dict[str, Any]:
    if row["novelty"] == NO_SUCH:
        return {"guess": None, "probability": None, "set_size": None}
    finest = next(rank for rank in reversed(ranks) if _text(row[rank]))
    probability = format_percent(row[f"p:{finest}"])
    return {"guess": row[finest], "probability": probability, "set_size": row["set_size"]}


def naming_findings(
    table: pd.DataFrame, ranks: Sequence[str], confidence: float, n_rejected: int = 0
) -> list[str]:
    """Say in plain words what became of the specimens.

    Parameters
    ----------
    table
        As `specimen_rows` takes it.
    ranks
        Of names, coarse to fine.
    confidence
        With which names are trusted.
    n_rejected
        Files and rows that were refused.
    """
    n = len(table)
    named = [
        f"{count:,} down to {rank}"
        for rank in reversed(ranks)
        if (count := int((table["trusted_rank"] == rank).sum()))
    ]
    if nameless := int(table["trusted_rank"].isna().sum()):
        named.append(f"{nameless:,} without a name")
    told = [
        f"{n:,} unnamed specimen{'s' * (n != 1)}, each named as deep as {100 * confidence:g} % "
        f"confidence allows: {', '.join(named)}.",
        _of_novelty(table["novelty"], ranks),
    ]
    if seen := int(table["in_study"].notna().sum()):
        are, names = ("is", "its name is") if seen == 1 else ("are", "their names are")
        told.append(f"{seen:,} {are} labelled in the study already: {names} no discovery.")
    if n_rejected:
        files = "photograph was" if n_rejected == 1 else "photographs were"
        told.append(f"{n_rejected:,} {files} refused (naming/rejected.tsv).")
    odd = int(table["oddities"].notna().sum())
    if odd:
        told.append(f"{odd:,} {'has' if odd == 1 else 'have'} odd pictures: check these first.")
    doubtful = int(table["novelty_doubt"].notna().sum())
    if doubtful:
        told.append(
            f"Of {doubtful:,} that {'looks' if doubtful == 1 else 'look'} new that may be why."
        )
    return [" ".join(told)]


def _of_novelty(verdicts: pd.Series, ranks: Sequence[str]) -> str:
    if verdicts.isna().all():
        return "Whether any is new cannot be told: too few labelled specimens."
    counts = verdicts.value_counts()
    kinds = [kind for kind in reversed(all_verdicts(ranks)) if kind != KNOWN and kind in counts]
    if not kinds:
        return "None looks new."
    words = {kind: novelty_in_words(kind) for kind in kinds}
    words[NO_SUCH] = "like nothing in the study (another group, or no specimen at all)"
    parts = [f"{counts[kind]:,} {words[kind]}" for kind in kinds]
    n = int(counts[kinds].sum())
    return f"{n:,} {'looks' if n == 1 else 'look'} new: {', '.join(parts)}."
