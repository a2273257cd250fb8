"""The FASTA of accepted sequences: ``>name taxon``, upper case, DNA letters, gaps kept."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from Bio.SeqIO.FastaIO import SimpleFastaParser


class Sequence(NamedTuple):
    """A sequence that passed the checks."""

    name: str  # without white space, one of its kind
    taxon: str  # in normal form
    bases: str  # A, C, G, T, IUPAC's ambiguous letters, and - where the user's file has a gap

    @property
    def ungapped(self) -> str:
        """The bases without gaps."""
        return self.bases.replace("-", "")


def write_accepted(path: str | Path, sequences: Iterable[Sequence]) -> None:
    """Write sequences, one line each, in their order."""
    with Path(path).open("w", encoding="utf-8", newline="\n") as file:
        for sequence in sequences:
            file.write(f">{sequence.name} {sequence.taxon}\n{sequence.bases}\n")


def read_accepted(path: str | Path) -> Iterator[Sequence]:
    """Read, one after another, what `write_accepted` wrote."""
    with Path(path).open(encoding="utf-8") as file:
        for header, bases in SimpleFastaParser(file):
            name, _, taxon = header.partition(" ")
            yield Sequence(name, taxon, bases)
