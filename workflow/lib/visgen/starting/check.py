"""Say what is odd about a study before it runs: ``python -m visgen.starting.check CONFIG``."""

import argparse
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from visgen.configuration.checks.contents import check_contents
from visgen.configuration.checks.models import check_models
from visgen.configuration.checks.paths import check_files
from visgen.configuration.parsing import check_file
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.specimens.rejections import check_any, check_share
from visgen.starting.intake import Intake, said, take_in
from visgen.starting.propose import SCHEMA
from visgen.starting.related import about_relatives
from visgen.starting.remarks import (
    about_columns,
    about_refusals,
    about_taxa,
    about_unnamed,
    about_unnamed_columns,
)


def check(path: str) -> dict[str, list[str]]:
    """Return what is odd about a study, by what it is about; nothing is written.

    Parameters
    ----------
    path
        A configuration.

    Raises
    ------
    ValueError
        In a line, or with a few examples below it: why the study cannot run.
    """
    config = read_config(path)
    if config["simulation"] is not None:
        return {"photographs": ["none yet: the study is simulated"], "runs": [_sections(config)]}
    inputs, naming = config["inputs"], config["naming"] or {}
    with said() as messages:
        intake = take_in(config)
        limit = config["ingest"]["max_rejected"]
        check_share(intake.specimens, intake.rejected, limit, intake.n_rows, None)
        relatives = about_relatives(config, intake.specimens)
        found = {
            "photographs": [
                _about_intake(intake),
                *about_refusals(intake.rejected, intake.files),
                *about_columns(inputs),
            ],
            "taxa": about_taxa(
                intake.specimens, inputs["ranks"], config["classification"]["ranks"]
            ),
            "relatives": relatives,
        }
        if intake.unnamed is not None:
            check_any(intake.unnamed, intake.unnamed_rejected, naming["images"], None)
            found["naming"] = [*about_unnamed(intake), *about_unnamed_columns(naming["meta"])]
    return found | {"names and cells": messages, "runs": [_sections(config)]}


def read_config(path: str) -> dict[str, Any]:
    """Read and check a configuration and the files that it names, as a run does.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    check_file(path)
    text = Path(path).read_text(encoding="utf-8-sig")
    config = checked_config(yaml.safe_load(text), load_schema(SCHEMA))
    check_files(config)
    check_contents(config)
    check_models(config["backbones"])
    return config


def _about_intake(intake: Intake) -> str:
    n, of = len(intake.specimens), intake.specimens["specimen"].nunique()
    total = int(intake.files["reason"].isna().sum())
    return f"{n:,} of {total:,} in the folder can be used, of {of:,} specimens (headers were read)"


def _sections(config: Mapping[str, Any]) -> str:
    """Return the questions that a run will ask, in the order of the page."""
    plan = Plan(config)
    asked = {
        "genetics": plan.has_sequences,
        "classification": True,
        "embedding": plan.has_tree,
        "prior": config["prior"],
        "visual_genetic": config["visual_genetic"],
        "naming": config["naming"],
    }
    left_out = [section for section, is_asked in asked.items() if not is_asked]
    line = ", ".join(["specimens", "features", *(name for name in asked if asked[name])])
    return f"{line} (not asked: {', '.join(left_out)})" if left_out else line


def main(arguments: list[str] | None = None) -> int:
    """Print what is odd; return 0 where the study can run, else 1."""
    parser = argparse.ArgumentParser("visgen.starting.check", description=__doc__)
    parser.add_argument("config", nargs="?", default="", help="a configuration")
    path = parser.parse_args(arguments).config
    if not path:
        print("make check: CONFIG is missing; make check CONFIG=config/my_study.yaml")
        return 1
    try:
        found = check(path)
    except (ValueError, OSError) as error:
        print(f"Cannot run. {error}")
        return 1
    for about, lines in found.items():
        if lines:
            print(f"{about.capitalize()}:")
            print("\n".join(f"  {line}" for line in lines))
    command = f".venv/bin/snakemake --cores all --configfile {shlex.quote(path)}"
    print(f"It can run: {command}")
    print("  with --dry-run it lists the jobs; what takes how long: docs/scale.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
