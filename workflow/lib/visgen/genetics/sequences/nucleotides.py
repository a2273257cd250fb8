"""The letters of nucleotide sequences."""

from typing import NamedTuple

#: Gaps and the letters of IUPAC-IUB (Cornish-Bowden 1985), U written as T.
PLAIN = "ACGT"
AMBIGUOUS = "RYSWKMBDHVN"

_TO_NORMAL = {ord("U"): "T", ord("."): "-", ord("~"): "-"}
_WITHOUT_KNOWN = dict.fromkeys(map(ord, PLAIN + AMBIGUOUS + "-"))


def normalise_bases(text: str) -> str:
    """Return a sequence in upper case and DNA letters, with ``-`` for each gap.

    ``.`` and ``~`` are gaps too; white space and a ``*`` at the end go. Letters that are no
    nucleotides stay, for `foreign_letters` to find.

    >>> normalise_bases("acg uN.~-RY*")
    'ACGTN---RY'
    """
    return "".join(text.split()).removesuffix("*").upper().translate(_TO_NORMAL)


def foreign_letters(bases: str) -> str:
    """Return what is neither nucleotide nor gap, each sign once, sorted.

    >>> foreign_letters("ACGTNRY-MSLEQ")
    'ELQ'
    """
    return "".join(sorted(set(bases.translate(_WITHOUT_KNOWN))))


class Composition(NamedTuple):
    """What a sequence of nucleotides is made of."""

    length: int  # letters, without gaps
    gc: float  # share of G and C among A, C, G and T, 0 to 1; NaN without any of the four
    ambiguous: float  # share of other letters among all letters, 0 to 1; NaN without letters
    gaps: int


def composition(bases: str) -> Composition:
    """Count the letters of a sequence in the form of `normalise_bases`.

    >>> composition("GGA-TN--")
    Composition(length=5, gc=0.5, ambiguous=0.2, gaps=3)
    """
    gaps = bases.count("-")
    length = len(bases) - gaps
    strong = bases.count("G") + bases.count("C")
    plain = strong + bases.count("A") + bases.count("T")
    return Composition(
        length,
        strong / plain if plain else float("nan"),
        (length - plain) / length if length else float("nan"),
        gaps,
    )
