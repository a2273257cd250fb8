"""Checking a study's configuration against its schema, with one line per mistake."""

import copy
import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from visgen.configuration.checks.classification import check_classifiers
from visgen.configuration.checks.embedding import check_guidance
from visgen.configuration.checks.genetics import check_anchors
from visgen.configuration.checks.study import check_study
from visgen.configuration.removed import check_removed

#: Seeds, counts and sizes are kept in 32 bits by one library or another.
_LARGEST = 2**31 - 1

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")

# JSON takes 32.0 for an integer and YAML's .nan for a number; here neither is of use.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({
        "integer": lambda _, value: (
            isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
        ),
        "number": lambda _, value: (
            isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
        ),
    }),
)  # fmt: skip


def checked_config(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with all defaults filled in.

    Parameters
    ----------
    config
        As read from YAML.
    schema
        JSON schema (draft 2020-12); ``default`` values are filled into missing keys.

    Raises
    ------
    ValueError
        In one line: the key, what was found and which values are legal.
    """
    _check_text(config, "")
    check_removed(config)
    filled = _with_defaults(config, schema, schema)
    errors = sorted(_leaves(_Validator(schema).iter_errors(filled)), key=_depth)
    if errors:
        raise ValueError(_one_line(errors[0]))
    check_classifiers((config.get("classification") or {}).get("classifiers") or {})
    check_guidance((config.get("embedding") or {}).get("variants") or {})
    check_anchors((config.get("genetics") or {}).get("anchors") or {})
    check_study(filled)
    return filled


def _check_text(value: Any, path: str) -> None:
    """Refuse keys that YAML reads as numbers, dates or truth values, and line breaks in text."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                where = f"config key {path}{key}"
                raise ValueError(f"{where}: the name {key!r} is no text; put it in quotes")
            _check_text(key, f"{path}{key!r}.")
            _check_text(part, f"{path}{key}.")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            _check_text(part, f"{path}{place}.")
    elif isinstance(value, str):
        for letter in value:
            if unicodedata.category(letter) == "Cc" and letter != "\t":
                raise ValueError(
                    f"config key {path[:-1]}: found {value!r}, expected text without line breaks "
                    f"and control characters"
                )


def _with_defaults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Fill defaults recursively; a section that is absent gets the defaults of its keys.

    Keys come in the order of the schema, since Snakemake compares parameters as text.
    """
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if isinstance(value, list) and "items" in schema:
        return [_with_defaults(part, schema["items"], root) for part in value]
    if not isinstance(value, Mapping):
        return _as_meant(value, schema)
    filled = {}
    for key, part in schema.get("properties", {}).items():
        if key in value or "default" in part:
            own = value[key] if key in value else copy.deepcopy(part["default"])
            filled[key] = _with_defaults(own, part, root)
    filled |= {key: own for key, own in value.items() if key not in filled}
    for pattern_part in schema.get("patternProperties", {}).values():
        for key in filled:
            filled[key] = _with_defaults(filled[key], pattern_part, root)
    return filled


def _as_meant(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return the number or truth value that text is where no text will do, and nothing for null.

    YAML 1.1 reads 1e-3 as text, and ``--config`` all that lies deeper than the first key.
    """
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if value in ("null", "~") and "null" in types:
        return None
    if not isinstance(value, str) or ("string" in types and "pattern" not in schema):
        return value
    if "integer" in types and _INTEGER.fullmatch(value):
        return int(value)
    if "boolean" in types and value in ("true", "false"):
        return value == "true"
    return float(value) if "number" in types and _NUMBER.fullmatch(value) else value


def _leaves(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    """Go down into anyOf/oneOf only where a single alternative fits the value's type."""
    for error in errors:
        deeper = [e for e in error.context or [] if e.validator != "type"]
        if deeper:
            yield from _leaves(iter(deeper))
        else:
            yield error


def _depth(error: ValidationError) -> tuple[int, str]:
    # A misspelt key is named before the key that it leaves missing.
    order = {"additionalProperties": 0, "required": 2}.get(error.validator, 1)
    return order, error.json_path


def _one_line(error: ValidationError) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    schema = error.schema
    match error.validator:
        case "additionalProperties":
            known = list(schema.get("properties", {}))
            patterns = schema.get("patternProperties", {})
            unknown = sorted(
                name
                for name in set(error.instance) - set(known)
                if not any(re.search(pattern, name) for pattern in patterns)
            )
            if not known:
                form = " or ".join(patterns)
                return f"config key {key}: the name {unknown[0]!r} is not of the form {form}"
            full = ".".join([*filter(None, [key]), unknown[0]])
            near = difflib.get_close_matches(unknown[0], known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            return f"config key {full}: unknown; {hint}legal keys here: {', '.join(known)}"
        case "required":
            missing = [name for name in schema["required"] if name not in error.instance]
            full = ".".join([*filter(None, [key]), missing[0]])
            about = schema.get("properties", {}).get(missing[0], {}).get("description", "")
            return f"config key {full}: missing; {about}".rstrip("; ")
    where = f"config key {key}" if key else "config"
    found, hint = _found(error.instance)
    return f"{where}: found {found}, expected {_legal(error)}{hint}"


def _found(value: Any) -> tuple[str, str]:
    """Return a value as it looks in a file, and how YAML came to it."""
    match value:
        case None:
            return "None", "; nothing, null and ~ are no value"
        case bool():
            return repr(value), "; YAML takes yes, no, on and off for truth values: quote text"
        case date():
            return str(value), "; YAML takes it for a date: quote text"
        case int() if abs(value) > _LARGEST:
            return repr(value), f", at most {_LARGEST}"
    text = repr(value)
    return (text if len(text) <= 200 else f"{text[:200]} …"), ""


def _legal(error: ValidationError) -> str:
    schema = error.schema
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_legal_value(part) for part in schema["anyOf"])
    return _legal_value(schema)


def _legal_value(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    types = schema.get("type", "a value")
    words = [types] if isinstance(types, str) else list(types)
    text = " or ".join({"object": "keys with values", "array": "list"}.get(w, w) for w in words)
    limits = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
        "minItems": "items: at least",
        "maxItems": "items: at most",
        "minProperties": "entries: at least",
        "pattern": "of the form",
    }
    parts = [f"{word} {schema[name]}" for name, word in limits.items() if name in schema]
    if schema.get("uniqueItems"):
        parts.append("none twice")
    return ", ".join([text, *parts])
