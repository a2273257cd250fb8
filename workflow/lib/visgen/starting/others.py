"""Files in a folder of images that are none, and what to do about them."""

from collections import Counter
from pathlib import PurePosixPath

import pandas as pd

_TABLES = "tables are named by META"
_RAW = "raw files of a camera: save them as JPEG or TIFF"
_ADVICE = {
    **dict.fromkeys((".heic", ".heif"), "of telephones: save them as JPEG"),
    **dict.fromkeys((".avif", ".jxl", ".jp2", ".gif", ".bmp", ".psd"), "save them as PNG"),
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef"), _RAW),
    **dict.fromkeys((".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"), "unpack them"),
    **dict.fromkeys((".csv", ".tsv", ".xls", ".xlsx", ".ods"), _TABLES),
    ".pdf": "save the pictures in them as PNG",
}


def other_files(files: pd.DataFrame) -> list[str]:
    """Return a line for each kind of file that is no image.

    Parameters
    ----------
    files : DataFrame
        As `visgen.specimens.files.scan_folder` returns it. Hidden files are passed over.

    Returns
    -------
    list of str
        The most frequent kind first.
    """
    others = files.loc[files["reason"] == "not_an_image", "name"]
    names = [PurePosixPath(name) for name in others]
    shown = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    kinds = Counter(name.suffix.lower() for name in shown)
    lines = []
    for kind, n in sorted(kinds.items(), key=lambda item: (-item[1], item[0])):
        example = next(str(name) for name in shown if name.suffix.lower() == kind)
        advice = f" ({_ADVICE[kind]})" if kind in _ADVICE else ""
        what = f"ending in {kind}" if kind else "without an ending"
        lines.append(f"{n} {what}, such as {example!r}{advice}")
    return lines
