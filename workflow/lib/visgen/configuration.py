"""Checking a study's configuration against its schema, with one line per mistake."""

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

#: Ranks of a simulated study.
SIMULATED_RANKS = ("subclass", "order", "family", "genus", "species")

#: What a column mapping may name beside the ranks.
FIELDS = ("filename", "specimen", "view", "source", "split")


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
    filled = _with_defaults(dict(config), schema, schema)
    errors = sorted(_leaves(Draft202012Validator(schema).iter_errors(filled)), key=_depth)
    if errors:
        raise ValueError(_one_line(errors[0]))
    _check_columns(filled)
    _check_ranks(filled)
    _check_inputs(filled)
    return filled


def check_files(config: Mapping[str, Any]) -> None:
    """Check that every file which the configuration names is there.

    Raises
    ------
    ValueError
        In one line: the key and the path.
    """
    inputs = config["inputs"]
    named = {f"inputs.{key}": inputs[key] for key in ("meta", "tree", "distances", "sequences")}
    for name, backbone in config["backbones"].items():
        if backbone["weights"] not in ("imagenet", "none"):
            named[f"backbones.{name}.weights"] = backbone["weights"]
    for key, path in named.items():
        if path is not None and not Path(path).is_file():
            hint = " (nor is it imagenet or none)" if key.endswith("weights") else ""
            raise ValueError(f"config key {key}: found {path!r}, which is no file{hint}")
    folder = inputs["images"]
    if folder is not None and not Path(folder).is_dir():
        raise ValueError(f"config key inputs.images: found {folder!r}, which is no folder")


def _with_defaults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Fill defaults recursively; a section that is absent gets the defaults of its keys."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if not isinstance(value, Mapping):
        return value
    filled = dict(value)
    for key, part in schema.get("properties", {}).items():
        if key not in filled and "default" in part:
            filled[key] = part["default"]
        if key in filled:
            filled[key] = _with_defaults(filled[key], part, root)
    for pattern_part in schema.get("patternProperties", {}).values():
        for key in filled:
            filled[key] = _with_defaults(filled[key], pattern_part, root)
    return filled


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
            unknown = sorted(set(error.instance) - set(known), key=str)
            if not known:
                names = " or ".join(schema.get("patternProperties", {}))
                return f"config key {key}: the name {unknown[0]!r} does not fit {names}"
            full = ".".join([*filter(None, [key]), str(unknown[0])])
            near = difflib.get_close_matches(str(unknown[0]), known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            return f"config key {full}: unknown; {hint}legal keys here: {', '.join(known)}"
        case "required":
            missing = [name for name in schema["required"] if name not in error.instance]
            full = ".".join([*filter(None, [key]), missing[0]])
            about = schema.get("properties", {}).get(missing[0], {}).get("description", "")
            return f"config key {full}: missing; {about}".rstrip("; ")
    where = f"config key {key}" if key else "config"
    return f"{where}: found {error.instance!r}, expected {_legal(error)}"


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


def _check_columns(config: Mapping[str, Any]) -> None:
    inputs = config.get("inputs", {})
    known = [*FIELDS, *inputs.get("ranks", [])]
    for field in inputs.get("columns", {}):
        if field not in known:
            raise ValueError(
                f"config key inputs.columns.{field}: unknown; legal keys here: {', '.join(known)}"
            )


def _check_ranks(config: Mapping[str, Any]) -> None:
    ranks = config.get("inputs", {}).get("ranks", [])
    choices = {
        "inputs.tree_rank": config["inputs"].get("tree_rank"),
        "inputs.sequence_rank": config["inputs"].get("sequence_rank"),
        "splits.stratify_by": config.get("splits", {}).get("stratify_by"),
    }
    named = config.get("classification", {}).get("ranks") or []
    choices |= {f"classification.ranks.{i}": rank for i, rank in enumerate(named)}
    for key, rank in choices.items():
        if rank is not None and rank not in ranks:
            raise ValueError(
                f"config key {key}: found {rank!r}, expected one of {', '.join(ranks)}"
            )


def _check_inputs(config: Mapping[str, Any]) -> None:
    inputs = config["inputs"]
    given = [key for key in ("images", "meta", "tree", "distances", "sequences") if inputs[key]]
    if config["simulation"] is not None:
        if given:
            raise ValueError(
                f"config key inputs.{given[0]}: found {inputs[given[0]]!r}, expected nothing, "
                "since the config key simulation makes this file; remove one of the two"
            )
        if tuple(inputs["ranks"]) != SIMULATED_RANKS or inputs["tree_rank"] != "species":
            raise ValueError(
                f"config key inputs.ranks: a simulated study has the ranks "
                f"{', '.join(SIMULATED_RANKS)} and the tree_rank species"
            )
        return
    if inputs["images"] is None:
        raise ValueError("config key inputs.images: missing; Folder of images")
    if (inputs["meta"] is None) == (inputs["path_pattern"] is None):
        raise ValueError(
            "config keys inputs.meta and inputs.path_pattern: expected exactly one of the two"
        )
    if inputs["tree"] and inputs["distances"]:
        raise ValueError(
            "config keys inputs.tree and inputs.distances: expected at most one of the two"
        )
    for kind, rank in (
        ("tree", "tree_rank"),
        ("distances", "tree_rank"),
        ("sequences", "sequence_rank"),
    ):
        if inputs[kind] and inputs[rank] is None:
            raise ValueError(
                f"config key inputs.{rank}: missing; needed with inputs.{kind}, expected one of "
                f"{', '.join(inputs['ranks'])}"
            )
    for key, groups in (
        ("path_pattern", inputs["ranks"]),
        ("specimen_pattern", ["specimen"]),
        ("sequence_pattern", ["taxon"]),
    ):
        _check_pattern(f"inputs.{key}", inputs[key], groups)


def _check_pattern(key: str, pattern: str | None, legal: list[str]) -> None:
    if pattern is None:
        return
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(
            f"config key {key}: found {pattern!r}, no regular expression: {error}"
        ) from error
    if not groups or not set(groups) <= set(legal):
        raise ValueError(
            f"config key {key}: found the named groups {sorted(groups)}, expected "
            f"{', '.join(legal)} as in (?P<{legal[0]}>...)"
        )
