"""Tables on disk: tab-separated, an empty cell is a gap, no word is."""

from pathlib import Path

import pandas as pd


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table; "NA" and "nan" stay names."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table without its index; numbers come back exactly."""
    table.to_csv(path, sep="\t", index=False)
