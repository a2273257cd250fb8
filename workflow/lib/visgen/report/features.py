"""What the report's page says of weights that were learned without labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visgen.tables import read_table


def pretraining_content(histories: Sequence[str], figures: Sequence[str]) -> dict[str, Any]:
    """Return where each training ended, beside what chance gives, and its figure.

    Parameters
    ----------
    histories
        ``<model>/history.tsv``, one row an epoch.
    figures
        ``<model>/history.png``.
    """
    drawn = {Path(path).parent.name: path for path in figures}
    rows = []
    for path in histories:
        model, history = Path(path).parent.name, read_table(path)
        rows.append(
            history.iloc[-1].to_dict()
            | {"model": model, "n_epochs": len(history), "figure": drawn[model]}
        )
    return {"pretraining_rows": rows}
