"""The one page to read: self-contained HTML from tables and figures."""

import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined


def render_report(template: str | Path, content: Mapping[str, Any]) -> str:
    """Return the page as HTML; every value is escaped.

    Parameters
    ----------
    template
        Jinja template.
    content
        What it names; a name that is lacking is an error.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        number=format_number, percent=format_percent, p=format_p, image=embed_image
    )
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(content)


def embed_image(path: str | Path) -> str:
    """Return a PNG as a data address, so that the page stands alone."""
    return "data:image/png;base64," + base64.b64encode(Path(path).read_bytes()).decode()


def format_number(value: float, digits: int = 3) -> str:
    """Return a number for a table; nothing is an en dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}".replace("-", "−")


def format_percent(value: float) -> str:
    """Return a share as per cent with one decimal; nothing is an en dash."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def format_p(value: float) -> str:
    """Return a p-value; nothing is an en dash."""
    return "–" if math.isnan(value) else f"{value:.2g}" if value >= 0.001 else f"{value:.1g}"
