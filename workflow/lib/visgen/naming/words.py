"""Verdicts as people read them, and as metrics are called by them."""

from collections.abc import Sequence

import pandas as pd

from visgen.naming.novelty import KNOWN, NO_SUCH, levels

#: What stands for a verdict where there were too few labelled specimens to give one.
UNTOLD = "cannot be told"


def novelty_in_words(verdict: str | float | None) -> str:
    """Return a verdict as the page and the figures have it.

    A new species is at least that: what cannot be told from a new species may be a new genus too.

    >>> novelty_in_words("new species")
    'at least a new species'
    >>> novelty_in_words("new order")
    'at least a new order'
    >>> novelty_in_words(None)
    'cannot be told'
    """
    if verdict is None or pd.isna(verdict):
        return UNTOLD
    other = {KNOWN: "looks known", NO_SUCH: "like nothing in the study"}
    return other.get(str(verdict), f"at least a {verdict}")


def all_verdicts(ranks: Sequence[str]) -> list[str]:
    """Return all verdicts that a model may give, from known to the strangest.

    >>> all_verdicts(["family", "genus"])
    ['known', 'new genus', 'new family', 'no such specimen']
    """
    return [*levels(ranks), NO_SUCH]


def said_metric(word: str) -> str:
    """Return the name of the share that gets a verdict.

    >>> said_metric("new genus")
    'said_new_genus'
    """
    return f"said_{word.replace(' ', '_')}"
