"""Claims of agreement in plain words: which step is reached, and never more."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.claims import CANNOT_TELL, CHANCE, COARSE, NOT_SHOWN, SHOWN, UNDECIDED, UNTESTED, Step
from visgen.report.page import is_nothing

_OPENING = {
    UNDECIDED: "Whether {} follows descent is undecided",
    NOT_SHOWN: "That {} follows descent is not shown",
    CANNOT_TELL: "Whether {} follows descent cannot be told with so few taxa and images",
    COARSE: "Whether {} follows descent cannot be told, since p is too coarse",
    UNTESTED: "Whether {} follows descent is not tested",
}
_BEYOND = {
    UNDECIDED: "beyond {} this is undecided",
    NOT_SHOWN: "beyond {} it is not shown",
    CANNOT_TELL: "beyond {} this cannot be told with so few taxa and images",
    COARSE: "beyond {} this cannot be told, since p is too coarse",
}


def step_of(
    name: str, tests: Sequence[Mapping[str, Any] | None], power: float | None = None
) -> Step:
    """Return what is known of a step from the rows of its tests.

    Parameters
    ----------
    name
        Of the step.
    tests
        All that have to reject, each with value, p and n_permutations; None of one that was not
        made. Without the first there is no step to ask.
    power
        As `visgen.claims.Step` has it.
    """
    if tests[0] is None or is_nothing(tests[0]["value"]):
        return Step(name, None, ())
    made = [test for test in tests if test is not None]
    p = tuple(None if test is None or is_nothing(test["p"]) else test["p"] for test in tests)
    numbers = [n for test in made if not is_nothing(n := test.get("n_permutations"))]
    values = [test["value"] for test in made if not is_nothing(test["value"])]
    return Step(
        name, min(values), p, min(numbers, default=None), None if is_nothing(power) else power
    )


def steps_in_words(
    verdicts: Mapping[str, str], step_ranks: Mapping[str, str], what: str = "look"
) -> str:
    """Say the last step that is reached, and what became of the next.

    Parameters
    ----------
    verdicts
        By step, in order, of `visgen.claims.judge`.
    step_ranks
        By step but the first, the rank within whose groups it asks.
    what
        What follows descent, or does not.

    Examples
    --------
    >>> ranks = {"within_coarsest": "order", "within_above": "family"}
    >>> steps_in_words(dict(zip(["chance", *ranks], ["shown", "not shown", "not asked"])), ranks)
    'Look follows descent beyond chance; beyond the order it is not shown'
    >>> steps_in_words(dict(zip(["chance", *ranks], ["shown", "shown", "shown"])), ranks)
    'Look follows descent beyond chance, beyond the order and beyond the family'
    >>> steps_in_words(dict.fromkeys(["chance", *ranks], "undecided"), ranks)
    'Whether look follows descent is undecided'
    """
    if verdicts[CHANCE] != SHOWN:
        return _OPENING[verdicts[CHANCE]].format(what)
    reached = [f"the {step_ranks[s]}" for s in step_ranks if verdicts[s] == SHOWN]
    *first, last = [f"beyond {part}" for part in ("chance", *reached)]
    words = f"{what[0].upper()}{what[1:]} follows descent " + (
        f"{', '.join(first)} and {last}" if first else last
    )
    for step, rank in step_ranks.items():
        if verdicts[step] in _BEYOND:
            return f"{words}; {_BEYOND[verdicts[step]].format(f'the {rank}')}"
    return words
