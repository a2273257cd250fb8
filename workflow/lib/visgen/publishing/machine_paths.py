"""Paths of the machine that a study was run on, and texts without them."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

#: Endings of files that are searched.
TEXTS = {".log", ".json", ".yaml", ".html", ".tsv", ".md", ".csv", ".nwk", ".fasta", ".svg", ".txt"}


def places_of_this_machine(checkout: str | Path) -> dict[str, str]:
    """Return what stands for the folders of this machine, by absolute path, the deepest first.

    Parameters
    ----------
    checkout
        Folder of the workflow.
    """
    found = {
        str(Path.cwd()): ".",
        str(Path(checkout).resolve()): ".",
        sys.prefix: "<environment>",
        str(Path.home()): "~",
    }
    return {path: found[path] for path in sorted(found, key=len, reverse=True) if len(path) > 1}


def without_places(text: str, places: Mapping[str, str]) -> str:
    """Return a text in which folders of a machine are replaced.

    Examples
    --------
    >>> without_places("in /home/ann/study/x.py, not /home/anna", {"/home/ann": "~"})
    'in ~/study/x.py, not /home/anna'
    """
    for path, word in places.items():
        text = re.sub(rf"{re.escape(path)}(?![\w.-])", lambda _, word=word: word, text)
    return text


def mentions_place(content: bytes, places: Mapping[str, str]) -> bool:
    """Tell whether a file's bytes mention a folder of a machine."""
    return any(path.encode() in content for path in places)
