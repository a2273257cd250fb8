"""Look at the headers of image files alone: quick, for what is told before any job."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from visgen.specimens.decoding import sizes
from visgen.specimens.images import MAX_PIXELS, ImageFacts, check_shape, opened, refusing
from visgen.specimens.oddities import Look

_UNKNOWN = Look(*[float("nan")] * len(Look._fields))


def header_inspector(paths: Iterable[str]) -> Callable[..., ImageFacts]:
    """Return what stands for `visgen.specimens.images.inspect_image` and decodes no pixel.

    Damage behind a header is not seen, and pictures are the same where their files are: a file is
    read whole only where another one has its size.

    Parameters
    ----------
    paths : iterable of str
        All files that are compared.

    Returns
    -------
    callable
        Takes the arguments of `visgen.specimens.images.inspect_image`; of the facts that it
        returns, width and height are those of the header, and nothing is measured.
    """
    n_bytes = {path: _size(path) for path in paths}
    n_of_size = Counter(n_bytes.values())

    def inspect(
        path: str | Path,
        max_pixels: int = MAX_PIXELS,
        *,
        min_side: int = 1,
        max_aspect_ratio: float = float("inf"),
        measure: Callable[..., Any] | None = None,
        **_: object,
    ) -> ImageFacts:
        with opened(Path(path)) as file:
            with refusing(path):
                width, height = sizes(file)[0]
            check_shape(path, (width, height), max_pixels, min_side, max_aspect_ratio)
            digest = str(path)
            if n_of_size[n_bytes.get(str(path))] > 1:
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            measured = None if measure is None else _UNKNOWN
            return ImageFacts(digest, width, height, digest, None, measured)

    return inspect


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 (a path object for each takes as long again)
    except OSError:
        return None
