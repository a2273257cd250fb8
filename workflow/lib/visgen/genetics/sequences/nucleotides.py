"""The letters of nucleotide sequences."""

from typing import NamedTuple

#: Gaps and the letters of IUPAC-IUB (Cornish-Bowden 1985), U written as T.
PLAIN = "ACGT"
AMBIGUOUS = "RYSWKMBDHVN"

#: Nothing is known of a site, not even whether there is a base.
MISSING = "?"

_TO_NORMAL = {ord("U"): "T", ord("X"): "N", ord("."): "-", ord("~"): "-"}
_WITHOUT_KNOWN = dict.fromkeys(map(ord, PLAIN + AMBIGUOUS + "-" + MISSING))
_OF_PROTEINS = set("EFILPQJOZ*")


def normalise_bases(text: str) -> str:
    """Return a sequence in upper case and DNA letters, with ``-`` for each gap.

    ``.`` and ``~`` are gaps too, and ``?`` at either end, where alignments are filled up with it;
    inside it stays. ``X`` is ``N``; white space and a ``*`` at the end go. Letters that are no
    nucleotides stay, for `foreign_letters` to find.

    >>> normalise_bases("?-acg uNX.~-R?Y?*")
    '--ACGTNN---R?Y-'
    """
    bases = "".join(text.split()).removesuffix("*").upper().translate(_TO_NORMAL)
    filled = bases.lstrip("-" + MISSING).rjust(len(bases), "-")
    return filled.rstrip("-" + MISSING).ljust(len(bases), "-")


def foreign_letters(bases: str) -> str:
    """Return what is neither nucleotide nor gap, each sign once, sorted.

    >>> foreign_letters("ACGTNRY-MSLEQ")
    'ELQ'
    """
    return "".join(sorted(set(bases.translate(_WITHOUT_KNOWN))))


def hint_at(letters: str) -> str:
    """Return what the letters that `foreign_letters` found may come from, empty if not known.

    >>> hint_at("'1234"), hint_at("*EL")
    ('', 'it looks like protein')
    """
    if ">" in letters:
        return "a '>' stands within a line, where a line end may be missing before a header"
    if letters and all(letter.isdigit() for letter in letters):
        return "digits, as some formats count bases, are to be taken out"
    return "it looks like protein" if _OF_PROTEINS & set(letters) else ""


class Composition(NamedTuple):
    """What a sequence of nucleotides is made of."""

    length: int  # letters, without gaps
    gc: float  # share of G and C among A, C, G and T, 0 to 1; NaN without any of the four
    ambiguous: float  # share of other letters among all letters, 0 to 1; NaN without letters
    gaps: int


def composition(bases: str) -> Composition:
    """Count the letters of a sequence in the form of `normalise_bases`; ``?`` counts as a gap.

    >>> composition("GGA-TN--")
    Composition(length=5, gc=0.5, ambiguous=0.2, gaps=3)
    """
    gaps = bases.count("-") + bases.count(MISSING)
    length = len(bases) - gaps
    strong = bases.count("G") + bases.count("C")
    plain = strong + bases.count("A") + bases.count("T")
    return Composition(
        length,
        strong / plain if plain else float("nan"),
        (length - plain) / length if length else float("nan"),
        gaps,
    )
