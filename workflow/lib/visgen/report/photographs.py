"""Small photographs of specimens for pages: made once, kept in one script beside a page.

A page names a photograph by its key, ``<img data-photo="KEY" alt="…">``; the script beside it has
them all, and the page shows each once it is there. A page without its script still reads.
"""

import base64
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from visgen.specimens.images import load_image

#: Longest side of a small photograph, in pixels.
SIDE = 128
_QUALITY = 78
_CALL, _END = "showPhotographs(", ");\n"


def make_thumbnail(
    path: str | Path, background: tuple[int, int, int], max_pixels: int, side: int = SIDE
) -> bytes:
    """Return a photograph made small, as WebP without metadata.

    Parameters
    ----------
    path, background, max_pixels
        As in `visgen.specimens.images.load_image`.
    side
        Pixels of its longest side at most.
    """
    image = load_image(path, background, max_pixels, side)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    image.save(made, format="WebP", quality=_QUALITY)
    return made.getvalue()


def make_thumbnails(
    paths: Mapping[str, str | Path],
    wanted: Iterable[str],
    background: tuple[int, int, int],
    max_pixels: int,
) -> dict[str, bytes]:
    """Return the small photographs of those wanted, each once, in the order of their keys."""
    return {key: make_thumbnail(paths[key], background, max_pixels) for key in sorted(set(wanted))}


def photographs_script(thumbnails: Mapping[str, bytes]) -> str:
    """Return a script that hands a page its photographs: ``showPhotographs({key: base64})``."""
    content = {key: base64.b64encode(photo).decode() for key, photo in thumbnails.items()}
    return f"{_CALL}{script_json(content)}{_END}"


def script_json(value: object) -> str:
    """Return JSON that can stand in a script element: no text of it ends the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def photographs_of(script: str) -> dict[str, bytes]:
    """Return the photographs that `photographs_script` has put into a script."""
    content = json.loads(script.removeprefix(_CALL).removesuffix(_END))
    return {key: base64.b64decode(photo) for key, photo in content.items()}


def as_source(photograph: bytes) -> str:
    """Return a small photograph as a data address, for an image that needs no script."""
    return "data:image/webp;base64," + base64.b64encode(photograph).decode()
