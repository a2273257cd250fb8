"""Whether the files of a study speak of the same things, as far as a quick look tells.

What cannot be looked at quickly is left to the job that reads it.
"""

import difflib
import gzip
import io
import os
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from visgen.configuration.checks.genetics import INFERRED
from visgen.delimited import read_cells
from visgen.names import normalise_text

_LARGEST = 20_000_000  # bytes
_WORDS = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"[(,]\s*('(?:[^']|'')+'|[^\s(),:;\[\]']+)")


def check_contents(config: Mapping[str, Any]) -> None:
    """Check columns of the table, patterns against paths, and names of other files against it.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    inputs = config["inputs"]
    if config["simulation"] is not None:
        return
    for key in ("path_pattern", "specimen_pattern"):
        if inputs[key] is not None:
            _check_pattern(f"inputs.{key}", inputs[key], Path(inputs["images"]))
    rows = _rows(inputs["meta"]) if inputs["meta"] else None
    if not rows:
        return
    _check_columns(inputs, rows[0])
    if len(rows) == 1:
        raise ValueError(
            f"config key inputs.meta: found no row below the header of {inputs['meta']}, expected "
            "one an image"
        )
    if inputs["sequences"] and config["genetics"]["anchors"]:
        _check_taxa(inputs, rows, inputs["sequence_rank"])
    if inputs["synonyms"]:
        return
    for kind, rank, named in (
        ("tree", "tree_rank", inputs["tree"]),
        ("distances", "tree_rank", inputs["distances"]),
        ("sequences", "sequence_rank", inputs["sequence_table"] or inputs["sequences"]),
    ):
        if named and named != INFERRED and inputs[kind]:
            _check_names(kind, named, inputs, rows, inputs[rank])


def _check_pattern(key: str, pattern: str, folder: Path) -> None:
    expression, first = re.compile(pattern), None
    for path in _files(folder):
        if expression.search(path):
            return
        first = first or path
    if first is not None:
        raise ValueError(
            f"config key {key}: found {pattern!r}, which fits no path inside {folder}, such as "
            f"{first!r}"
        )


def _files(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            yield unicodedata.normalize("NFC", Path(here, name).relative_to(folder).as_posix())


def _rows(path: str) -> list[list[str]] | None:
    """Return the cells of a table, the header's in normal form; None where it is too large."""
    if Path(path).stat().st_size > _LARGEST:
        return None
    try:
        table = read_cells(path)
    except ValueError as error:
        raise ValueError(f"config key inputs.meta: {error}") from None
    return [table.header, *table.rows]


def _text(path: str) -> str | None:
    """Return the text of a file that is not too large; None where it is, or is no text."""
    if Path(path).stat().st_size > _LARGEST:
        return None
    try:
        data = Path(path).read_bytes()
        if data[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(_LARGEST)
        text = data.decode("utf-8-sig")
    except (EOFError, OSError, UnicodeDecodeError, zlib.error):
        return None
    return None if "\0" in text else text


def _check_columns(inputs: Mapping[str, Any], header: list[str]) -> None:
    known = {_plain(name) for name in header}
    fields = dict.fromkeys(["filename", *inputs["ranks"]]) | inputs["columns"]
    for field, columns in fields.items():
        for column in [columns or field] if not isinstance(columns, list) else columns:
            if _plain(column) in known:
                continue
            near = difflib.get_close_matches(column, header, n=1)
            key = f"inputs.columns.{field}"
            what = f"found {column!r}" if columns else "missing"
            raise ValueError(
                f"config key {key}: {what}, expected the column of {inputs['meta']} that has the "
                f"{field}; {f'did you mean {near[0]!r}? ' if near else ''}columns: "
                f"{', '.join(header)}"
            )


def _plain(name: str) -> str:
    return " ".join(_WORDS.findall(normalise_text(name).casefold())) or name


def _check_names(
    kind: str, path: str, inputs: Mapping[str, Any], rows: list[list[str]], rank: str
) -> None:
    """Check that a file names one of the table's taxa, whatever the case and the signs."""
    text = _text(path)
    if not text:
        return
    if kind == "sequences" and path == inputs["sequences"]:
        text = "\n".join(line for line in text.splitlines() if line.startswith(">"))
    taxa = _taxa(inputs, rows, rank)
    words = set(_WORDS.findall(normalise_text(text).casefold()))
    if not taxa or any(words.issuperset(_WORDS.findall(name.casefold())) for name in taxa):
        return
    raise ValueError(
        f"config key inputs.{kind}: found no name in {path} that {inputs['meta']} has at the rank "
        f"{rank}; here {_listed(_labels(kind, text))}, there {_listed(taxa)}"
    )


def _check_taxa(inputs: Mapping[str, Any], rows: list[list[str]], rank: str) -> None:
    """Check that there are two taxa that may have anchors."""
    taxa = _taxa(inputs, rows, rank)
    if len(taxa) < 2:
        raise ValueError(
            f"config key genetics.anchors: found {', '.join(taxa) or 'no name'} alone at the rank "
            f"{rank} of {inputs['meta']}, expected two taxa or more to tell apart; {{}} leaves "
            "anchors out"
        )


def _taxa(inputs: Mapping[str, Any], rows: list[list[str]], rank: str) -> list[str]:
    columns = inputs["columns"].get(rank, rank)
    wanted = [_plain(column) for column in ([columns] if isinstance(columns, str) else columns)]
    header = [_plain(name) for name in rows[0]]
    places = [header.index(name) for name in wanted if name in header]
    names = (
        normalise_text(" ".join(row[place] for place in places))
        for row in rows[1:]
        if len(row) == len(header)
    )
    return [name for name in dict.fromkeys(names) if _WORDS.search(name)]


def _labels(kind: str, text: str) -> list[str]:
    if kind == "tree":
        return [label.strip("'") for label in _LABEL.findall(text[:10_000])]
    return [line.strip("> \t,;")[:40] for line in text.splitlines() if line.strip("> \t,;")]


def _listed(names: Iterable[str]) -> str:
    first = list(names)[:2]
    return f"for example {' and '.join(map(repr, first))}" if first else "none"
