"""Which version of the workflow this is; pyproject.toml alone says it."""

import tomllib
from pathlib import Path

#: Of the checkout that this module lies in.
PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def visgen_version(project: Path = PROJECT) -> str | None:
    """Return the version of the workflow, or None where its library lies outside a checkout."""
    if not project.is_file():
        return None
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
