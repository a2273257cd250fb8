"""Scores as text: what a cell of the page's tables has."""

from collections.abc import Callable, Mapping
from typing import Any

from visgen.report.page import format_percent, is_nothing


def cell(
    score: Mapping[str, Any] | None, form: Callable[[float], str] = format_percent
) -> dict[str, Any] | None:
    """Return value, interval, n and p of a score; None where there is no score.

    Parameters
    ----------
    score
        value, ci_low, ci_high, n, p, numbers.
    form
        How value and interval are written.

    Returns
    -------
    dict
        value and interval (text, the interval empty where there is none), n (None where there is
        none) and p (a number, None where there is none).
    """
    if score is None or is_nothing(score["value"]):
        return None
    n, p = score.get("n"), score.get("p")
    return {
        "value": form(score["value"]),
        "interval": interval_in_words(score, form),
        "n": None if is_nothing(n) else int(n),
        "p": None if is_nothing(p) else p,
    }


def interval_in_words(score: Mapping[str, Any], form: Callable[[float], str]) -> str:
    """Return the ends of a score's interval as text, empty where there is none."""
    if is_nothing(score["ci_low"]):
        return ""
    return f"{form(score['ci_low'])} to {form(score['ci_high'])}"


def points(difference: float) -> str:
    """Return a difference between shares in percentage points, with its sign.

    >>> points(-0.0312)
    '−3.1'
    """
    return f"{round(100 * difference, 1) + 0.0:+.1f}".replace("-", "−")


def signed(difference: float, digits: int = 2) -> str:
    """Return a difference with its sign.

    >>> signed(0.1234)
    '+0.12'
    """
    return f"{round(difference, digits) + 0.0:+.{digits}f}".replace("-", "−")


def in_round_numbers(share: float) -> str:
    """Return a share for a sentence; what is nearly all, or nothing, is not said to be it.

    >>> in_round_numbers(0.511), in_round_numbers(0.998), in_round_numbers(0.001)
    ('51 %', 'over 99 %', 'under 1 %')
    """
    if 0.995 <= share < 1:
        return "over 99 %"
    return "under 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
