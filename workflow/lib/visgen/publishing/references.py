"""Published sources, as BibTeX, and how a text cites them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

# As Pandoc reads them: [@breiman2001], or [@mantel1967; @smouse1986].
_CITATION = re.compile(r"\[(@[a-z]+\d{4}(?:; @[a-z]+\d{4})*)\]")
_ENTRY = re.compile(r"^@(\w+)\{(\w+),\n(.*?)^\}\n", re.M | re.S)
_FIELD = re.compile(r"^ +(\w+) = \{(.*)\},$", re.M)
_ACCENTS = re.compile(r"\{\\(.) ?(\w)\}")
_MARKS = {'"': "\u0308", "'": "\u0301", "v": "\u030c", "`": "\u0300", "^": "\u0302"}


@dataclass(frozen=True)
class Reference:
    """A published source.

    Attributes
    ----------
    key
        Surname and year, by which texts cite it.
    fields
        Of BibTeX, by name.
    text
        The entry as it stands in the file.
    """

    key: str
    fields: Mapping[str, str]
    text: str


def read_references(path: str | Path) -> dict[str, Reference]:
    """Read a BibTeX file by key: a field a line, in braces.

    Raises
    ------
    ValueError
        If an entry has no author, title or year, or a key occurs twice.
    """
    found: dict[str, Reference] = {}
    for entry in _ENTRY.finditer(Path(path).read_text(encoding="utf-8")):
        key, fields = entry[2], dict(_FIELD.findall(entry[3]))
        if lacking := [name for name in ("author", "title", "year") if name not in fields]:
            raise ValueError(f"{path}: entry {key!r} has no {lacking[0]}")
        if key in found:
            raise ValueError(f"{path}: entry {key!r} occurs twice, expected once")
        found[key] = Reference(key, fields, entry[0])
    return found


def cited(text: str, references: Mapping[str, Reference]) -> list[Reference]:
    """Return the sources that a text cites, by key.

    Raises
    ------
    ValueError
        If one is not among the references.

    Examples
    --------
    >>> known = {"mantel1967": Reference("mantel1967", {}, "")}
    >>> [source.key for source in cited("A Mantel test [@mantel1967].", known)]
    ['mantel1967']
    """
    keys = sorted({key for found in _CITATION.findall(text) for key in found[1:].split("; @")})
    if unknown := [key for key in keys if key not in references]:
        raise ValueError(f"citation {unknown[0]!r}: expected a key of references.bib")
    return [references[key] for key in keys]


def bibliography(references: list[Reference]) -> str:
    """Return sources as a list in Markdown.

    Examples
    --------
    >>> fields = {"author": "Rao, J. N. K. and Wu, C. F. J.", "title": "{R}esampling"}
    >>> fields |= {"year": "1988", "journal": "JASA", "volume": "83", "pages": "231--241"}
    >>> print(bibliography([Reference("rao1988", fields, "")]), end="")
    - `rao1988`: Rao, J. N. K.; Wu, C. F. J. (1988). Resampling. JASA 83, 231–241.
    """
    return "".join(f"- `{source.key}`: {_in_words(source.fields)}\n" for source in references)


def _in_words(fields: Mapping[str, str]) -> str:
    plain = {name: _plain(value) for name, value in fields.items()}
    authors = plain["author"].replace(" and others", " et al.").replace(" and ", "; ")
    where = next((plain[k] for k in ("journal", "booktitle", "institution") if k in plain), "")
    place = " ".join(part for part in (where, plain.get("volume", plain.get("number"))) if part)
    place = ", ".join(part for part in (place, plain.get("pages"), plain.get("publisher")) if part)
    rest = [place, plain.get("note"), plain.get("doi") and f"https://doi.org/{plain['doi']}"]
    said = [f"{authors} ({plain['year']})", plain["title"], *(part for part in rest if part)]
    end = "" if said[-1].startswith("https") else "."
    return ". ".join(said) + end


def _plain(value: str) -> str:
    value = _ACCENTS.sub(lambda found: normalize("NFC", found[2] + _MARKS[found[1]]), value)
    return re.sub(r"[{}]", "", value).replace("--", "–")
