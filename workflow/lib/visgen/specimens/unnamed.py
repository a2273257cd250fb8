"""From a folder of photographs that nobody has named to the accepted ones and the rejected rest."""

import logging
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from visgen.fields import string_column
from visgen.specimens import checks
from visgen.specimens.columns import UNNAMED_FIELDS
from visgen.specimens.entries import (
    accepted,
    fill_specimens,
    inspect_files,
    left,
    refuse,
    rejected,
)
from visgen.specimens.files import match_rows, scan_folder
from visgen.specimens.images import EXTENSIONS, MAX_PIXELS, ImageFacts, inspect_image
from visgen.specimens.oddities import Look, look_at
from visgen.specimens.spelling import say_near_specimens

log = logging.getLogger(__name__)


def ingest_unnamed(
    images: str | Path,
    *,
    meta: pd.DataFrame | None = None,
    specimen_pattern: str | None = None,
    max_pixels: int = MAX_PIXELS,
    min_side: int = 1,
    max_aspect_ratio: float = math.inf,
    background: tuple[int, int, int] = (255, 255, 255),
    workers: int = 1,
    inspect: Callable[..., ImageFacts] = inspect_image,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check every photograph of a folder, and every row of a table about them if there is one.

    A row and the file that it names are one entry, a row without a file and a file without a row
    are one each. Every entry ends in exactly one of the two tables; a file without a row is a
    photograph like others. Reasons are given in the order of this list, and a later check sees
    only what the earlier ones have left: ``no_filename outside_folder missing_file not_in_meta``
    (no name that a table could hold) ``not_an_image repeated_row conflicting_rows name_too_long
    empty_file unreadable truncated too_many_pixels too_small too_elongated conflicting_duplicate
    duplicate``.

    Of two that are the same picture, the one whose id sorts last is a ``duplicate``; where they
    are said to be of different specimens, by the table or the pattern, nobody knows of which the
    picture is, and both are refused as ``conflicting_duplicate``.

    Parameters
    ----------
    images : path
        The folder; folders in it are searched too.
    meta : DataFrame, optional
        As `visgen.specimens.table.read_unnamed_meta` returns it.
    specimen_pattern : str, optional
        A regular expression with a group ``specimen``, searched in the id of an image whose
        specimen is a gap. An image that gets no specimen this way is a specimen by itself.
    max_pixels, min_side, max_aspect_ratio, background
        As in `visgen.specimens.images.inspect_image`.
    workers : int
        Threads that decode images. The result does not depend on it.
    inspect : callable
        As in `visgen.specimens.ingest.ingest`.

    Returns
    -------
    photographs : DataFrame
        One row an accepted image, sorted by specimen and id: ``id path sha256 width height``, as
        in `visgen.specimens.ingest.ingest`, ``specimen`` (never null), ``view``, ``source``,
        ``place`` and ``reading``, and the measures of `visgen.specimens.oddities.Look`. None
        where all are rejected (see `visgen.specimens.rejections.check_any`).
    rejected : DataFrame
        One row a rejected entry, sorted: ``file``, ``reason``, ``detail``.

    Raises
    ------
    ValueError
        When the folder has no file that may be an image, or an argument is wrong.
    NotADirectoryError
        When there is no such folder.
    """
    files = scan_folder(images)
    _check_some_image(images, files)
    if meta is None:
        none = {field: string_column([]) for field in ("filename", *UNNAMED_FIELDS)}
        meta = pd.DataFrame({"line": pd.array([], dtype="Int64"), **none})
    entries = match_rows(meta.reset_index(drop=True), files, None)
    _say_lost_rows(entries, len(meta))
    entries["specimen"] = fill_specimens(entries, specimen_pattern)
    say_near_specimens(entries["specimen"].dropna())

    refuse(entries, checks.find_repeated_rows(left(entries), ["specimen"]))
    refuse(entries, checks.find_long_names(left(entries), []))
    look = partial(
        inspect,
        max_pixels=max_pixels,
        background=background,
        min_side=min_side,
        max_aspect_ratio=max_aspect_ratio,
        measure=look_at,
    )
    entries = inspect_files(entries, look, workers)
    refuse(entries, _find_conflicting(left(entries)))
    # whatever else is said of them: the labels compared are alike in every group of doubles
    refuse(entries, checks.find_duplicates(left(entries), ["pixels"]))

    entries["specimen"] = entries["specimen"].fillna(entries["id"])
    columns = ["id", "path", "sha256", "width", "height", *UNNAMED_FIELDS, "reading"]
    photographs = accepted(entries, columns, images)
    looks = left(entries)["measured"].tolist()
    looks = pd.DataFrame(looks, photographs.index, columns=list(Look._fields), dtype=float)
    photographs = photographs.join(looks)
    return photographs.sort_values(["specimen", "id"], ignore_index=True), rejected(entries)


def _check_some_image(images: str | Path, files: pd.DataFrame) -> None:
    """Refuse a folder in which no file may be an image."""
    if not (files["reason"] == "not_an_image").all():
        return
    found = "no file"
    if len(files):
        shown = ", ".join(map(repr, files["name"].head(3)))
        found = f"{len(files)} files, none of which is an image ({shown}{', …' * (len(files) > 3)})"
    raise ValueError(
        f"{images}: found {found}; expected photographs, whose names end in {' '.join(EXTENSIONS)}"
    )


def _say_lost_rows(entries: pd.DataFrame, n_rows: int) -> None:
    """Warn of rows whose file is not there: where it is under another name, they are not used."""
    lost = entries[entries["line"].notna() & entries["path"].isna()]
    if len(lost):
        first = lost.iloc[0]
        log.warning(
            "%d of %d rows of the table name no file of the folder, first %r in line %s",
            len(lost), n_rows, first["file"], first["line"],
        )  # fmt: skip


def _find_conflicting(rows: pd.DataFrame) -> pd.DataFrame:
    """Refuse pictures that are there twice and said to be of different specimens."""
    found = checks.find_duplicates(rows[rows["specimen"].notna()], ["specimen"])
    return found[found["reason"] == "conflicting_duplicate"]
