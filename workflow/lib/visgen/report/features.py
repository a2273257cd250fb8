"""What the report's page says of networks: what they see, and how weights were learned."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visgen.features.seen import CUT
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


def seen_content(
    tables: Sequence[str], figures: Sequence[str], backbones: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what each network sees of the images, how much is cut, and where it comes from.

    Parameters
    ----------
    tables
        ``<backbone>/seen.tsv``, as `visgen.features.seen.summarise_cuts` makes them.
    figures
        ``<backbone>/seen.png``, in the same order.
    backbones
        By name: model and weights.
    """
    rows = []
    for path, figure in zip(tables, figures, strict=True):
        name, (row,) = Path(path).parent.name, read_table(path).to_dict("records")
        rows.append(row | backbones[name] | {"backbone": name, "figure": figure})
    used = {backbone["weights"] for backbone in backbones.values()}
    return {"seen_rows": rows, "cut": CUT, "uses_bundled": "bundled" in used}
