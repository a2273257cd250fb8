"""Bad files and rows, planted on purpose, whose detection is known beforehand."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from visgen.simulate.collection import META_COLUMNS, SOURCES, specimen_rows
from visgen.simulate.ranks import RANKS

_KEPT_OF_TRUNCATED = 0.6

Row = dict[str, str]


def plant_errors(
    images: Path, meta: pd.DataFrame, n_sets: int, seed: int, draw: Callable[[Row], bytes]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add bad files and rows to a collection, one of each kind a set; the good ones stay as is.

    Parameters
    ----------
    images : pathlib.Path
        The image folder; one bad file a set lies beside it.
    meta : pandas.DataFrame
        The good rows, as ``collection.lay_out_collection`` returns them; their files exist.
    n_sets : int
        How often each kind is planted; 0 for none.
    seed : int
        Seed of all chance in it.
    draw : callable
        Takes a row, returns the bytes of its JPEG picture.

    Returns
    -------
    rows : pandas.DataFrame
        Rows to add to ``meta``, with the same columns.
    planted : pandas.DataFrame
        Columns file (relative to the image folder), reason (the code expected from the check of
        the images) and detail.

    Raises
    ------
    ValueError
        If n_sets is negative.
    """
    if n_sets < 0:
        raise ValueError(f"planted is {n_sets}; the number of sets cannot be negative")
    rng = np.random.default_rng(seed)
    taxonomy = meta[[*RANKS]].drop_duplicates("species").sort_values("species")
    numbers = count(meta["specimen"].nunique() + 1)
    rows: list[Row] = []
    planted: list[tuple[str, str, str]] = []

    def new_row(candidates: pd.DataFrame = taxonomy) -> Row:
        taxa = candidates.iloc[rng.integers(len(candidates))].to_dict()
        source = str(rng.choice(list(SOURCES)))
        return specimen_rows(taxa, f"VG{next(numbers):05d}", 1, "train", source, "jpg")[0]

    def plant(row: Row, content: bytes | None, reason: str, detail: str) -> None:
        if content is not None:
            (images / row["filename"]).write_bytes(content)
        if reason != "not_in_meta":
            rows.append(row)
        planted.append((row["filename"], reason, detail))

    for k in range(1, n_sets + 1):
        row = new_row()
        content = draw(row)
        kept = int(_KEPT_OF_TRUNCATED * len(content))
        plant(row, content[:kept], "truncated", f"{kept} of {len(content)} bytes")

        plant(new_row(), b"", "empty_file", "a file of zero bytes")
        plant(new_row(), None, "missing_file", "a row without a file")

        good = meta[meta["split"] == "train"]
        original = good.iloc[rng.integers(len(good))].to_dict()
        name = Path(original["filename"])
        copy = original | {"filename": f"{name.stem}_copy{k}{name.suffix}"}
        plant(copy, (images / name).read_bytes(), "duplicate", f"a copy of {name}")

        row = new_row()
        other = new_row(taxonomy[taxonomy["species"] != row["species"]])
        content, what = draw(row), "the same content under another label:"
        plant(row, content, "conflicting_duplicate", f"{what} {other['filename']}")
        plant(other, content, "conflicting_duplicate", f"{what} {row['filename']}")

        row = new_row() | {"filename": f"unlabelled_{k}.jpg"}
        plant(row, draw(row), "not_in_meta", "a file without a row")

        row = new_row()
        elsewhere = taxonomy[taxonomy["family"] != row["family"]]
        wrong = elsewhere.iloc[rng.integers(len(elsewhere))][[*RANKS[:3]]].to_dict()
        detail = f"{row['genus']} in {wrong['family']} instead of {row['family']}"
        plant(row | wrong, draw(row), "contradictory_taxonomy", detail)

        row = new_row() | {"filename": f"../outside_{k}.jpg"}
        plant(row, draw(row), "outside_folder", "a path out of the image folder")
    return (
        pd.DataFrame(rows, columns=list(META_COLUMNS)),
        pd.DataFrame(planted, columns=["file", "reason", "detail"]),
    )
