"""The schema of configurations, with the legal words where the library has them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

_REFERENCE = re.compile(r"([a-z_.]+)\.([A-Z_]+)(?:\.(\w+))?")
_IN_TEXT = re.compile(r"\{(.+?)\}")


def load_schema(path: str | Path) -> dict[str, Any]:
    """Return the schema with words in the place of references to them.

    Words stand once, beside the code that knows them, in a module that imports next to nothing:
    a tuple of words, or a mapping from each to its meaning (or further words). The reference
    ``embedding.guidance.options.LOSSES`` is to ``LOSSES`` in `visgen.embedding.guidance.options`;
    one more name is a key of a mapping. Words are taken for ``enum: {words: <reference>}`` (and
    null beside them where the type has it), for ``pattern: {words: <reference>}`` (any of them),
    and for ``{<reference>}`` in a description, there with their meanings.

    Parameters
    ----------
    path
        YAML of a JSON schema (draft 2020-12).

    Raises
    ------
    ValueError
        If a reference leads nowhere; it names the place in the schema.
    """
    # The loader in C, where PyYAML has it, is ten times faster: every start reads the schema.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return _with_words(yaml.load(Path(path).read_text(encoding="utf-8"), loader), "")


def _with_words(part: Any, place: str) -> Any:
    if isinstance(part, list):
        return [_with_words(item, place) for item in part]
    if not isinstance(part, dict):
        return part
    filled = {}
    for key, value in part.items():
        match key, value:
            case "enum", {"words": reference}:
                null = [None] if "null" in part.get("type", ()) else []
                filled[key] = [*_words(reference, place), *null]
            case "pattern", {"words": reference}:
                filled[key] = f"^({'|'.join(map(re.escape, _words(reference, place)))})$"
            case "description", str():
                filled[key] = _IN_TEXT.sub(lambda at: _in_words(_words(at[1], place)), value)
            case _:
                filled[key] = _with_words(value, f"{place}.{key}".strip("."))
    return filled


def _words(reference: str, place: str) -> Iterable[str]:
    try:
        module, name, key = _REFERENCE.fullmatch(reference).groups()
        words = getattr(import_module(f"visgen.{module}"), name)
        return words if key is None else words[key]
    except (AttributeError, ImportError, KeyError, TypeError):
        raise ValueError(f"schema: {place}: there are no words {reference!r} in visgen") from None


def _in_words(words: Iterable[str]) -> str:
    """Return words with their meanings as part of a sentence."""
    if isinstance(words, Mapping):
        words = [_with_meaning(word, meaning) for word, meaning in words.items()]
    return ", ".join(words)


def _with_meaning(word: str, meaning: str | Sequence[str]) -> str:
    text = meaning if isinstance(meaning, str) else " and ".join(meaning)
    return f"{word} ({text})" if text else word
