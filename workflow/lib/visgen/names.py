"""Names of taxa, specimens and files, brought to one form before anything is matched."""

import re
import unicodedata

_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_PLAIN_QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
)
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

    Underscores are spaces, as the Newick standard has it, and typographic quotation marks are
    plain ones. Those round a name belong to it, as in the informal genus 'Cichlasoma': what a file
    format puts round a name is gone when the file is read. Letters keep their case, since
    zoological names are case-sensitive.

    >>> normalise_taxon("Theraps_intermedius \u2018Belize\u2019 ")
    "Theraps intermedius 'Belize'"
    """
    return normalise_text(name.translate(_PLAIN_QUOTES).replace("_", " "))
