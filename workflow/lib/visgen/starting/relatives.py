"""Which rank the tips of a tree, or the taxa of sequences, are of."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from visgen.distances.trees import read_tree
from visgen.genetics.fasta import read_fasta
from visgen.genetics.sequences.headers import compile_header_pattern, taxon_in_header
from visgen.genetics.sequences.nucleotides import normalise_bases
from visgen.spellings import propose

#: Patterns over headers, in the order in which they are tried; None stands for the default.
_PATTERNS = (
    r"^\S+\s+(?P<taxon>\S.*)$",
    r"^\S+\s+(?P<genus>[A-Z][a-z-]+)[ _](?P<species>[a-z-]+)",
    r"(?:^|[^A-Za-z])(?P<genus>[A-Z][a-z-]+)[ _](?P<species>[a-z-]+)",
    r"^(?P<taxon>[^\s|]+)",
)
_EVEN = 10  # sequences that are aligned, at least
_FEWEST = 3  # taxa, between which relations differ


class Matched(NamedTuple):
    """Names of a file that the images have too."""

    rank: str
    n_matched: int  # taxa of the images
    n_taxa: int  # of the images at the rank
    n_names: int  # of the file


class Sequenced(NamedTuple):
    """What a FASTA file says of the taxa of images."""

    matched: Matched
    pattern: str
    n_sequences: int
    aligned: bool  # whether all have one length, gaps counted


def match_tree(path: str | Path, taxa: Mapping[str, Sequence[str]]) -> Matched:
    """Return the rank of the tips of a tree.

    Parameters
    ----------
    path : path
        As `visgen.distances.trees.read_tree` takes it.
    taxa : mapping of str to sequence of str
        Names in normal form by rank, coarse to fine.

    Raises
    ------
    ValueError
        If the tree cannot be used, or has fewer than three taxa of the images.
    """
    matched = _match([tip.name for tip in read_tree(path).tips()], taxa, str(path))
    if matched.n_matched < _FEWEST:
        raise ValueError(
            f"{path}: found {matched.n_matched} of the {matched.n_taxa} taxa of the photographs at "
            f"the rank {matched.rank} among its {matched.n_names} tips, expected {_FEWEST} or more"
        )
    return matched


def match_sequences(path: str | Path, taxa: Mapping[str, Sequence[str]]) -> Sequenced:
    """Return the rank of the taxa in the headers of a FASTA file, and where they stand there.

    Parameters
    ----------
    path : path
        As `visgen.genetics.fasta.read_fasta` takes it.
    taxa
        As in `match_tree`.

    Raises
    ------
    ValueError
        If the file cannot be read, or no pattern finds a name of the images.
    """
    records = list(read_fasta(path))
    headers = [record.header for record in records]
    best = None
    for pattern in _PATTERNS:
        expression = compile_header_pattern(pattern)
        named = [taxon_in_header(header, expression) for header in headers]
        try:
            matched = _match(list(filter(None, named)), taxa, str(path))
        except ValueError:
            continue
        if best is None or matched.n_matched > best[0].n_matched:
            best = matched, pattern
    if best is None:
        raise ValueError(
            f"{path}: found no taxon of the photographs in its headers, such as "
            f"{headers[0][:60]!r}; expected a name and a taxon, as in "
            f"'>AB123 {_example(taxa)}', or inputs.sequence_table (config/README.md)"
        )
    lengths = {len(normalise_bases(record.text)) for record in records}
    gaps = any(re.search("[-.~]", record.text) for record in records)
    aligned = len(lengths) == 1 and (gaps or len(records) >= _EVEN)
    return Sequenced(*best, len(records), aligned)


def _match(names: Sequence[str], taxa: Mapping[str, Sequence[str]], source: str) -> Matched:
    folded = {name.casefold() for name in names}
    counts = {rank: sum(name.casefold() in folded for name in of) for rank, of in taxa.items()}
    rank = max(reversed(counts), key=counts.__getitem__)
    if not counts[rank]:
        known = {name for of in taxa.values() for name in of}
        similar = propose(set(names), known)
        raise ValueError(
            f"{source}: found no taxon of the photographs among its {len(set(names))} names, such "
            f"as {min(names, default='')!r}; the photographs have for example {_example(taxa)!r}"
            f"{'. ' + similar.strip() if similar else ''}"
        )
    return Matched(rank, counts[rank], len(taxa[rank]), len(set(names)))


def _example(taxa: Mapping[str, Sequence[str]]) -> str:
    finest = next((of for of in reversed(list(taxa.values())) if len(of)), ["Arca noae"])
    return min(finest)
