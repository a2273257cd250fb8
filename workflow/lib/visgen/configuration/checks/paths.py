"""Whether every file and folder that a configuration names is there and can be used."""

import csv
import difflib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visgen.configuration.checks.genetics import INFERRED
from visgen.encodings import read_text
from visgen.features.options import OPEN_CLIP, OPEN_CLIP_CONFIG, WEIGHTS

#: Of a table of published scores; one more, against, says of a difference what was taken off.
PUBLISHED_COLUMNS = ["source", "rank", "variant", "metric", "value", "note"]

#: Files of a study, beside its images.
STUDY_FILES = ("meta", "tree", "distances", "sequences", "sequence_table", "synonyms")


def check_files(config: Mapping[str, Any]) -> None:
    """Check that every file and folder which the configuration names can be used.

    Raises
    ------
    ValueError
        In one line: the key and the path.
    """
    inputs = config["inputs"]
    named = {f"inputs.{key}": inputs[key] for key in STUDY_FILES if inputs[key] != INFERRED}
    named["published"] = config["published"]
    naming = config["naming"] or {}
    named |= {f"naming.{key}": naming.get(key) for key in ("meta", "restrict")}
    for name, backbone in config["backbones"].items():
        if backbone["weights"] not in WEIGHTS:
            named[f"backbones.{name}.weights"] = backbone["weights"]
            if backbone["model"] == OPEN_CLIP:
                beside = Path(backbone["weights"]).with_name(OPEN_CLIP_CONFIG)
                named[f"backbones.{name}.weights, beside it"] = str(beside)
        elif backbone["weights"] == "simclr" and config["simclr"]["initial_weights"] not in WEIGHTS:
            named["simclr.initial_weights"] = config["simclr"]["initial_weights"]
    for key, path in named.items():
        if path is not None:
            check_path(f"config key {key}", path, "file")
    if inputs["images"] is not None:
        check_path("config key inputs.images", inputs["images"], "folder")
    if naming.get("images") is not None:
        check_path("config key naming.images", naming["images"], "folder")
    for key, path in named.items():
        if path is not None and not Path(path).stat().st_size:
            raise ValueError(f"config key {key}: found {path!r}, which is empty")
    if config["published"] is not None:
        _check_published(Path(config["published"]))
    _check_made("dataset", Path("results", config["dataset"]))
    if not config["features"]["store"].strip():
        raise ValueError("config key features.store: found '', expected a folder")
    _check_made("features.store", Path(config["features"]["store"]))


def check_path(key: str, path: str, kind: str) -> None:
    """Check that a path leads to a file or a folder, and that rules can have it as an input.

    Parameters
    ----------
    key
        What to call the place that names the path, such as ``config key inputs.images``.
    path
        As it was given.
    kind
        ``file`` or ``folder``.

    Raises
    ------
    ValueError
        In one line: the key, the path and what is wrong with it.
    """
    where, other = Path(path), "folder" if kind == "file" else "file"
    if not path.strip():
        raise ValueError(f"{key}: found {path!r}, expected a {kind}; null for none")
    if not (where.is_file() if kind == "file" else where.is_dir()):
        hint = ""
        if where.exists():
            hint = f", but a {other}"
        elif path.startswith("~"):
            hint = f"; write {str(where.expanduser())!r}"
        elif where.parent.is_dir() and (
            near := difflib.get_close_matches(
                where.name, [beside.name for beside in where.parent.iterdir()], n=1
            )
        ):
            hint = f"; did you mean {str(where.parent / near[0])!r}?"
        if key.endswith("weights"):
            hint += f" (nor is it {' or '.join(WEIGHTS)})"
        raise ValueError(f"{key}: found {path!r}, which is no {kind}{hint}")
    if not os.access(where, os.R_OK):
        raise ValueError(f"{key}: found {path!r}, which you may not read")
    if signs := [sign for sign in "{}<>" if sign in path]:
        raise ValueError(
            f"{key}: found {path!r}, expected a path without {' '.join(signs)}, which "
            "Snakemake takes for something to be filled in; rename it, or name a link to it"
        )


def _check_made(key: str, folder: Path) -> None:
    """Check that a folder is there or can be made."""
    above = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not above.is_dir():
        what = "a file" if above.exists() else "a link that leads nowhere"
        raise ValueError(
            f"config key {key}: needs the folder {str(folder)!r}, but {str(above)!r} is {what}"
        )
    if not os.access(above, os.W_OK):
        raise ValueError(
            f"config key {key}: needs the folder {str(folder)!r}, but you may not write to "
            f"{str(above)!r}"
        )


def _check_published(path: Path) -> None:
    """Check a table of published scores, so that the last job does not find its mistakes."""
    table = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t")
    found = table.fieldnames or []
    if [column for column in found if column != "against"] != PUBLISHED_COLUMNS:
        raise ValueError(
            f"{path}: found the columns {', '.join(found)}, expected "
            f"{', '.join(PUBLISHED_COLUMNS)}, separated by tabs, and against where there are "
            "differences"
        )
    for row in table:
        try:
            float(row["value"])
        except (TypeError, ValueError):
            raise ValueError(
                f"{path}: line {table.line_num}: value {row['value']!r} is no number"
            ) from None
