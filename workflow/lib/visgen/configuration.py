"""Checking a study's configuration against its schema, with one line per mistake."""

import copy
import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

#: Ranks of a simulated study.
SIMULATED_RANKS = ("subclass", "order", "family", "genus", "species")

#: What a column mapping may name beside the ranks.
FIELDS = ("filename", "specimen", "view", "source", "split")

# JSON takes 32.0 for an integer and YAML's .nan for a number; here neither is of use.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda _, value: (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
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
    _check_names(config, "")
    filled = _with_defaults(config, schema, schema)
    errors = sorted(_leaves(_Validator(schema).iter_errors(filled)), key=_depth)
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


def _check_names(value: Any, path: str) -> None:
    """Refuse keys that YAML reads as numbers, dates or truth values, wherever they are."""
    if not isinstance(value, Mapping):
        return
    for key, part in value.items():
        if not isinstance(key, str):
            where = f"config key {path}{key}"
            raise ValueError(f"{where}: the name {key!r} is no text; put it in quotes")
        _check_names(part, f"{path}{key}.")


def _with_defaults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Fill defaults recursively; a section that is absent gets the defaults of its keys."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if not isinstance(value, Mapping):
        return value
    filled = dict(value)
    for key, part in schema.get("properties", {}).items():
        if key not in filled and "default" in part:
            filled[key] = copy.deepcopy(part["default"])
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
    files = ("images", "meta", "path_pattern", "specimen_pattern", "tree", "distances", "sequences")
    given = [key for key in files if inputs[key]]
    if config["simulation"] is not None:
        if given:
            raise ValueError(
                f"config key inputs.{given[0]}: found {inputs[given[0]]!r}, expected nothing, "
                "since the config key simulation makes the study; remove one of the two"
            )
        simulated = {"ranks": list(SIMULATED_RANKS)}
        simulated |= dict.fromkeys(["tree_rank", "sequence_rank"], SIMULATED_RANKS[-1])
        for key, value in simulated.items():
            if inputs[key] != value:
                raise ValueError(
                    f"config key inputs.{key}: found {inputs[key]!r}, expected {value!r}, as in "
                    "every simulated study"
                )
        return
    if not inputs["images"]:
        raise ValueError("config key inputs.images: missing; Folder of images")
    if bool(inputs["meta"]) == bool(inputs["path_pattern"]):
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
    for key, required, allowed in (
        ("path_pattern", inputs["ranks"], FIELDS[1:]),
        ("specimen_pattern", ["specimen"], ()),
        ("sequence_pattern", ["taxon"], ()),
    ):
        _check_pattern(f"inputs.{key}", inputs[key], required, allowed)


def _check_pattern(
    key: str, pattern: str | None, required: Sequence[str], allowed: Sequence[str]
) -> None:
    if pattern is None:
        return
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(
            f"config key {key}: found {pattern!r}, no regular expression: {error}"
        ) from error
    if not set(required) <= set(groups) <= {*required, *allowed}:
        more = f", and none but {', '.join(allowed)} beside" if allowed else ""
        raise ValueError(
            f"config key {key}: found the named groups {sorted(groups)}, expected "
            f"{', '.join(required)} as in (?P<{required[0]}>...){more}"
        )
