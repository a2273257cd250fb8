"""FASTA files, read one record after another."""

import gzip
import logging
import re
import zlib
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import count
from pathlib import Path
from typing import NamedTuple

from Bio.SeqIO.FastaIO import SimpleFastaParser

from visgen.names import normalise_text

log = logging.getLogger(__name__)

_GZIP = b"\x1f\x8b"
_BLANKS = " \t\ufeff"
#: How the first line of other formats begins.
_TEXTS = {
    "SAM": r"@(HD|SQ|RG|PG|CO)\t",
    "FASTQ": r"@",
    "GenBank": r"LOCUS\s",
    "EMBL": r"ID   ",
    "Nexus": r"(?i)#nexus",
    "MEGA": r"(?i)#mega",
    "Stockholm": r"# STOCKHOLM",
    "Clustal": r"(?i)(clustal|muscle)\b",
    "Phylip": r"\s*\d+\s+\d+(\s+[A-Za-z])?$",
    "a Newick tree": r"\(",
    "HTML or XML": r"<",
    "RTF, of a word processor,": r"\{\\rtf",
}
_BYTES = {
    "a zip archive or an Office document": b"PK\x03\x04",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ",
    "Zstandard": b"\x28\xb5\x2f\xfd",
    "UTF-16": (b"\xff\xfe", b"\xfe\xff"),
    "PDF": b"%PDF",
}


class FastaRecord(NamedTuple):
    """A record as the file has it."""

    header: str  # without the leading '>'
    text: str  # the lines of the sequence, joined

    @property
    def name(self) -> str:
        """The first word of the header, in Unicode form NFC; empty where the header is."""
        return normalise_text(self.header).partition(" ")[0]


def read_fasta(path: str | Path) -> Iterator[FastaRecord]:
    """Read the records of a FASTA file in their order.

    Parameters
    ----------
    path : path
        UTF-8 text with or without a byte-order mark, with any line ends, plain or in gzip. The
        first bytes tell which, whatever the name.

    Yields
    ------
    FastaRecord
        One at a time: the file need not fit into memory. A doubled ``>`` is read as one, blanks
        before it go, and so do lines that begin with ``;``, as the log says.

    Raises
    ------
    ValueError
        If the file is empty, does not start with ``>``, is not UTF-8 text, or is a broken gzip
        archive. Where it looks like another format, it says which.
    """
    path = Path(path)
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        try:
            with TextIOWrapper(stream, encoding="utf-8-sig") as lines:
                for header, text in SimpleFastaParser(_without_comments(lines, path)):
                    yield FastaRecord(header.lstrip("> \t"), text)
        except UnicodeDecodeError:
            kind = _kind_of_bytes(path) or _foreign_byte(path, packed)
            raise ValueError(
                f"{path}: not a FASTA file: it is not UTF-8 text{kind}; save it as UTF-8"
            ) from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: not a FASTA file: {error}; expected a whole gzip archive"
            ) from error
        except ValueError as error:
            raise ValueError(f"{path}: not a FASTA file: {error}") from error


def _without_comments(lines: Iterable[str], path: Path) -> Iterator[str]:
    """Check the first line that is not empty; drop comments, and blanks before a ``>``."""
    checked, n_comments = False, 0
    for line in lines:
        if line.startswith(";"):
            n_comments += 1
            continue
        if (bare := line.lstrip(_BLANKS)).startswith(">"):
            line = bare
        if not checked and line.strip():
            _check_start(line.rstrip())
            checked = True
        if checked:
            yield line
    if not checked:
        raise ValueError("the file is empty, expected records")
    if n_comments:
        log.info("%s: %d lines that begin with ';' left out as comments", path, n_comments)


def _check_start(line: str) -> None:
    kind = next((kind for kind, opening in _TEXTS.items() if re.match(opening, line)), "")
    looks = f"it looks like {kind}, " if kind else ""
    if not line.startswith(">"):
        raise ValueError(f"{looks}it starts with {line.strip()[:40]!r}, expected '>' and a name")


def _foreign_byte(path: Path, packed: bool) -> str:
    """Say where the first byte is that is none of UTF-8."""
    with (gzip.open if packed else open)(path, "rb") as lines:
        for number in count(1):
            try:
                (line := lines.readline()).decode()
            except UnicodeDecodeError as error:
                return f": line {number} holds the byte 0x{line[error.start]:02x}"
            except (EOFError, OSError, zlib.error):  # the archive is broken too
                return ""


def _kind_of_bytes(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    return next((f", but {kind}" for kind, first in _BYTES.items() if start.startswith(first)), "")
