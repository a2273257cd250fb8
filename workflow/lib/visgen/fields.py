"""The one form in which cells of people's tables are kept, and what of them is a gap."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

from visgen.names import normalise_taxon, normalise_text

#: How people and programs write that a cell says nothing, in any case.
GAP_WORDS = """
 |na|n/a|#n/a|n.a.|nan|none|null|nil|missing|unknown|unassigned|undetermined|unidentified|
unclassified|not known|not classified|not identified|not assigned|indet|indet.|?|??|-|--|–|—|.|
#ref!|#name?|#value!|#div/0!|#null!|#num!
"""

# Names that stand for a taxon which nobody has named or placed: two of one name are not one taxon.
_PLACEHOLDER = re.compile(
    r"(.+ )?(incertae sedis|inc\. sed\.|indet\.?)"
    r"|(unassigned|unclassified|undetermined|unidentified|unknown|unplaced) .+"
)


def gap_words(missing_values: Iterable[str]) -> set[str]:
    """Return the cells that say nothing, in lower case: `GAP_WORDS` and the given ones."""
    words = {normalise_text(word) for word in GAP_WORDS.split("|")}
    return words | {normalise_text(word).casefold() for word in missing_values}


def clean_cell(cell: str, field: str, ranks: Sequence[str], gaps: set[str]) -> str | None:
    """Return a cell of a field in normal form, None for a gap.

    Gaps are the words given, whatever their case, and at ranks placeholders, such as "incertae
    sedis" or "Unidentified bivalve". A file name keeps its white space inside, since a name on
    disk may hold two spaces.

    >>> gaps = gap_words([])
    >>> [clean_cell(cell, "genus", ["genus"], gaps) for cell in ("Arca", "N/A", "Arcidae indet.")]
    ['Arca', None, None]
    """
    if field == "filename":
        name = unicodedata.normalize("NFC", cell).strip()
        return None if name.casefold() in ("", "na") else name
    plain = normalise_text(cell)
    if field not in ranks:
        return None if plain.casefold() in gaps else plain
    name = normalise_taxon(cell)
    bare = name.strip("'\"").casefold()
    if {bare, name.casefold(), plain.casefold()} & gaps or _PLACEHOLDER.fullmatch(bare):
        return None
    return name


def string_column(values: list[str | None]) -> pd.Series:
    """Return a column of strings with nulls, of string type even if all are null."""
    return pd.Series(values, dtype="str")
