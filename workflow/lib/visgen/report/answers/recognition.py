"""Whether taxa can be told apart by look, in a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.report.answers.answer import NOT_SHOWN, OPEN, PARTLY, YES, Answer, line_of
from visgen.report.cells import in_round_numbers, interval_in_words
from visgen.report.page import format_percent, is_nothing

QUESTION = "Can taxa be told apart by look?"

#: Names of a rank of which fewer are right are called mostly wrong.
MOSTLY = 0.5

Row = Mapping[str, Any]


def is_told_apart(row: Row) -> bool | None:
    """Tell whether a chosen classifier is above what needs no look; None where it cannot be told.

    Parameters
    ----------
    row
        As `visgen.report.classification.rows.score_rows` returns it, of what was chosen.
    """
    score, best = row["cells"]["balanced_accuracy"], row["best_baseline"]
    if row["is_baseline"] or best is None:
        return False if row["is_baseline"] else None
    if is_nothing(score["ci_low"]):  # most taxa have one specimen: MCC has an interval all the same
        mcc = row["cells"].get("mcc")
        return None if mcc is None or is_nothing(mcc["ci_low"]) else mcc["ci_low"] > 0 or None
    return score["ci_low"] > best or None


def answer_recognition(rows: Sequence[Row], why_not: Sequence[str]) -> Answer:
    """Return the answer, of the backbone that was best on validation.

    Parameters
    ----------
    rows
        As `visgen.report.classification.rows.score_rows` returns them, ranks coarse to fine.
    why_not
        What is said where nothing could be scored.
    """
    picked = _of_best_backbone([row for row in rows if row["is_chosen"]])
    if not picked:
        return Answer(QUESTION, OPEN, "Cannot be told", " ".join(why_not), section="classification")
    told = {row["rank"]: is_told_apart(row) for row in picked}
    shown = [row for row in picked if told[row["rank"]]]
    mostly = [row for row in shown if row["cells"]["balanced_accuracy"]["value"] >= MOSTLY]
    row = (mostly or shown or picked)[-1]
    finest, score = picked[-1]["rank"], row["cells"]["balanced_accuracy"]
    rank, best = row["rank"], row["best_baseline"]
    if not shown:
        is_open = None in told.values()
        kind, headline = (OPEN, "Cannot be told") if is_open else (NOT_SHOWN, "Not shown")
        sentence = (
            f"At no rank does a computer that has learned from part of the specimens clearly name "
            f"the others better than guessing does; {rank}: {in_round_numbers(score['value'])}."
        )
    else:
        kind, headline = YES, f"Yes, down to the {rank}"
        sentence = (
            f"A computer that has learned from part of the specimens names the {rank} of "
            f"{in_round_numbers(score['value'])} of the others right, on average over taxa."
        )
        if row is not picked[-1]:
            kind, headline = PARTLY, f"Partly: down to the {rank}"
        last = shown[-1]
        if not mostly:
            kind, headline = PARTLY, "Partly: better than guessing"
            sentence += " That is more than guessing gives, but most names are wrong."
        elif last is not row:
            right = in_round_numbers(last["cells"]["balanced_accuracy"]["value"])
            sentence += (
                f" Finer names, down to the {last['rank']} ({right} right), are better than "
                "guesses, but more often wrong than right."
            )
        if last is not picked[-1]:
            sentence += f" For the {finest} that cannot be told from guessing."
    sentence += " It has seen all these taxa: of new ones this says nothing."
    return Answer(
        QUESTION,
        kind,
        headline,
        sentence,
        number=_number(row),
        null=""
        if best is None
        else f"guessing without a look: {format_percent(best)} (the best of such guesses)",
        section="classification",
        lines=[
            line_of(
                its["rank"],
                its["cells"]["balanced_accuracy"],
                its["best_baseline"],
                in_round_numbers(its["cells"]["balanced_accuracy"]["value"]),
            )
            for its in picked
        ],
        scale=("0 %", "100 %"),
    )


def _of_best_backbone(picked: Sequence[Row]) -> list[Row]:
    """Return the chosen classifiers of the backbone whose choice was best on validation."""
    by_backbone: dict[str, list[Row]] = {}
    for row in picked:
        by_backbone.setdefault(row["backbone"], []).append(row)

    def on_validation(rows: Sequence[Row]) -> float:
        values = [row["validation"]["value"] for row in rows]
        known = [value for value in values if not is_nothing(value)]
        return sum(known) / len(known) if known else -1.0

    return max(by_backbone.values(), key=on_validation, default=[])


def _number(row: Row) -> str:
    score = row["cells"]["balanced_accuracy"]
    ends = interval_in_words(score, format_percent)
    interval = f"95 % interval {ends}" if ends else "no interval: most taxa have one test specimen"
    return f"{format_percent(score['value'])} ({interval}; {row['n']:,} test specimens)"
