"""The one page to read: self-contained HTML from tables and figures."""

import base64
import io
import math
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from visgen.names import shortened

#: The p-value under which the page calls an agreement shown.
ALPHA = 0.05

# Names of variants, backbones and files may wrap after a sign: cells would be as wide as they.
_LONG_WORD_OF_CELL = re.compile(r"(?<=<td>)[^<>]*[^\s<>]{13}[^<>]*")
_PER_CENT = re.compile(r"(\d) %(?![^<>]*>)")  # no line begins with the sign; not in attributes
_SIGN = re.compile(r"(?<=\w)([_/-])(?=\w)")
_NO_TEXT = re.compile(r"(<script\b.*?</script>|<style\b.*?</style>)", re.DOTALL)
_END_OF_SCRIPT = re.compile(r"</(script)", re.IGNORECASE)

# Dots an inch of figures on the page; their files have twice as many, for print.
_DOTS_PER_INCH = 150

# Drawings of ours have up to 11,000 colours by their smoothed edges, photographs 80,000.
_COLOURS_OF_DRAWINGS = 2**15
_LARGE = 250_000  # bytes

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
    # Scripts and styles, which stand at odd places, are left as they are.
    parts = _NO_TEXT.split(page)
    parts[::2] = map(_typeset, parts[::2])
    return "".join(parts)


def _typeset(html: str) -> str:
    """Return HTML in which long names of cells may wrap, and no line begins with a sign."""
    html = _LONG_WORD_OF_CELL.sub(lambda cell: _SIGN.sub(r"\1<wbr>", cell[0]), html)
    return _PER_CENT.sub(r"\1&nbsp;%", html)


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
        slug=slug,
        plural=rank_in_plural,
    )
    environment.tests["nothing"] = is_nothing
    environment.globals["caption"] = lambda name: (
        (folder / f"{name}.rst").read_text("utf-8").strip()
    )
    environment.globals["library"] = script_of
    return environment


def script_of(package: str, path: str) -> str:
    """Return a script that a package of Python brings, fit to stand in a page."""
    text = files(package).joinpath(path).read_text(encoding="utf-8")
    return _END_OF_SCRIPT.sub(r"<\\/\1", text)


def rank_in_plural(rank: str, number: int) -> str:
    """Return the name of a rank as it stands behind a number: 1 genus, 2 genera, 2 superfamilies.

    Ranks of a user's own are taken for English words.
    """
    if number == 1 or rank.endswith("species"):
        return rank
    for end, ends in {"genus": "genera", "phylum": "phyla", "y": "ies", "s": "ses"}.items():
        if rank.endswith(end):
            return rank.removesuffix(end) + ends
    return rank + "s"


def slug(title: str) -> str:
    """Return a title as an address within the page: lower case, words joined by hyphens."""
    return "-".join(re.findall(r"\w+", title.lower()))


def embed_image(path: str | Path) -> str:
    """Return a figure as a data address, so that the page stands alone.

    One of more dots an inch than a screen shows is made smaller. Drawings are kept to the pixel;
    figures with photographs, which have many colours, and large matrices nearly so.
    """
    with Image.open(path) as figure:
        shrink = max(1, round(figure.info.get("dpi", (_DOTS_PER_INCH,))[0] / _DOTS_PER_INCH))
        shown = figure.convert("RGB").reduce(shrink)
    made = []
    if shown.getcolors(_COLOURS_OF_DRAWINGS) is not None:
        made.append(_as_webp(shown, lossless=True, method=2, quality=30))
    if not made or len(made[0]) > _LARGE:
        made.append(_as_webp(shown, method=2, quality=80))
    return "data:image/webp;base64," + base64.b64encode(min(made, key=len)).decode()


def _as_webp(image: Image.Image, **options: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, format="WebP", **options)
    return made.getvalue()


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
