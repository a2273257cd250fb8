"""The one form in which cells of people's tables are kept, and what of them is a gap."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

from visgen.names import normalise_taxon, normalise_text

#: How people and programs write that a cell says nothing, in any case; signs round a word, as in
#: "(unknown)", "Undet." and "<NA>", do not count.
GAP_WORDS = """
|na|n/a|n.a|n/d|n.d|#n/a|#n/d|#nv|\\n|nan|none|null|nil|missing|blank|empty|na character|tbd|tba
|unknown|unkown|unknow|unk|unassigned|undetermined|undet|unidentified|unident|unid|unclassified
|unspecified|unnamed|unplaced|unrecorded|undefined|uncertain|pending|to be determined|indet
|indeterm|indeterminate|no data|nodata|no name|no value|no id|no identification|#ref|#name
|#value|#div/0|#null|#num|#wert|#bezug|#zahl|#nom|#valeur|#nombre|unbekannt|unbestimmt
|nicht bestimmt|k.a|keine angabe|inconnu|inconnue|indéterminé|indéterminée|non déterminé
|desconocido|desconocida|indeterminado|indeterminada|no identificado|sin identificar|sin dato
|sin datos|desconhecido|desconhecida|não identificado|sconosciuto|sconosciuta|indeterminato
|indeterminata|onbekend|okänd|ukjent|ukendt|tuntematon|neznámý|nieznany|неизвестно|неизвестный
|неопределено|нет|нет данных|未知|不明|未定|未鉴定|未鑑定|无|無|空|未同定|不詳|なし|미상
|t.b.d|none given|incertae|-99|-999|-9999|no rank|noname
"""

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")

# Signs that people put round such words.
_ROUND = "'\"`()[]<>{} .,;:?!*_-\u2013\u2014\u2026"

# Names that stand for a taxon which nobody has named or placed: two of one name are not one taxon.
_PLACEHOLDER = re.compile(
    r"(.+ )?(inc(ert(ae?)?)?\.? ?sed(is)?\.?|(in|un)det(erm|erminate|ermined)?\.?"
    r"|un(known|identified|classified|assigned|specified|placed|id|ident)\.?)( spp?\.?)?"
    r"|(unassigned|unclassified|undetermined|unidentified|unknown|unplaced|unspecified) .+"
    r"|.+ <?(na|nan|none|null)"  # pasted of a genus and a gap
    r"|not (available|applicable|provided|collected|recorded|determined|identified|classified"
    r"|assigned|specified|given|reported|known|named|yet .+)"
)
# Open nomenclature without the name that it is about; "sp. 1" may be a name of the user's.
_NAMELESS = re.compile(
    r"(gen|spp?|cf|aff|genus|species|(n|nov)\b\.? ?(gen|sp))\b\.?"
    r"( ?\b(gen|spp?|nov|et|and|n|species)\b\.?)*"
)


def gap_words(missing_values: Iterable[str]) -> set[str]:
    """Return the cells that say nothing, in lower case: `GAP_WORDS` and the given ones."""
    words = {normalise_text(word) for word in GAP_WORDS.split("|")}
    return words | {normalise_text(word).casefold() for word in missing_values}


def clean_cell(cell: str, field: str, ranks: Sequence[str], gaps: set[str]) -> str | None:
    """Return a cell of a field in normal form, None for a gap.

    As `clean_part`; and a name of a taxon that is but "sp." or "gen. nov." is a gap.

    >>> gaps = gap_words([])
    >>> [clean_cell(cell, "genus", ["genus"], gaps) for cell in ("Arca", "(N/A)", "Gen. indet.")]
    ['Arca', None, None]
    """
    part = clean_part(cell, field, ranks, gaps)
    if part is None or field not in ranks:
        return part
    return None if _NAMELESS.fullmatch(_bare(part)) else part


def clean_part(cell: str, field: str, ranks: Sequence[str], gaps: set[str]) -> str | None:
    """Return a cell that is joined with others, such as an epithet, as `clean_cell` returns one.

    Gaps are the words given, whatever their case and the signs round them, and signs alone. At
    ranks placeholders are gaps too, such as "incertae sedis" or "Unidentified bivalve". A file
    name keeps its white space inside, since a name on disk may hold two spaces.
    """
    if field == "filename":
        name = unicodedata.normalize("NFC", cell).strip()
        return None if name.casefold() in ("", "na", "\\n", "null", "nan", "none") else name
    plain = normalise_text(cell)
    if {plain.casefold(), _bare(plain)} & gaps:
        return None
    if field not in ranks:
        return plain
    name = normalise_taxon(cell)
    if {name.casefold(), _bare(name)} & gaps or _PLACEHOLDER.fullmatch(_bare(name)):
        return None
    return name if _LETTER_OR_DIGIT.search(name) else None


def _bare(text: str) -> str:
    return text.casefold().strip(_ROUND).replace("-", " ")


def string_column(values: list[str | None]) -> pd.Series:
    """Return a column of strings with nulls, of string type even if all are null."""
    return pd.Series(values, dtype="str")
