"""What a curator should notice about a specimen, as words to pick it by."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.naming.novelty import KNOWN
from visgen.naming.tabulating import NEAREST
from visgen.naming.words import UNTOLD, all_verdicts, novelty_in_words
from visgen.report.page import format_percent, is_nothing
from visgen.specimens.oddities import ODDITIES

#: Probability of taxa that cannot occur, from which on it is told.
MUCH_RULED_OUT = 0.5

_DOUBT, _IN_STUDY, _RULED_OUT = "or its picture", "already in the study", "ruled out"
_CANDIDATES, _SUSPECTED = "perhaps", "doubtful label"


def flag_meanings(ranks: Sequence[str]) -> dict[str, str]:
    """Return what each flag says, in the order of a list to choose from; verdicts are called new.

    Parameters
    ----------
    ranks
        Of names, coarse to fine.
    """
    verdicts = [novelty_in_words(word) for word in reversed(all_verdicts(ranks)) if word != KNOWN]
    return {
        **dict.fromkeys(verdicts, "how new it looks, by its photographs alone"),
        UNTOLD: "too few labelled specimens to tell whether it is new",
        _DOUBT: "its picture may be why it looks new",
        _CANDIDATES: "what it may be: known by a tip or a sequence, without photographs",
        _IN_STUDY: "the study has this file, or a labelled specimen of this name: no discovery",
        _RULED_OUT: "how probable the taxa were that cannot occur, before they were ruled out",
        _SUSPECTED: "a known specimen that it looks like may have a wrong label",
        **ODDITIES,
    }


def flags_of(row: Mapping[str, Any], suspects: Mapping[str, str]) -> list[list[str]]:
    """Return the flags of a specimen.

    Parameters
    ----------
    row
        Of the table of specimens.
    suspects
        What the study rather takes a labelled specimen for, where it doubts its label.

    Returns
    -------
    list of [flag, detail]
        The detail is empty where the flag says all.
    """
    flags = []
    if row["novelty"] != KNOWN:
        untold = is_nothing(row["novelty"])
        flags.append([UNTOLD if untold else novelty_in_words(row["novelty"]), ""])
    if doubt := _words(row["novelty_doubt"]):
        flags.append([_DOUBT, ", ".join(doubt)])
    if not is_nothing(row.get("candidates")):
        flags.append([_CANDIDATES, str(row["candidates"])])
    if not is_nothing(row["in_study"]):
        flags.append([_IN_STUDY, str(row["in_study"])])
    if not is_nothing(row.get("ruled_out")) and row["ruled_out"] >= MUCH_RULED_OUT:
        flags.append([_RULED_OUT, format_percent(row["ruled_out"])])
    alike = [row.get(f"nearest_{k}") for k in range(1, NEAREST + 1)]
    doubted = list(dict.fromkeys(name for name in [row["in_study"], *alike] if name in suspects))
    if doubted:
        flags.append([_SUSPECTED, ", ".join(doubted)])
    flags += [[word, ""] for word in _words(row["oddities"])]
    return flags


def suspected(suspects: pd.DataFrame) -> dict[str, str]:
    """Return the taxon that the study suggests for each labelled specimen in doubt."""
    return dict(zip(suspects["specimen"], suspects["suggested"], strict=True))


def _words(cell: str | float | None) -> list[str]:
    return [] if is_nothing(cell) else str(cell).split()
