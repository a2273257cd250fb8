"""Whether look follows descent, in a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.claims import CANNOT_TELL, CHANCE, COARSE, NOT_ASKED, SHOWN, UNDECIDED, UNTESTED
from visgen.report.answers.answer import NOT_SHOWN, OPEN, PARTLY, YES, Answer, line_of
from visgen.report.cells import interval_in_words
from visgen.report.page import format_number, format_p

QUESTION = "Does look follow descent?"

_UNKNOWN = {
    UNDECIDED: ("Undecided", "the evidence is on the edge"),
    CANNOT_TELL: ("Cannot be told", "so few taxa and images would hardly show it"),
    COARSE: ("Cannot be told", "too few permutations were asked for"),
    UNTESTED: ("Cannot be told", "it could not be tested"),
}
_LIMITS = (-0.2, 1.0)


def answer_descent(
    rows: Sequence[Mapping[str, Any]],
    verdicts: Mapping[str, str],
    step_ranks: Mapping[str, str],
    tree_rank: str | None,
    why_not: Sequence[str],
) -> Answer:
    """Return the answer, of the first vectors in the study that look at the images.

    Parameters
    ----------
    rows
        As `visgen.report.embedding.agreement.mantel_rows` returns them, of these vectors.
    verdicts
        By step, of `visgen.claims.judge`.
    step_ranks
        By step, the rank within whose groups it asks.
    tree_rank
        Rank of the tips; None without a tree.
    why_not
        What is said where nothing could be compared.
    """
    if tree_rank is None:
        return Answer(QUESTION, OPEN, "Not asked", "The study has no tree and no distances.")
    by_step = {row["step"]: row for row in rows}
    if CHANCE not in by_step:
        return Answer(QUESTION, OPEN, "Cannot be told", " ".join(why_not), section="embedding")
    row = by_step[CHANCE]
    kind, headline, sentence = _in_words(verdicts, step_ranks)
    score, dealt = row["pearson"], row["of_deals"]
    ends = interval_in_words(score, _two_digits)
    number = f"r = {_two_digits(score['value'])}"
    number += f" ({f'95 % interval {ends}; ' if ends else ''}{row['n']:,} taxa; "
    number += f"p = {format_p(score['p'])}; {row['variant'].replace('_', ' ')} vectors)"
    return Answer(
        QUESTION,
        kind,
        headline,
        sentence,
        number=number,
        null="no relation: 0"
        if dealt is None
        else f"specimens dealt to taxa at random: r = {_two_digits(dealt['value'])}",
        section="embedding",
        lines=[
            line_of(
                "all pairs" if step == CHANCE else f"within {step_ranks[step]}",
                its["pearson"],
                0.0 if its["of_deals"] is None else its["of_deals"]["value"],
                _two_digits(its["pearson"]["value"]),
                _LIMITS,
            )
            for step, its in by_step.items()
            if verdicts[step] != NOT_ASKED
        ],
        scale=("−0.2", "1"),
    )


def _in_words(verdicts: Mapping[str, str], step_ranks: Mapping[str, str]) -> tuple[str, str, str]:
    first = verdicts[CHANCE]
    if first in _UNKNOWN:
        headline, why = _UNKNOWN[first]
        return OPEN, headline, f"Whether close relatives look more alike cannot be told: {why}."
    if first != SHOWN:
        return NOT_SHOWN, "Not shown", "That close relatives look more alike is not seen here."
    reached = [step_ranks[step] for step in step_ranks if verdicts[step] == SHOWN]
    beyond = "Close relatives look more alike than distant ones"
    if reached:
        beyond += f", even among members of one {reached[-1]}"
    stopped = next(
        (step for step in step_ranks if verdicts[step] not in (SHOWN, UNTESTED, NOT_ASKED)), None
    )
    if stopped is None:
        untested = [step_ranks[step] for step in step_ranks if verdicts[step] == UNTESTED]
        if untested and not reached:
            return YES, "Yes", f"{beyond}; within one {untested[-1]} it could not be asked."
        return YES, f"Yes, even within one {reached[-1]}" if reached else "Yes", f"{beyond}."
    rank = step_ranks[stopped]
    word, why = {
        UNDECIDED: ("undecided", "it is on the edge"),
        CANNOT_TELL: ("cannot be told", "so few taxa would hardly show it"),
        COARSE: ("cannot be told", "too few permutations were asked for"),
    }.get(verdicts[stopped], ("not shown", "it is not seen"))
    return (
        PARTLY,
        f"Partly: {word} within one {rank}",
        f"{beyond}; but among members of one {rank} {why}.",
    )


def _two_digits(value: float) -> str:
    return format_number(value, 2)
