"""When agreement of look with descent is claimed, and how far: step by step, not on p's edge.

A step is claimed where every test of it rejects at `SHOWN_AT`, and called undecided up to
`UNDECIDED_AT`, so that no verdict turns over where p goes from .0504 to .0495. Steps are asked in
a fixed order, each only where that before it is claimed: so each keeps its level without a
correction (Maurer, Hothorn & Lehmacher 1995).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

#: Largest p of what is claimed, and of what is left undecided.
SHOWN_AT, UNDECIDED_AT = 0.025, 0.1
#: Power below which a test that does not reject tells nothing.
ENOUGH_POWER = 0.8

#: What became of a step.
SHOWN, UNDECIDED, NOT_SHOWN = "shown", "undecided", "not shown"
#: It would hardly have been seen, were it there.
CANNOT_TELL = "cannot tell"
#: Permutations are too few for p to fall so low; it was not tested; the step before is not shown.
COARSE, UNTESTED, NOT_ASKED = "coarse", "untested", "not asked"

#: The first step; the others are `visgen.distances.steps.STEPS`.
CHANCE = "chance"


class Step(NamedTuple):
    """What is known of one step of a claim.

    Attributes
    ----------
    name
        `CHANCE`, or one of `visgen.distances.steps.STEPS`.
    r
        Its correlation, the smallest where several have to reject; None where there is none.
    p
        Of every test that has to reject; None of one that was not made, since another did not.
    n_permutations
        The fewest of any of them; None where not known.
    power
        How often it would be shown, were look wholly inherited; None where not known.
    """

    name: str
    r: float | None
    p: tuple[float | None, ...]
    n_permutations: float | None = None
    power: float | None = None


def judge(steps: Sequence[Step]) -> list[str]:
    """Return what becomes of each step, in order.

    A step without any score (r None) cannot be asked and bars none of those after it, whose claim
    includes its own.

    Examples
    --------
    >>> chance = Step("chance", 0.27, (0.0001, 0.0002, 0.001), 9999)
    >>> within = Step("within_coarsest", 0.06, (0.28, 0.31), 9999, power=0.93)
    >>> judge([chance, within, Step("within_above", 0.2, (0.001,), 9999)])
    ['shown', 'not shown', 'not asked']
    >>> judge([chance._replace(p=(0.0504, 0.01))]), judge([chance._replace(p=(0.0495, 0.01))])
    (['undecided'], ['undecided'])
    """
    verdicts, is_open = [], True
    for step in steps:
        if step.r is None:
            verdicts.append(UNTESTED)
            continue
        verdict = _verdict(step) if is_open else NOT_ASKED
        is_open = is_open and verdict == SHOWN
        verdicts.append(verdict)
    return verdicts


def _verdict(step: Step) -> str:
    known = [p for p in step.p if p is not None]
    if not known or (len(known) < len(step.p) and max(known) <= UNDECIDED_AT):
        return UNTESTED
    if step.n_permutations is not None and 1 / (step.n_permutations + 1) > SHOWN_AT:
        return COARSE
    p = max(known)
    if p <= SHOWN_AT and step.r is not None and step.r > 0:
        return SHOWN
    if p <= UNDECIDED_AT:
        return UNDECIDED
    return CANNOT_TELL if step.power is not None and step.power < ENOUGH_POWER else NOT_SHOWN


def share_in_words(r: float, low: float | None, high: float | None) -> str:
    """Say how much of what differs between pairs of taxa a correlation tells, with its interval.

    It is r squared; what is below 0 tells nothing.

    >>> share_in_words(0.27, 0.11, 0.45)
    'about 7 % of what differs between pairs of taxa (95 % interval 1 to 20 %)'
    >>> share_in_words(0.03, -0.02, 0.06)
    'under 1 % of what differs between pairs of taxa (95 % interval 0 to under 1 %)'
    """
    share = _per_cent(r)
    about = "" if share.startswith("under") else "about "
    words = f"{about}{share} % of what differs between pairs of taxa"
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return words
    return f"{words} (95 % interval {_per_cent(low)} to {_per_cent(high)} %)"


def _per_cent(r: float) -> str:
    whole = round(100 * max(r, 0.0) ** 2)
    return str(whole) if whole or r <= 0 else "under 1"
