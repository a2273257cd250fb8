"""Claims of agreement in plain words: which step is reached, and never more."""

from collections.abc import Mapping

from visgen.claims import CANNOT_TELL, CHANCE, COARSE, NOT_SHOWN, SHOWN, UNDECIDED, UNTESTED

_OPENING = {
    UNDECIDED: "Whether {} follows descent is undecided",
    NOT_SHOWN: "That {} follows descent is not shown",
    CANNOT_TELL: "Whether {} follows descent cannot be told with so few taxa and images",
    COARSE: "Whether {} follows descent is not tested: permutations are too few",
    UNTESTED: "Whether {} follows descent is not tested",
}
_BEYOND = {
    UNDECIDED: "beyond {} this is undecided",
    NOT_SHOWN: "beyond {} it is not shown",
    CANNOT_TELL: "beyond {} this cannot be told with so few taxa and images",
    COARSE: "beyond {} permutations are too few to test it",
}


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
