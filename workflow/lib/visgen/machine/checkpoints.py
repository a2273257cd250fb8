"""What a killed training goes on from: one file, outside the outputs, written whole or not at all.

It lies in `<folder>/<digest of the recipe>/`, so that no other training takes it up.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from visgen.machine.recipes import recipe_folder, whole_file


@dataclass
class Checkpoint:
    """The checkpoint of one training.

    Attributes
    ----------
    folder
        Of this training alone.
    seconds
        Time between two writes, at least.
    """

    folder: Path
    seconds: float
    _written: float = field(default_factory=time.monotonic)

    @property
    def is_due(self) -> bool:
        """Tell whether the last write is long enough ago."""
        return time.monotonic() - self._written >= self.seconds

    def write(self, state: Mapping[str, Any]) -> None:
        """Write tensors and plain values."""
        with whole_file(self.folder / "checkpoint.pt") as file:
            torch.save(dict(state), file)
        self._written = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """Return what was written last, None where nothing was; nothing in it is executed.

        Raises
        ------
        ValueError
            If the file is damaged.
        """
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return None
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # A damaged file meets errors of every type.
            raise ValueError(
                f"{path}: found a damaged checkpoint; remove it to train from the start: {error}"
            ) from error

    def discard(self) -> None:
        """Remove the checkpoint, once its training's results are kept elsewhere."""
        shutil.rmtree(self.folder, ignore_errors=True)


def open_checkpoint(folder: Path, recipe: Mapping[str, Any], seconds: float) -> Checkpoint:
    """Return the checkpoint of the training with this recipe.

    Parameters
    ----------
    folder
        Of all trainings of one kind; the training's own is made in it if need be.
    recipe
        Everything that decides the weights, in plain values.
    seconds
        Time between two writes, at least, that `Checkpoint.is_due` goes by.
    """
    return Checkpoint(recipe_folder(folder, recipe), seconds)
