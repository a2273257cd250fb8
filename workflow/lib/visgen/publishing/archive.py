"""An archive whose bytes follow from its files alone, and the checksums of what is in it."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

#: Name of the list of checksums, as ``sha256sum --check`` reads it.
MANIFEST = "manifest-sha256.txt"

#: Name of the configuration with all defaults filled in.
FILLED = "config.filled.yaml"

# The first moment that such an archive can tell: no clock is asked.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_FOLDER_MODE = 0o040755 << 16 | 0x10
# These are packed already; to try again takes long and saves nothing.
_PACKED = {".png", ".parquet", ".npz", ".jpg", ".safetensors"}


def write_archive(path: str | Path, files: Mapping[str, bytes | Path]) -> None:
    """Write an archive, with the checksums of its files as the last of them.

    Parameters
    ----------
    path
        Of the archive.
    files
        By name in the archive: what is in it, or the file that holds it.

    Raises
    ------
    ValueError
        If a name could leave the folder that the archive is unpacked into.
    """
    with zipfile.ZipFile(path, "w") as archive:
        lines, folders = [], set()
        for name in sorted(files):
            check_name(name)
            # Readers of crates look for folders, too.
            for folder in list(PurePosixPath(name).parents)[-2::-1]:
                if folder not in folders:
                    folders.add(folder)
                    archive.writestr(_entry(f"{folder}/"), b"")
            content = files[name]
            with archive.open(_entry(name), "w", force_zip64=True) as entry:
                digest = hashlib.sha256()
                for block in _blocks(content):
                    digest.update(block)
                    entry.write(block)
            lines.append(f"{digest.hexdigest()}  {name}\n")
        archive.writestr(_entry(MANIFEST), "".join(lines))


def check_name(name: str) -> None:
    """Refuse a name in an archive that is not relative, or leaves the folder.

    Raises
    ------
    ValueError
        If it is so.

    Examples
    --------
    >>> check_name("report/metrics.tsv")
    >>> check_name("../metrics.tsv")
    Traceback (most recent call last):
    ValueError: name in the archive: found '../metrics.tsv', expected a path inside it
    """
    parts = PurePosixPath(name).parts
    unsafe = not parts or parts[0] == "/" or ".." in parts or "\\" in name or ":" in parts[0]
    if unsafe:
        raise ValueError(f"name in the archive: found {name!r}, expected a path inside it")


def read_manifest(text: str) -> dict[str, str]:
    """Return the checksums by name.

    Raises
    ------
    ValueError
        If a line is no checksum and name.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name:
            raise ValueError(
                f"{MANIFEST}, line {number}: found {line!r}, expected a SHA-256 and a name"
            )
        check_name(name)
        found[name] = digest
    return found


def sha256_of(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.create_system = 3  # as on Unix, wherever it is made
    entry.external_attr = _FOLDER_MODE if entry.is_dir() else _MODE
    packed = PurePosixPath(name).suffix in _PACKED
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    return entry


def _blocks(content: bytes | Path):
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while block := file.read(1 << 20):
            yield block
