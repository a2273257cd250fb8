"""What an archive says of itself to people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def write_readme(template: str | Path, content: Mapping[str, Any]) -> str:
    """Return the text of an archive's README.

    Parameters
    ----------
    template
        Jinja template.
    content
        What it names; a name that is lacking is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(template).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(Path(template).name).render(content)
