"""Whether the files of an archive are the ones that were packed."""

from pathlib import Path
from typing import NamedTuple

from visgen.publishing.archive import MANIFEST, read_manifest, sha256_of


class Checked(NamedTuple):
    """What became of the files of an archive.

    Attributes
    ----------
    listed
        How many files have a checksum.
    changed, missing, unlisted
        Names of those that have another one, are not there, or have none.
    """

    listed: int
    changed: list[str]
    missing: list[str]
    unlisted: list[str]

    @property
    def hold(self) -> bool:
        """Whether all files are there, unchanged, and no other ones."""
        return not (self.changed or self.missing or self.unlisted)


def check_files(folder: Path) -> Checked:
    """Hold the files of an archive against their checksums.

    Parameters
    ----------
    folder
        That it was unpacked into; an environment that was made in it is no part of it.

    Raises
    ------
    ValueError
        If there is no list of checksums, or it cannot be read.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise ValueError(f"{MANIFEST}: not found, expected in every archive of a study")
    listed = read_manifest(manifest.read_text(encoding="utf-8"))
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not _is_hidden(path.relative_to(folder))
    }
    return Checked(
        len(listed),
        sorted(n for n, d in listed.items() if n in there and sha256_of(there[n]) != d),
        sorted(listed.keys() - there.keys()),
        sorted(there.keys() - listed.keys() - {MANIFEST}),
    )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)
