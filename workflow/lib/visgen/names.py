"""Names of taxa, specimens and files, brought to one form before anything is matched."""

import logging
import re
import unicodedata
from collections.abc import Iterable

log = logging.getLogger(__name__)

#: Letters of a name at most; what is longer is a text that slipped into a cell.
MAX_LENGTH = 200
_N_EXAMPLES = 5
#: Letters of a name in a figure at most; names of taxa without their authors have fewer.
SHORT = 48

# Control and format characters, fillers and selectors: none can be seen, and no name needs one.
# Those among them that are white space are left to be blanks. _x000D_ is a line end of Excel's.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]|_x000D_"
)
_PLAIN_QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
)
_SPACE = re.compile(r"\s+")
# Letters of another width or fount, ligatures, and hyphens and dashes of all lengths.
_OTHER_FORM = re.compile("[\uff01-\uff5e\ufb00-\ufb06\U0001d400-\U0001d7ff]")
_HYPHEN = re.compile("[\u2010-\u2015\u2212]")
# What may be round one and the same name: the author, the subgenus, marks of a web page.
_ROUND_NAME = re.compile(
    "(?<=[a-z]) \\(?[A-Z\u00c0-\u00de][^()]*1[789]\\d\\d\\)?$| \\([A-Z][a-z]+\\)|<[^<>]*>|&[a-z]+;"
)
_SIGNS = re.compile(r"[\W_]+")
_OPEN = re.compile(r".+ spp?\.?", re.IGNORECASE)
_LATIN = re.compile("[a-zA-Z]{2}")
_LETTER = r"[^\W\d_]"
# A cross, whatever blanks are about it; a letter x by itself between two words; and one in front
# of a capitalised word that begins the name.
_HYBRID_SIGN = re.compile(
    rf" ?[\u00d7\u2573\u2715\u2716\u2a09\u2a2f] ?(?={_LETTER})"
    rf"|(?<={_LETTER}) [xX] (?={_LETTER})|^[xX] (?=[A-Z]{_LETTER})|^x(?=[A-Z][a-z])"
)


def normalise_text(text: str) -> str:
    """Return text in Unicode form NFC, rid of what cannot be seen and of stray white space.

    >>> normalise_text("  Cafe\u0301\u00a0 bar ")
    'Café bar'
    """
    text = unicodedata.normalize("NFC", _HIDDEN.sub("", text))
    return _SPACE.sub(" ", text).strip()


def normalise_taxon(name: str) -> str:
    """Return a taxon name in the one form used to match tables, trees and sequences.

    Underscores are spaces, as the Newick standard has it; typographic quotation marks, dashes,
    ligatures and letters of another width are plain ones. Quotes round a name belong to it, as in
    the informal genus 'Cichlasoma': what a file format puts round a name is gone when the file is
    read. Letters keep their case, since zoological names are case-sensitive. A hybrid has a cross
    between blanks.

    >>> normalise_taxon("Theraps_intermedius \u2018Belize\u2019 ")
    "Theraps intermedius 'Belize'"
    >>> normalise_taxon("Salix x rubens"), normalise_taxon("xTriticosecale")
    ('Salix × rubens', '× Triticosecale')
    """
    name = _HIDDEN.sub("", name)  # first: Excel's has underscores
    name = _OTHER_FORM.sub(lambda found: unicodedata.normalize("NFKC", found[0]), name)
    name = _HYPHEN.sub("-", name.translate(_PLAIN_QUOTES).replace("_", " "))
    return _with_cross(normalise_text(name))


def _with_cross(name: str) -> str:
    return _HYBRID_SIGN.sub(" \u00d7 ", name).strip()


def say_mixed(names: Iterable[str], source: str) -> None:
    """Warn of names with letters of two scripts, such as a Cyrillic one that looks Latin.

    Parameters
    ----------
    names : iterable of str
        In normal form.
    source : str
        What to call the place they come from.
    """
    for name in dict.fromkeys(names):
        foreign = [sign for sign in name if sign.isalpha() and not sign.isascii()]
        kinds = {sign: unicodedata.name(sign, "").partition(" ")[0] for sign in foreign}
        others = [sign for sign, kind in kinds.items() if kind in ("CYRILLIC", "GREEK")]
        if others and _LATIN.search(name):
            log.warning(
                "%s: %r has the letter %r (%s) among Latin ones",
                source, name, others[0], unicodedata.name(others[0]),
            )  # fmt: skip


def say_alike(names: Iterable[str], source: str) -> None:
    """Warn of names that may be one taxon, several or half a name, which only the user can tell.

    Two that differ in signs, tags or the author alone may be one; "Arca sp." may be several; and a
    bracket that is not closed may be closed in the next cell.

    Parameters
    ----------
    names : iterable of str
        In normal form.
    source : str
        What to call the place they come from.
    """
    of_core, alike = {}, []
    names = sorted(set(names), key=lambda name: (len(name), name))
    for name in names:
        core = _SIGNS.sub("", _ROUND_NAME.sub("", name)).casefold()
        if (other := of_core.setdefault(core, name)) != name:
            alike.append(f"{name!r} and {other!r}")
    if alike:
        log.warning(
            "%s: taxa whose names differ in signs or authors only (%d), such as %s; where they are "
            "one, inputs.synonyms can say so", source, len(alike), "; ".join(alike[:_N_EXAMPLES]),
        )  # fmt: skip
    if vague := [name for name in names if _OPEN.fullmatch(name)]:
        log.warning(
            "%s: taken as taxa like others (%d): %s; where one stands for several species, "
            "inputs.missing_values can make it a gap",
            source, len(vague), ", ".join(map(repr, vague[:_N_EXAMPLES])),
        )  # fmt: skip
    if torn := [name for name in names if name.count("(") != name.count(")")]:
        log.warning(
            "%s: names with half a pair of brackets (%d), of which a part may stand in another "
            "cell: %s", source, len(torn), ", ".join(map(repr, torn[:_N_EXAMPLES])),
        )  # fmt: skip


def shortened(name: str, most: int = SHORT) -> str:
    """Return a name for a figure or the page: on one line, its middle left out where it is long.

    >>> shortened("Pecten maximus"), shortened("Pecten maximus", 9)
    ('Pecten maximus', 'Pecte…mus')
    """
    name = " ".join(name.split())
    end = most // 3  # names of one genus differ there
    return name if len(name) <= most else f"{name[: most - end - 1]}…{name[-end:]}"


def too_long(name: str) -> str:
    """Return why a name of more than `MAX_LENGTH` letters is refused, with its beginning."""
    return f"has {len(name):,} letters, expected at most {MAX_LENGTH}: {name[:40]!r}…"


def say_hidden(texts: Iterable[str], source: str) -> None:
    """Log how many texts hold control or invisible characters, which are left out of names.

    Parameters
    ----------
    texts : iterable of str
        As they were given.
    source : str
        What to call the place they come from, for instance a file.
    """
    found = [text for text in texts if _HIDDEN.search(text)]
    if found:
        log.info(
            "%s: control or invisible characters are left out of %d names or cells, first in %s",
            source, len(found), ascii(found[0][:MAX_LENGTH]),
        )  # fmt: skip
