"""Folders named by what decides their content, and files that are written whole or not at all."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def recipe_folder(folder: Path, recipe: Mapping[str, Any]) -> Path:
    """Return the folder of a recipe's packs, made if need be.

    Parameters
    ----------
    folder
        The store.
    recipe
        Everything that decides a vector beside the image, in plain values.
    """
    text = json.dumps(recipe, sort_keys=True, indent=1)
    packs = folder / hashlib.sha256(text.encode()).hexdigest()[:20]
    packs.mkdir(parents=True, exist_ok=True)
    if not (packs / "recipe.json").exists():
        write_whole(packs / "recipe.json", text.encode())
    return packs


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that others may read, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
