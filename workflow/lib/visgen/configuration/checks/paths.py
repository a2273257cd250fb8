"""Whether every file that a configuration names is there."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visgen.configuration.checks.genetics import INFERRED
from visgen.encodings import read_text
from visgen.features.options import WEIGHTS

#: Of a table of published scores.
PUBLISHED_COLUMNS = ["source", "rank", "variant", "metric", "value", "note"]

#: Files of a study, beside its images.
STUDY_FILES = ("meta", "tree", "distances", "sequences", "sequence_table", "synonyms")


def check_files(config: Mapping[str, Any]) -> None:
    """Check that every file which the configuration names is there.

    Raises
    ------
    ValueError
        In one line: the key and the path.
    """
    inputs = config["inputs"]
    named = {f"inputs.{key}": inputs[key] for key in STUDY_FILES if inputs[key] != INFERRED}
    named["published"] = config["published"]
    for name, backbone in config["backbones"].items():
        if backbone["weights"] not in WEIGHTS:
            named[f"backbones.{name}.weights"] = backbone["weights"]
        elif backbone["weights"] == "simclr" and config["simclr"]["initial_weights"] not in WEIGHTS:
            named["simclr.initial_weights"] = config["simclr"]["initial_weights"]
    for key, path in named.items():
        if path is not None and not Path(path).is_file():
            hint = f" (nor is it {' or '.join(WEIGHTS)})" if key.endswith("weights") else ""
            raise ValueError(f"config key {key}: found {path!r}, which is no file{hint}")
    if config["published"] is not None:
        _check_published(Path(config["published"]))
    folder = inputs["images"]
    if folder is not None and not Path(folder).is_dir():
        raise ValueError(f"config key inputs.images: found {folder!r}, which is no folder")


def _check_published(path: Path) -> None:
    """Check a table of published scores, so that the last job does not find its mistakes."""
    table = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t")
    if (found := table.fieldnames or []) != PUBLISHED_COLUMNS:
        raise ValueError(
            f"{path}: found the columns {', '.join(found)}, expected "
            f"{', '.join(PUBLISHED_COLUMNS)}, separated by tabs"
        )
    for row in table:
        try:
            float(row["value"])
        except (TypeError, ValueError):
            raise ValueError(
                f"{path}: line {table.line_num}: value {row['value']!r} is no number"
            ) from None
