"""An archive as a folder."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visgen.publishing.archive import check_name


@contextmanager
def unpacked(path: str | Path) -> Iterator[Path]:
    """Give the folder that an archive was unpacked into; a packed one is unpacked for a while.

    Raises
    ------
    ValueError
        If there is no such archive or folder, or a name in it leaves the folder.
    """
    path = Path(path)
    if path.is_dir():
        yield path
        return
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: expected an archive of a study (.zip), or the folder of one")
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        for name in archive.namelist():
            check_name(name)
        archive.extractall(folder)
        yield Path(folder)
