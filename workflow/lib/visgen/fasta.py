"""FASTA files: which taxa their sequences belong to."""

import gzip
import re
import zlib
from collections import Counter
from pathlib import Path

from Bio.SeqIO.FastaIO import SimpleFastaParser

from visgen.names import normalise_taxon


def sequence_taxa(path: str | Path, pattern: str) -> tuple[dict[str, int], list[str]]:
    """Count the sequences of each taxon.

    Parameters
    ----------
    path : path
        A FASTA file, plain or compressed (``.gz``).
    pattern : str
        A regular expression, searched in each header (without ``>``), with a named group
        ``taxon``, or the groups ``genus`` and ``species``, which are joined by a blank.

    Returns
    -------
    counts : dict of str to int
        Number of sequences of each taxon, names in normal form, sorted.
    unmatched : list of str
        The headers without a taxon, in the order of the file.

    Raises
    ------
    ValueError
        If the pattern is no regular expression or lacks the groups, or if the file is empty or
        not a FASTA.
    """
    path = Path(path)
    expression = _compile(pattern)
    counts = Counter()
    unmatched = []
    for header in _headers(path):
        match = expression.search(header)
        taxon = _taxon(match) if match else ""
        if taxon:
            counts[taxon] += 1
        else:
            unmatched.append(header)
    return dict(sorted(counts.items())), unmatched


def _compile(pattern: str) -> re.Pattern:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern {pattern!r} is not a regular expression: {error}") from error
    groups = set(expression.groupindex)
    if "taxon" not in groups and not {"genus", "species"} <= groups:
        raise ValueError(
            f"pattern {pattern!r} has the named groups {sorted(groups)}, "
            "expected `taxon`, or `genus` and `species`"
        )
    return expression


def _taxon(match: re.Match) -> str:
    groups = match.groupdict()
    names = [groups["taxon"]] if "taxon" in groups else [groups["genus"], groups["species"]]
    # A group that took no part in the match is None: half a name is no name.
    return normalise_taxon(" ".join(names)) if all(names) else ""


def _headers(path: Path) -> list[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as handle:
        try:
            first = next((line for line in handle if line.strip()), "")
            if not first:
                raise ValueError("the file is empty")
            if not first.startswith(">"):
                raise ValueError(f"it starts with {first.strip()[:40]!r}, expected '>'")
            handle.seek(0)
            return [header for header, _ in SimpleFastaParser(handle)]
        # Bytes that are no text are a ValueError too; the others come from a broken archive.
        except (ValueError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: not a FASTA file: {error}") from error
