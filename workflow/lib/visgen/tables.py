"""Tables on disk: tab-separated, an empty cell is a gap, no word is."""

from pathlib import Path

import pandas as pd

#: Columns of names, which stay text where all look like numbers: taxon 007, backbone 50.
NAMES = [
    *("against", "anchor_of", "anchors", "backbone", "duplicate_of", "file", "given_taxon"),
    *("name", "parent", "predicted", "similar_name", "taxon", "truth", "variant"),
]


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table; "NA", "nan" and "007" stay names."""
    types = dict.fromkeys(NAMES, "str")
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], dtype=types)


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table without its index; numbers come back exactly."""
    table.to_csv(path, sep="\t", index=False)
