"""Whether a folder of images is as it was, told without reading it, as git tells it."""

import csv
import hashlib
import os
from pathlib import Path
from stat import S_ISDIR


def inventory(folder: str | Path, cache: str | Path, images: str | Path) -> str:
    """Return a digest of a folder that changes with the names and contents of its files.

    Size and date stand for a content. Where the date alone is new, the file is read, if the last
    ingest has left its checksum: the same content is no change.

    Parameters
    ----------
    folder
        Links are followed; one back to a folder above is passed over.
    cache
        Where sizes, dates, and what stands for contents, are kept for the next time.
    images
        The table of images of the last ingest, with path and sha256, if there was one.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits: the same where the folder has moved.
    """
    files: list[str] = []
    _list(f"{folder}/", "", (), files)
    cache, listing = Path(cache), _digest(files)
    old_listing = old_digest = None
    before: list[str] = []
    if cache.is_file():
        with cache.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            old_listing, old_digest = next(lines).split()
            if listing == old_listing:
                return old_digest
            before = lines.read().splitlines()
    contents = _contents(folder, files, before, _checksums(Path(images), newer_than=cache))
    named = [f"{content}\t" + file.rsplit("\t", 2)[0] for file, content in contents.items()]
    digest = _digest(named)
    changed = cache.stat().st_mtime_ns if digest == old_digest else None
    lines = [f"{listing} {digest}", *(f"{file}\t{known}" for file, known in contents.items()), ""]
    cache.parent.mkdir(parents=True, exist_ok=True)
    whole = cache.with_name(f".{cache.name}.{os.getpid()}")  # other runs may read it
    whole.write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    whole.replace(cache)
    if changed is not None:
        os.utime(cache, ns=(changed, changed))  # dates it by the last change of a content
    return digest


def _list(folder: str, prefix: str, above: tuple[tuple[int, int], ...], files: list[str]) -> None:
    """Add a line for each file below a folder: name, size in bytes, time of change in ns."""
    status = Path(folder).stat()
    above = (*above, (status.st_dev, status.st_ino))
    inside = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat()
            except OSError:  # a link to nothing, or to itself
                status = entry.stat(follow_symlinks=False)
            inside.append((entry.name, status))
    for name, status in sorted(inside):
        if not S_ISDIR(status.st_mode):
            line = f"{prefix}{name}\t{status.st_size}\t{status.st_mtime_ns}"
            files.append(line.replace("\n", "\\n"))
        elif (status.st_dev, status.st_ino) not in above:
            _list(f"{folder}{name}/", f"{prefix}{name}/", above, files)


def _contents(
    folder: str | Path, files: list[str], before: list[str], checksums: dict[str, str]
) -> dict[str, str]:
    """Return what stands for the content of each file, by its line."""
    known = dict(line.rsplit("\t", 1) for line in before)
    of_size = {line.rsplit("\t", 1)[0]: content for line, content in known.items()}
    contents = {}
    for file in files:
        name, size, time = file.rsplit("\t", 2)
        content = known.get(file)
        if content is None and (same := of_size.get(f"{name}\t{size}")) and name in checksums:
            with Path(folder, name).open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() == checksums[name]:
                    content = same
        contents[file] = content or f"{size}:{time}"
    return contents


def _checksums(images: Path, newer_than: Path) -> dict[str, str]:
    """Return the checksums of the last ingest, by path; none where files have changed since."""
    dates = [path.stat().st_mtime_ns if path.is_file() else 0 for path in (images, newer_than)]
    if dates[0] <= dates[1]:
        return {}
    with images.open(encoding="utf-8", newline="") as rows:
        return {row["path"]: row["sha256"] for row in csv.DictReader(rows, delimiter="\t")}


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
