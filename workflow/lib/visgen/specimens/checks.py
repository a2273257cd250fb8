"""Checks of rows against each other. Each returns the rows it refuses and says why.

A refusal table has the index of the refused rows and two columns: ``reason``, ``detail``.
Labels are the names at all ranks; a gap and a name are different labels.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from visgen.names import MAX_LENGTH, too_long

_SPLITS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_SET = r"[\s_-]*set$|\.$"  # as in "test set"


def find_repeated_rows(rows: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Refuse rows that name the same file: the later ones, or all where their labels differ.

    Parameters
    ----------
    rows : DataFrame
        With ``id``, ``line``, the ranks, and what else a table may have (``specimen``, ``view``,
        ``source``, ``place``, ``split``); in the order of the table.
    ranks : list of str
        The ranks, coarse to fine.

    Returns
    -------
    DataFrame
        Refusals ``repeated_row`` and ``conflicting_rows``.
    """
    refused = {}
    found = list(_compare(rows, "id", ranks))
    cells = _cells(rows, found)
    for index, other, difference in found:
        named = f"line {cells[other]['line']} names the same file"
        if difference:
            refused[index] = "conflicting_rows", f"{named}, but {difference}"
        else:
            told = ["specimen", "view", "source", "place", "split"]
            refused[index] = "repeated_row", named + _differences(cells[index], cells[other], told)
    return refusals(refused)


def find_duplicates(rows: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Refuse pictures that are there twice: all but the first, or all where their labels differ.

    The same picture is the same upright pixels, whatever the files' formats and metadata.

    Parameters
    ----------
    rows : DataFrame
        With ``id``, ``sha256``, ``pixels``, the ranks, and ``specimen`` and ``split`` if any.
    ranks : list of str
        The ranks, coarse to fine.

    Returns
    -------
    DataFrame
        Refusals ``duplicate`` and ``conflicting_duplicate``. The first is the one whose id
        sorts first, whatever its specimen and split.
    """
    rows = rows.sort_values("id")
    refused = {}
    found = list(_compare(rows, "pixels", ranks))
    cells = _cells(rows, found)
    for index, other, difference in found:
        what = "content" if cells[index]["sha256"] == cells[other]["sha256"] else "pixels"
        same = f"same {what} as {cells[other]['id']}"
        if difference:
            refused[index] = "conflicting_duplicate", f"{same}, but {difference}"
        else:
            also = _differences(cells[index], cells[other], ["specimen", "split"])
            refused[index] = "duplicate", same + also
    return refusals(refused)


def find_unlabelled(rows: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Refuse rows without a name at any rank: ``no_labels``."""
    without = rows.index[rows[list(ranks)].isna().all(axis=1)]
    return refusals(dict.fromkeys(without, ("no_labels", f"no name at {', '.join(ranks)}")))


def find_long_names(rows: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Refuse rows with a name of more than `visgen.names.MAX_LENGTH` letters: ``name_too_long``.

    The path of an image that is its own specimen is no name.
    """
    refused = {}
    for column in (*ranks, "specimen"):
        long = (rows[column].str.len() > MAX_LENGTH) & (rows[column] != rows["id"])
        for index, name in rows.loc[long, column].items():
            refused.setdefault(index, ("name_too_long", f"{column} {too_long(name)}"))
    return refusals(refused)


def find_unknown_splits(rows: pd.DataFrame) -> pd.DataFrame:
    """Refuse rows whose split is a word that `read_splits` does not know: ``unknown_split``."""
    known = set(_SPLITS.values())
    return refusals({
        index: ("unknown_split", f"found split {_shown(split)}, expected train, val or test")
        for index, split in rows["split"].dropna().items() if split not in known
    })  # fmt: skip


def read_splits(splits: pd.Series) -> pd.Series:
    """Bring the words for train, val and test to these three; leave others as they are."""
    words = splits.str.casefold().str.replace(_SET, "", regex=True)
    return words.map(_SPLITS).astype("str").fillna(splits)


def _compare(
    rows: pd.DataFrame, by: str, ranks: Sequence[str]
) -> Iterator[tuple[int, int, str | None]]:
    """Yield each row to refuse, the row it is held against, and their difference in labels.

    Rows with the same value of ``by`` are one group. Where its labels agree, all rows but the
    first are yielded with no difference; where they do not, all rows are, each against the
    first row of the group with other labels.
    """
    names = rows[list(ranks)].fillna("").astype("object")  # quicker to go through
    labels = list(names.itertuples(index=False, name=None))
    entries = list(zip(rows.index, rows[by].tolist(), labels, strict=True))
    first, rival = {}, {}
    for entry in entries:
        _, group, label = entry
        if label != first.setdefault(group, entry)[2]:
            rival.setdefault(group, entry)
    for entry in entries:
        index, group, label = entry
        if group in rival:
            other, _, there = first[group] if label != first[group][2] else rival[group]
            here, there = dict(zip(ranks, label, strict=True)), dict(zip(ranks, there, strict=True))
            rank = next(rank for rank in ranks if here[rank] != there[rank])
            yield index, other, _differences(here, there, [rank]).removeprefix("; ")
        elif entry is not first[group]:
            yield index, first[group][0], None


def _cells(rows: pd.DataFrame, found: list[tuple[int, int, str | None]]) -> dict[int, dict]:
    """Return the rows that are told about, as plain dictionaries: quick to read cell by cell."""
    told = sorted({row for *pair, _ in found for row in pair})
    return rows.loc[told].astype("object").to_dict("index")


def _differences(here: dict, there: dict, columns: list[str]) -> str:
    known = [column for column in columns if column in here]
    pairs = [(column, _shown(here[column]), _shown(there[column])) for column in known]
    return "".join(f"; {column} is {a} here and {b} there" for column, a, b in pairs if a != b)


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) and value else "empty"


def refusals(refused: dict[int, tuple[str, str]]) -> pd.DataFrame:
    """Return a refusal table from the reason and detail of each row."""
    return pd.DataFrame(
        list(refused.values()), index=list(refused), columns=["reason", "detail"], dtype="str"
    )
