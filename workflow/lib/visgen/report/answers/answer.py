"""What a card of the first screen holds, and the marks of its small picture."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from visgen.report.page import is_nothing

#: The first words of an answer, by how it is to be shown.
YES, PARTLY, NOT_SHOWN, OPEN = "yes", "partly", "not-shown", "open"


class Line(NamedTuple):
    """A line of a picture: a score with its interval, beside what needs no look.

    Attributes
    ----------
    label
        What is scored.
    value, low, high, null
        Places along the scale, 0 to 100; None where there is none.
    text
        The score as text.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    null: float | None
    text: str


class Part(NamedTuple):
    """A part of a bar: how many of all, and what they are."""

    label: str
    count: int
    share: float


class Answer(NamedTuple):
    """The answer to a question, and where it comes from.

    Attributes
    ----------
    question
        As a systematist asks it.
    kind
        `YES`, `PARTLY`, `NOT_SHOWN` (asked, and no effect seen) or `OPEN` (cannot be told, or was
        not asked).
    headline
        Few words, which stand large.
    sentence
        What was found, in everyday words.
    number
        The one number with interval and n; empty where there is none.
    null
        What it stands against; empty where there is none.
    section
        Anchor of the section that says why; empty where the study has none.
    lines, parts
        The picture: scores on one scale, or the parts of a bar; one of them is empty.
    scale
        Names of the ends of the scale of the lines.
    """

    question: str
    kind: str
    headline: str
    sentence: str
    number: str = ""
    null: str = ""
    section: str = ""
    lines: Sequence[Line] = ()
    parts: Sequence[Part] = ()
    scale: tuple[str, str] = ("", "")


def line_of(
    label: str,
    score: Mapping[str, Any],
    null: float | None,
    text: str,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Line:
    """Return the line of a score; what lies beyond the limits is drawn at the end of the scale.

    Examples
    --------
    >>> line_of("genus", {"value": 0.5, "ci_low": 0.4, "ci_high": None}, -0.1, "50 %")
    Line(label='genus', value=50.0, low=40.0, high=None, null=0.0, text='50 %')
    """
    low, high = limits

    def place(value: float | None) -> float | None:
        if is_nothing(value):
            return None
        return round(100 * (min(max(value, low), high) - low) / (high - low), 2)

    ends = place(score["ci_low"]), place(score["ci_high"])
    return Line(label, place(score["value"]), *ends, place(null), text)


def parts_of(counts: Mapping[str, int]) -> list[Part]:
    """Return the parts of a bar, those of none left out.

    >>> parts_of({"genus": 3, "family": 0, "no name": 1})
    [Part(label='genus', count=3, share=75.0), Part(label='no name', count=1, share=25.0)]
    """
    n = sum(counts.values())
    return [Part(name, count, 100 * count / n) for name, count in counts.items() if count]
