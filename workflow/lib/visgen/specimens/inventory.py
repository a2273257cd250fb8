"""What lies in a folder of images, as a digest: a new or changed file is noticed by it."""

import hashlib
import os
from pathlib import Path


def inventory(folder: str | Path) -> str:
    """Return a digest of the listing of a folder and all below it.

    Parameters
    ----------
    folder
        Links are followed; one back to a folder above is passed over.

    Returns
    -------
    str
        SHA-256 of names, sizes and times, in hexadecimal digits. No file is opened.
    """
    listing, seen = hashlib.sha256(), set()
    for here, folders, files in os.walk(folder, followlinks=True):
        if os.path.realpath(here) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(here))
        folders.sort()
        for name in sorted(files):
            path = Path(here, name)
            stat = path.stat() if path.exists() else path.lstat()
            entry = f"{path.relative_to(folder)}\t{stat.st_size}\t{stat.st_mtime_ns}"
            listing.update(entry.encode(errors="surrogateescape") + b"\n")
    return listing.hexdigest()
