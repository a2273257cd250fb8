"""FASTA files, read one record after another."""

import gzip
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from Bio.SeqIO.FastaIO import SimpleFastaParser

from visgen.names import normalise_text

_GZIP = b"\x1f\x8b"


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
        One at a time: the file need not fit into memory. A doubled ``>`` is read as one.

    Raises
    ------
    ValueError
        If the file is empty, does not start with ``>``, is not UTF-8 text, or is a broken gzip
        archive.
    """
    path = Path(path)
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        try:
            with TextIOWrapper(stream, encoding="utf-8-sig") as lines:
                _check_start(lines)
                for header, text in SimpleFastaParser(lines):
                    yield FastaRecord(header.lstrip("> \t"), text)
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: not a FASTA file: it is not UTF-8 text") from error
        except (ValueError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: not a FASTA file: {error}") from error


def _check_start(lines: TextIOWrapper) -> None:
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise ValueError("the file is empty")
    if not first.startswith(">"):
        raise ValueError(f"it starts with {first.strip()[:40]!r}, expected '>'")
    lines.seek(0)
