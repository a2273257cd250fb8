"""Names of taxa, specimens and files, brought to one form before anything is matched."""

import re
import unicodedata

_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_SPACE = re.compile(r"\s+")


def normalise_text(text: str) -> str:
    """Return text in Unicode form NFC, without invisible characters or stray white space.

    >>> normalise_text("  Cafe\u0301\u00a0 bar ")
    'Café bar'
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _SPACE.sub(" ", text).strip()


def normalise_taxon(name: str) -> str:
    """Return a taxon name in the one form used to match tables, trees and sequences.

    Underscores are spaces, as the Newick standard has it; surrounding quotes go; letters keep
    their case, since zoological names are case-sensitive.

    >>> normalise_taxon("'Globigerina_bulloides' ")
    'Globigerina bulloides'
    """
    return normalise_text(name.strip().strip("'\"").replace("_", " "))
