"""Folders named by what decides their content, and files that are written whole or not at all.

All of them lie below the folder that the config key `features.store` names.
"""

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

KEY = "config key features.store"

#: Age in seconds at which an unfinished file has no writer any more, on whatever host it was.
ABANDONED = 24 * 3600

_UNFINISHED = re.compile(r"\.[a-z0-9_]{8}")  # as tempfile names them


def recipe_folder(folder: Path, recipe: Mapping[str, Any]) -> Path:
    """Return the folder of a recipe, made if need be and freed of what killed writers left.

    Parameters
    ----------
    folder
        The store.
    recipe
        Everything that decides a vector beside the image, in plain values.

    Raises
    ------
    ValueError
        If the folder cannot be made, read or written in.
    """
    text = json.dumps(recipe, sort_keys=True, indent=1).encode()
    made = folder / hashlib.sha256(text).hexdigest()[:20]
    told = made / "recipe.json"
    try:
        made.mkdir(parents=True, exist_ok=True)
        _sweep(made)
        whole = told.exists() and told.read_bytes() == text  # else torn where power was lost
    except OSError as error:
        raise ValueError(f"{KEY}: cannot use the folder {made}: {_reason(error)}") from None
    if not whole:
        write_whole(told, text)
    return made


def write_whole(path: Path, content: bytes) -> None:
    """Write a file as `whole_file` does."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that others find whole, or as it was before, or not at all.

    Raises
    ------
    ValueError
        If it cannot be written, as on a full disk.
    """
    unfinished = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            unfinished = Path(file.name)
            yield file
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except BaseException as error:
        if unfinished is not None:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ValueError(f"{KEY}: cannot write {path}: {_reason(error)}") from None
        raise


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _sweep(folder: Path) -> None:
    """Remove unfinished files, but none that a writer may still be at."""
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name):
            with suppress(OSError):  # another job sweeps too, or may and this one may not
                if time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()
