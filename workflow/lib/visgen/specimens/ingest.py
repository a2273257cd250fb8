"""From a folder of images and a table to the accepted specimens and the rejected rest."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from visgen.specimens import checks
from visgen.specimens.columns import OPTIONAL_FIELDS, check_ranks
from visgen.specimens.contradictions import (
    find_contradictory_specimens,
    find_contradictory_taxa,
)
from visgen.specimens.entries import (
    accepted,
    fill_specimens,
    inspect_files,
    left,
    refuse,
    rejected,
)
from visgen.specimens.files import match_rows, scan_folder
from visgen.specimens.images import MAX_PIXELS, ImageFacts, inspect_image
from visgen.specimens.options import CONTRADICTIONS
from visgen.specimens.paths import labels_from_paths
from visgen.specimens.spelling import say_near_specimens, unify_names


def ingest(
    images: str | Path,
    *,
    ranks: Sequence[str],
    meta: pd.DataFrame | None = None,
    path_pattern: str | None = None,
    missing_values: Iterable[str] = (),
    synonyms: Mapping[str, str] | None = None,
    specimen_pattern: str | None = None,
    contradictions: str = "reject",
    max_pixels: int = MAX_PIXELS,
    min_side: int = 1,
    max_aspect_ratio: float = math.inf,
    background: tuple[int, int, int] = (255, 255, 255),
    workers: int = 1,
    inspect: Callable[..., ImageFacts] = inspect_image,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check every row of a table and every file of a folder, and each against the others.

    A row and the file that it names are one entry, a row without a file and a file without a row
    are one each. Every entry ends in exactly one of the two tables. Reasons are given in the
    order of this list, and a later check sees only what the earlier ones have left:
    ``no_filename outside_folder missing_file not_in_meta not_an_image repeated_row
    conflicting_rows no_labels name_too_long unknown_split empty_file unreadable truncated
    too_many_pixels too_small too_elongated duplicate conflicting_duplicate contradictory_taxonomy
    contradictory_specimen``.

    Parameters
    ----------
    images : path
        The folder; folders in it are searched too.
    ranks : list of str
        The ranks, coarse to fine.
    meta : DataFrame, optional
        As `visgen.specimens.table.read_meta` returns it.
    path_pattern : str, optional
        Instead of ``meta``: the pattern of `visgen.specimens.paths.labels_from_paths`.
    missing_values : iterable of str
        Used with ``path_pattern`` only: names that say nothing.
    synonyms : mapping of str to str, optional
        As `visgen.name_tables.read_synonyms` returns it.
    specimen_pattern : str, optional
        A regular expression with a group ``specimen``, searched in the id of an image whose
        specimen is a gap. An image that gets no specimen this way is a specimen by itself.
    contradictions : {"reject", "keep"}
        What happens to the rarer placements of a taxon or a specimen.
    max_pixels, min_side, max_aspect_ratio, background
        As in `visgen.specimens.images.inspect_image`. Images of other sizes are refused undecoded.
    workers : int
        Threads that decode images. The result does not depend on it.
    inspect : callable
        What looks at a file, as `visgen.specimens.images.inspect_image` does; one that reads less
        (`visgen.specimens.headers.header_inspector`) finds less.

    Returns
    -------
    specimens : DataFrame
        One row an accepted image, sorted by id: ``id`` (path inside the folder, forward slashes,
        Unicode NFC), ``path`` (the same as on disk), ``sha256``, ``width``, ``height`` (pixels,
        upright), the ranks, ``specimen`` (never null), ``view``, ``source``, ``split`` (train, val,
        test; null where none is given), ``reading`` (what had to be decided to read the image, null
        where nothing had).
    rejected : DataFrame
        One row a rejected entry, sorted: ``file``, ``reason``, ``detail``.

    Raises
    ------
    ValueError
        When not exactly one of ``meta`` and ``path_pattern`` is given, or an argument is wrong.
    NotADirectoryError
        When there is no such folder.
    """
    check_ranks(ranks)
    if (meta is None) == (path_pattern is None):
        raise ValueError("give either a table of images or a pattern over their paths")
    if contradictions not in CONTRADICTIONS:
        known = " or ".join(map(repr, CONTRADICTIONS))
        raise ValueError(f"contradictions is {contradictions!r}; expected {known}")
    files = scan_folder(images)
    unnamed = "no row of the table names this file"
    if meta is None:
        sound = files.loc[files["reason"].isna(), "id"]
        meta = labels_from_paths(sound, path_pattern, ranks, missing_values)
        unnamed = f"the pattern {path_pattern!r} is not found in its path"
    meta = unify_names(meta.reset_index(drop=True), ranks, synonyms or {})
    entries = match_rows(meta, files, unnamed)
    entries["specimen"] = fill_specimens(entries, specimen_pattern).fillna(entries["id"])
    say_near_specimens(entries.loc[entries["specimen"] != entries["id"], "specimen"].dropna())
    entries["split"] = checks.read_splits(entries["split"])

    refuse(entries, checks.find_repeated_rows(left(entries), ranks))
    refuse(entries, checks.find_unlabelled(left(entries), ranks))
    refuse(entries, checks.find_long_names(left(entries), ranks))
    refuse(entries, checks.find_unknown_splits(left(entries)))
    look = partial(
        inspect,
        max_pixels=max_pixels,
        background=background,
        min_side=min_side,
        max_aspect_ratio=max_aspect_ratio,
    )
    entries = inspect_files(entries, look, workers)
    refuse(entries, checks.find_duplicates(left(entries), ranks))
    match contradictions:
        case "reject":
            refuse(entries, find_contradictory_taxa(left(entries), ranks))
            refuse(entries, find_contradictory_specimens(left(entries), ranks))
        case "keep":
            pass

    columns = ["id", "path", "sha256", "width", "height", *ranks, *OPTIONAL_FIELDS, "reading"]
    specimens = accepted(entries, columns, images)
    return specimens.sort_values("id", ignore_index=True), rejected(entries)
