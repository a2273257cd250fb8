"""Text files as people's programs save them: their letters, and what is no text at all."""

import io
import logging
import zipfile
from pathlib import Path

log = logging.getLogger(__name__)

_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_FORMATS = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls)",
    b"\x1f\x8b": "packed by gzip",
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document (.rtf)",
    b"<!DOCTYPE html": "a web page",
    b"<html": "a web page",
    b"<table": "a web page",
    b"<?xml": "an XML file",
    b"PAR1": "a Parquet file",
}
_OTHERS = {"Windows-1252": "cp1252", "Mac Roman": "mac-roman"}
_LOST = "\ufffd"
_LOOKED_AT = 4000  # bytes that tell UTF-16 without a mark


def read_text(path: str | Path) -> str:
    """Read a text file in UTF-8 or, where its first bytes are sure about it, UTF-16 or UTF-32.

    Other encodings are not guessed: what one takes for "ø" is "ř" in another.

    Parameters
    ----------
    path : path
        With or without a byte-order mark.

    Returns
    -------
    str
        Without the mark, also where files were joined; line ends as they are.

    Raises
    ------
    ValueError
        If it is a spreadsheet or another format in disguise, or no such text; it names the line
        and the byte.
    """
    data = Path(path).read_bytes()
    if (kind := _format_of(data)) is not None:
        raise ValueError(f"{path}: is {kind}, expected text in UTF-8 (tables: CSV); save it so")
    encoding = _encoding_of(data)
    try:
        text = data.decode(encoding).replace("\ufeff", "")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start : error.start + 1]
        hint = f" ({_readings(byte)})" if encoding == "utf-8" else ""
        raise ValueError(
            f"{path}: line {line}: byte {error.start} (0x{byte.hex()}) is not {encoding.upper()}; "
            f"save the file as UTF-8{hint}"
        ) from None
    if n_lost := text.count(_LOST):
        line = text[: text.index(_LOST)].count("\n") + 1
        log.warning(
            "%s: %d letters were lost when the file was saved in another encoding, and are %r now, "
            "first in line %d", path, n_lost, _LOST, line,
        )  # fmt: skip
    return text


def _readings(byte: bytes) -> str:
    """Tell what a byte is in the encodings that tables often have."""
    read = {name: byte.decode(code, "replace") for name, code in _OTHERS.items()}
    return ", ".join(f"{letter!r} in {name}" for name, letter in read.items())


def _encoding_of(data: bytes) -> str:
    """Return the encoding that the first bytes tell, UTF-8 where they tell none."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    start = data[:_LOOKED_AT]
    first, second = start[::2].count(0), start[1::2].count(0)
    # every other byte of Latin letters in UTF-16 is zero
    if min(first, second) == 0 and 4 * max(first, second) > len(start):
        return "utf-16-le" if second else "utf-16-be"
    return "utf-8"


def _format_of(data: bytes) -> str | None:
    """Return what a file that is no text is, None where no sign of such a format is found."""
    if not data.startswith(b"PK\x03\x04"):
        start = data[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        return next(
            (kind for mark, kind in _FORMATS.items() if start.startswith(mark.lower())), None
        )
    try:
        inside = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        inside = []
    if "xl/workbook.xml" in inside:
        return "an Excel workbook (.xlsx)"
    return "an OpenDocument file (.ods)" if "content.xml" in inside else "a ZIP archive"
