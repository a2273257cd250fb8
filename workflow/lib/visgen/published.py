"""Tables of published scores, to be set beside those of a study."""

from pathlib import Path

import pandas as pd

from visgen.tables import read_table


def read_published(path: str | Path) -> pd.DataFrame:
    """Read a table of published scores.

    Returns
    -------
    DataFrame
        source, rank, variant, against (the variant whose score was taken off; null for a score,
        and where the table has no such column), metric, value, note.
    """
    table = read_table(path)
    return table if "against" in table else table.assign(against=None)
