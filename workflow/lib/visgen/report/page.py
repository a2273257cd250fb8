"""The one page to read: self-contained HTML from tables and figures."""

import base64
import io
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from visgen.names import shortened

#: The p-value under which the page calls an agreement shown.
ALPHA = 0.05

# Names of variants, backbones and files may wrap after a sign: cells would be as wide as they.
_LONG_WORD_OF_CELL = re.compile(r"(?<=<td>)[^<>]*[^\s<>]{13}[^<>]*")
_PER_CENT = re.compile(r"(\d) %")  # no line begins with the sign
_SIGN = re.compile(r"(?<=\w)([_/-])(?=\w)")
# Scripts and styles are no text for people: what stands in them stays as it is.
_NO_TEXT = re.compile("(<script.*?</script>|<style.*?</style>)", re.DOTALL)

# Dots an inch of figures on the page; their files have twice as many, for print.
_DOTS_PER_INCH = 150

#: Rows of a listing that the page shows; the rest is in its table.
LISTED = 200


def render_report(template: str | Path, content: Mapping[str, Any]) -> str:
    """Return the page as HTML; every value is escaped.

    Parameters
    ----------
    template
        Jinja template; those that it includes lie beside it, and the captions of figures, which
        Snakemake's own report has too: ``caption("scores")`` is the text of ``scores.rst``.
    content
        What it names; a name that is lacking is an error.
    """
    folder = Path(template).parent
    page = _environment(folder).get_template(Path(template).name).render(content)
    parts = _NO_TEXT.split(page)
    parts[::2] = map(_ready_to_wrap, parts[::2])
    return "".join(parts)


def _ready_to_wrap(text: str) -> str:
    text = _LONG_WORD_OF_CELL.sub(lambda cell: _SIGN.sub(r"\1<wbr>", cell[0]), text)
    return _PER_CENT.sub(r"\1&nbsp;%", text)


@cache
def _environment(folder: Path) -> Environment:
    """Return what the templates of a folder are compiled in, once a process."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=format_number,
        percent=format_percent,
        p=format_p,
        image=embed_image,
        short=format_name,
    )
    environment.tests["nothing"] = is_nothing
    environment.globals["caption"] = lambda name: (
        (folder / f"{name}.rst").read_text("utf-8").strip()
    )
    return environment


def embed_image(path: str | Path) -> str:
    """Return a PNG as a data address, so that the page stands alone.

    One of more dots an inch than a screen shows is made smaller.
    """
    with Image.open(path) as figure:
        shrink = max(1, round(figure.info.get("dpi", (_DOTS_PER_INCH,))[0] / _DOTS_PER_INCH))
        made = io.BytesIO()
        figure.convert("RGB").reduce(shrink).save(made, format="PNG")
    return "data:image/png;base64," + base64.b64encode(made.getvalue()).decode()


def format_number(value: float | None, digits: int = 3) -> str:
    """Return a number for a table; nothing is an en dash."""
    if is_nothing(value):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    # Adding zero turns a negative zero into a plain one.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def format_name(value: str) -> str:
    """Return a name, or the path of a file, that is not too long for a table."""
    return shortened(str(value), 120)


def format_percent(value: float) -> str:
    """Return a share as per cent with one decimal; nothing is an en dash."""
    return "–" if is_nothing(value) else f"{100 * value:.1f} %"


def format_p(value: float) -> str:
    """Return a p-value; nothing is an en dash."""
    if is_nothing(value):
        return "–"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1g}"


def is_nothing(value: float | str | None) -> bool:
    """Tell whether a cell is empty."""
    return value is None or (not isinstance(value, str) and math.isnan(value))
