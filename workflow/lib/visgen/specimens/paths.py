"""Labels of images, read from the folders they lie in and from their names."""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from visgen.fields import (
    clean_cell,
    gap_words,
    string_column,
)
from visgen.specimens.columns import OPTIONAL_FIELDS, check_ranks


def labels_from_paths(
    files: Iterable[str],
    pattern: str,
    ranks: Sequence[str],
    missing_values: Iterable[str] = (),
) -> pd.DataFrame:
    """Read the labels of images from their paths, for a study without a table.

    Parameters
    ----------
    files : iterable of str
        Paths inside the images folder, with forward slashes.
    pattern : str
        A regular expression, searched in each path. It has a named group for every rank and may
        have groups ``specimen``, ``view``, ``source`` and ``split``, for example
        ``(?P<species>(?P<genus>[^_/]+)_[^/]+)/[^/]+$``. A rank's group may span folders, as in
        ``(?P<species>(?P<genus>[^/]+)/[^/]+)/``: what parts them is a blank in the name.
    ranks : list of str
        The ranks, coarse to fine.
    missing_values : iterable of str
        As in `visgen.specimens.table.read_meta`.

    Returns
    -------
    DataFrame
        The columns of `visgen.specimens.table.read_meta`, ``line`` null; one line for each path
        in which the pattern is found, in the order given. The other paths are left to the caller.

    Raises
    ------
    ValueError
        When the pattern is no regular expression, lacks a rank or has a group of another name.
    """
    check_ranks(ranks)
    expression = compile_pattern(pattern, required=ranks, allowed=(*ranks, *OPTIONAL_FIELDS))
    gaps = gap_words(missing_values)
    matches = [(file, match) for file in files if (match := expression.search(file))]
    meta = pd.DataFrame({"line": pd.array([None] * len(matches), dtype="Int64")})
    meta["filename"] = string_column([file for file, _ in matches])
    for field in (*ranks, *OPTIONAL_FIELDS):
        found = field in expression.groupindex
        parting = " " if field in ranks else "/"
        meta[field] = string_column(
            [clean_cell((match[field] or "").replace("/", parting), field, ranks, gaps)
             if found else None for _, match in matches]
        )  # fmt: skip
    return meta


def compile_pattern(pattern: str, required: Sequence[str], allowed: Sequence[str]) -> re.Pattern:
    """Compile a regular expression and check the names of its groups.

    Raises
    ------
    ValueError
        When it is no regular expression, lacks a required group or has one that is not allowed.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from None
    for group in required:
        if group not in expression.groupindex:
            raise ValueError(f"the pattern {pattern!r} has no group (?P<{group}>…)")
    for group in expression.groupindex:
        if group not in allowed:
            raise ValueError(
                f"the pattern {pattern!r} has a group {group!r}; known are {', '.join(allowed)}"
            )
    return expression
