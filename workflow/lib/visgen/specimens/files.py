"""The files of an images folder, and the rows of the table that name them."""

import os
import posixpath
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pandas as pd

from visgen.names import normalise_text
from visgen.specimens.images import EXTENSIONS

#: In lower case: copies, thumbnails and what was deleted, by systems and their file servers.
_SYSTEM_FOLDERS = {
    "__macosx", "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",
    "$recycle.bin", "recycler", "system volume information", "lost+found",
}  # fmt: skip


def scan_folder(folder: str | Path) -> pd.DataFrame:
    """List every file below a folder, with what forbids it to be an image.

    Links to folders are followed, except back to a folder above.

    Parameters
    ----------
    folder : path
        The images folder.

    Returns
    -------
    DataFrame
        One line a file, sorted: ``id`` (path inside the folder, forward slashes, Unicode NFC;
        null where no row can name the file), ``name`` (the same for a person), ``path`` (folder
        and name as on disk; null with ``id``), ``reason`` and ``detail`` (null for what may be
        an image).

    Raises
    ------
    NotADirectoryError
        When there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: no such folder of images")
    found = []
    for inside, kind in _walk(folder, "", ()):
        # bytes that are not UTF-8 cannot be written to any table: they are shown escaped
        shown = os.fsencode(inside).decode("utf-8", "backslashreplace")
        name = unicodedata.normalize("NFC", shown)
        found.append((name, name != inside, inside, shown == inside, kind))
    files, taken = [], set()
    for name, _, inside, readable, kind in sorted(found, key=lambda file: file[:3]):
        if not readable:
            files.append((None, name, None, "not_in_meta", "its name is not UTF-8"))
        elif name in taken:
            detail = "another file has the same name in another Unicode form"
            files.append((None, name, None, "not_in_meta", detail))
        else:
            taken.add(name)
            files.append((name, name, (folder / inside).as_posix(), *_flaw(name, kind)))
    return pd.DataFrame(files, columns=["id", "name", "path", "reason", "detail"], dtype="str")


def match_rows(meta: pd.DataFrame, files: pd.DataFrame, unnamed: str | None) -> pd.DataFrame:
    """Bring the rows of the table and the files of the folder together.

    Parameters
    ----------
    meta : DataFrame
        As `visgen.specimens.table.read_meta` returns it.
    files : DataFrame
        As `scan_folder` returns it.
    unnamed : str or None
        The detail given for a file that no row names; None where such a file is taken too.

    Returns
    -------
    DataFrame
        One line for each row and for each file that no row names: ``file`` (a name for a
        person), ``reason``, ``detail``, ``id``, ``path`` and the columns of ``meta``. Reasons
        given here are ``no_filename``, ``outside_folder``, ``missing_file``, ``not_in_meta`` and
        those that came with the files; elsewhere the reason is null.
    """
    named = files.dropna(subset="id").set_index("id")
    ids = set(named.index)
    in_other_case = {name.casefold(): name for name in sorted(ids, reverse=True)}
    found = [find_file(name, ids) for name in meta["filename"].tolist()]
    rows = meta.assign(id=pd.Series(found, index=meta.index, dtype="str"))
    rows = rows.join(named[["path", "reason", "detail"]], on="id")
    rows["file"] = rows["id"].fillna(rows["filename"]).fillna("")
    lost = rows.loc[rows["id"].isna(), "filename"]
    why = [_why_not_found(name, in_other_case) for name in lost]
    rows.loc[lost.index, ["reason", "detail"]] = pd.DataFrame(
        why, index=lost.index, columns=["reason", "detail"], dtype="str"
    )
    others = files[~files["id"].isin(rows["id"].dropna())].rename(columns={"name": "file"})
    if unnamed is not None:
        others = others.assign(
            detail=others["detail"].where(others["reason"].notna(), unnamed),
            reason=others["reason"].fillna("not_in_meta"),
        )
    return pd.concat([rows, others], ignore_index=True)


def _walk(
    folder: Path, prefix: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, str | None]]:
    """Yield each file's path inside the folder and, where it is no regular file, what it is."""
    status = folder.stat()
    above = (*above, (status.st_dev, status.st_ino))
    with os.scandir(folder) as entries:
        for entry in entries:
            inside = prefix + entry.name
            if inside == ".snakemake_timestamp":  # the mark of a folder that a rule made
                continue
            # a link that points at itself is an error to an entry, but not to a path
            target = Path(entry.path) if entry.is_symlink() else entry
            if target.is_dir():
                status = target.stat()
                if (status.st_dev, status.st_ino) in above:
                    yield inside, "a link to a folder that it lies in"
                else:
                    yield from _walk(Path(entry.path), inside + "/", above)
            elif target.is_file():
                yield inside, None
            else:
                yield inside, "a broken link" if entry.is_symlink() else "not a regular file"


def _flaw(name: str, kind: str | None) -> tuple[str | None, str | None]:
    suffix = PurePosixPath(name).suffix
    *folders, last = name.split("/")
    if any(part.startswith(".") for part in (*folders, last)):
        return "not_an_image", "a hidden file"
    if system := _SYSTEM_FOLDERS.intersection(map(str.casefold, folders)):
        return "not_an_image", f"in {min(system)!r}, a folder of the system's own"
    if suffix.lower() not in EXTENSIONS:
        return "not_an_image", f"its extension is {suffix!r}, not one of {' '.join(EXTENSIONS)}"
    if kind == "a broken link":
        return "missing_file", kind
    return ("not_an_image", kind) if kind else (None, None)


def find_file(name: object, ids: set[str]) -> str | None:
    """Return the id of the file that a row names, None where there is none.

    A backslash may be a separator; blanks that look alike and what cannot be seen may be strays;
    a name from a web page has %20 for a blank.
    """
    if not isinstance(name, str):
        return None
    for candidate in (name, name.replace("\\", "/"), normalise_text(name), unquote(name)):
        candidate = unicodedata.normalize("NFC", posixpath.normpath(candidate))
        if candidate in ids:
            return candidate
    return None


def _why_not_found(name: object, in_other_case: dict[str, str]) -> tuple[str, str]:
    if not isinstance(name, str):
        return "no_filename", "the row names no file"
    path = posixpath.normpath(name.replace("\\", "/"))
    if path.startswith("/") or PureWindowsPath(name).drive:
        return "outside_folder", f"{name!r} is absolute; expected a path inside the images folder"
    if path.split("/")[0] == "..":
        return "outside_folder", f"{name!r} leaves the images folder"
    near = in_other_case.get(unicodedata.normalize("NFC", path).casefold())
    if near is not None:
        return "missing_file", f"no such file; {near!r} differs only in upper and lower case"
    return "missing_file", "no such file in the images folder"
