"""The table of all keys in config/README.md, as the schema has them.

python -m visgen.configuration.key_table workflow/schemas/config.schema.yaml config/README.md
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from visgen.configuration.schema import load_schema

#: Lines between which the table stands.
START, END = "<!-- keys: written by make docs -->", "<!-- end of keys -->"

_KINDS = {"object": "section", "array": "list", "null": "nothing"}
_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def key_table(schema: Mapping[str, Any]) -> str:
    """Return a Markdown table with a row for each key: its meaning, its legal values, its default.

    Parameters
    ----------
    schema
        As `visgen.configuration.schema.load_schema` returns it.
    """
    rows = ["| key | meaning | value | default |", "| --- | --- | --- | --- |"]
    for key, part, needed in _keys(schema):
        meaning = part["description"].replace("<", "\\<")  # else a page takes it for a tag
        cells = (f"`{key}`", meaning, _values(part), _default(part, needed))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def with_key_table(text: str, schema: Mapping[str, Any]) -> str:
    """Return a page with the table of keys between its two marks in place of what stood there.

    Raises
    ------
    ValueError
        If the page does not have both marks.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the page lacks the lines {START} and {END}")
    return f"{before}{START}\n\n{key_table(schema)}\n\n{END}{after}"


def _keys(
    schema: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield key with dots, its part of the schema, whether it is needed; a user's names: <name>."""
    for name, part in schema.get("properties", {}).items():
        yield prefix + name, part, name in schema.get("required", ())
        yield from _keys(part, f"{prefix}{name}.")
        for named in part.get("patternProperties", {}).values():
            yield from _keys(named, f"{prefix}{name}.<name>.")


def _values(part: Mapping[str, Any]) -> str:
    """Return in short what a value may be."""
    if "enum" in part:
        return " \\| ".join("nothing" if word is None else f"`{word}`" for word in part["enum"])
    kinds = [part["type"]] if isinstance(part["type"], str) else part["type"]
    return " or ".join(_value(part, kind) for kind in kinds)


def _value(part: Mapping[str, Any], kind: str) -> str:
    limits = [f"{sign} {part[name]}" for name, sign in _LIMITS.items() if name in part]
    match kind:
        case "integer" | "number":
            return f"{kind} {', '.join(limits)}".strip()
        case "array" if "enum" in part.get("items", {}):
            return f"list of {_values(part['items'])}"
    return _KINDS.get(kind, kind)


def _default(part: Mapping[str, Any], needed: bool) -> str:
    if needed:
        return "**needed**"
    if "default" not in part or (part["default"] == {} and "properties" in part):
        return ""
    if part["default"] is None:
        return "nothing"
    return f"`{json.dumps(part['default'], ensure_ascii=False)}`"


if __name__ == "__main__":
    page = Path(sys.argv[2])
    text = with_key_table(page.read_text(encoding="utf-8"), load_schema(sys.argv[1]))
    page.write_text(text, encoding="utf-8")
