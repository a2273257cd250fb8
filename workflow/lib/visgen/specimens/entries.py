"""Entries of an intake, a row with its file or one without the other: which are left, and why not.

A table of entries has a line each, and the columns ``file`` (a name for a person), ``line`` (of
the user's table), ``id``, ``path``, ``specimen``, ``reason`` and ``detail``; these two are null
for what is left.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from visgen.names import normalise_text
from visgen.specimens.checks import refusals
from visgen.specimens.images import ImageFacts, RefusedImage
from visgen.specimens.paths import compile_pattern


def left(entries: pd.DataFrame) -> pd.DataFrame:
    """Return the entries that no check has refused so far."""
    return entries[entries["reason"].isna()]


def refuse(entries: pd.DataFrame, refused: pd.DataFrame) -> None:
    """Mark entries, in place, with what a check of `visgen.specimens.checks` refuses."""
    entries.loc[refused.index, ["reason", "detail"]] = refused


def fill_specimens(entries: pd.DataFrame, pattern: str | None) -> pd.Series:
    """Return the given specimens, else those that a pattern finds in the ids; gaps stay.

    Parameters
    ----------
    entries : DataFrame
        With ``id`` and ``specimen``.
    pattern : str, optional
        A regular expression with a group ``specimen``.

    Raises
    ------
    ValueError
        If the pattern is none, or has no such group or others.
    """
    specimens = entries["specimen"]
    if pattern is None:
        return specimens
    expression = compile_pattern(pattern, required=["specimen"], allowed=["specimen"])
    matches = [expression.search(name) for name in entries["id"].fillna("").tolist()]
    found = [normalise_text(match["specimen"] or "") if match else "" for match in matches]
    found = pd.Series(found, index=entries.index, dtype="str")
    return specimens.fillna(found.mask(found == ""))


def inspect_files(
    entries: pd.DataFrame, look: Callable[[str], ImageFacts], workers: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decode the images of the entries that are left.

    Parameters
    ----------
    entries : DataFrame
        With ``path``, ``reason`` and ``detail``.
    look : callable
        From a path to the facts, or a `RefusedImage`.
    workers : int
        Threads that decode. The result does not depend on it.

    Returns
    -------
    DataFrame
        The entries with the refusals, and the facts beside them; null where there are none.

    Raises
    ------
    ValueError
        If there are no workers.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; expected at least 1")
    facts, refused = {}, {}
    waiting = left(entries)
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(partial(_look, look), waiting["path"])
        results = tqdm(results, total=len(waiting), unit="image", mininterval=5, file=sys.stderr)
        for index, result in zip(waiting.index, results, strict=True):
            if isinstance(result, ImageFacts):
                facts[index] = result
            else:
                refused[index] = result.reason, result.detail
    entries = entries.copy()
    refuse(entries, refusals(refused))
    found = pd.DataFrame(list(facts.values()), index=list(facts), columns=ImageFacts._fields)
    return entries.join(found)


def accepted(entries: pd.DataFrame, columns: Sequence[str], images: str | Path) -> pd.DataFrame:
    """Return columns of the inspected entries that are left, with paths inside the folder."""
    rows = left(entries)[list(columns)]
    inside = [Path(path).relative_to(images).as_posix() for path in rows["path"]]
    rows = rows.assign(path=pd.Series(inside, rows.index, dtype="str"))
    return rows.astype({"sha256": "str", "width": "int64", "height": "int64", "reading": "str"})


def rejected(entries: pd.DataFrame) -> pd.DataFrame:
    """Return ``file``, ``reason`` and ``detail`` of the refused entries, sorted."""
    rows = entries[entries["reason"].notna()]
    rows = rows.sort_values(["file", "line", "reason", "detail"], ignore_index=True)
    line = rows["line"].astype("str")
    rows["detail"] = ("line " + line + ": ").fillna("") + rows["detail"]
    return rows[["file", "reason", "detail"]]


def _look(look: Callable[[str], ImageFacts], path: str) -> ImageFacts | RefusedImage:
    try:
        return look(path)
    except RefusedImage as refusal:
        return refusal
