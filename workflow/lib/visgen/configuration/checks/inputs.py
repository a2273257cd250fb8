"""Whether the keys of a configuration that name its inputs fit each other."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from visgen.configuration.checks.genetics import INFERRED
from visgen.configuration.checks.paths import STUDY_FILES
from visgen.simulate.ranks import RANKS
from visgen.specimens.columns import FIELDS, OPTIONAL_FIELDS


def check_columns(config: Mapping[str, Any]) -> None:
    """Check that the column mapping names fields and ranks only.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    inputs = config.get("inputs", {})
    known = [*FIELDS, *inputs.get("ranks", [])]
    for field in inputs.get("columns", {}):
        if field not in known:
            raise ValueError(
                f"config key inputs.columns.{field}: unknown; legal keys here: {', '.join(known)}"
            )


def check_inputs(config: Mapping[str, Any]) -> None:
    """Check which files exclude or need each other, and the groups of patterns.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    inputs = config["inputs"]
    if inputs["tree"] and inputs["distances"]:
        raise ValueError(
            "config keys inputs.tree and inputs.distances: expected at most one of the two"
        )
    if config["simulation"] is not None:
        files = ("images", "path_pattern", "specimen_pattern", *STUDY_FILES)
        given = [key for key in files if inputs[key] not in (None, INFERRED)]
        if given:
            raise ValueError(
                f"config key inputs.{given[0]}: found {inputs[given[0]]!r}, expected nothing, "
                "since the config key simulation makes the study; remove one of the two"
            )
        simulated = {"ranks": list(RANKS)}
        simulated |= dict.fromkeys(["tree_rank", "sequence_rank"], RANKS[-1])
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
        ("path_pattern", inputs["ranks"], OPTIONAL_FIELDS),
        ("specimen_pattern", ["specimen"], ()),
    ):
        _check_pattern(f"inputs.{key}", inputs[key], required, allowed)
    pattern = inputs["sequence_pattern"]
    of_two_words = "(?P<genus>" in pattern or "(?P<species>" in pattern
    groups = ["genus", "species"] if of_two_words else ["taxon"]
    _check_pattern("inputs.sequence_pattern", pattern, groups, ())


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
