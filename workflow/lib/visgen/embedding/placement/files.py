"""Coordinates of placed taxa on disk."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from visgen.embedding.ridge.placing import Placement


def write_coordinates(path: str | Path, placement: Placement | None, taxa: Sequence[str]) -> None:
    """Write the predicted coordinates of the taxa outside the tree (Parquet).

    Parameters
    ----------
    path
        Of the file.
    placement
        None where nothing is placed, of which no row is written.
    taxa
        Names, in the order of the placement. Coordinates are those of the fit to all known taxa.
    """
    if placement is None:
        table = pd.DataFrame(index=pd.Index([], name="taxon"))
    else:
        index = pd.Index(taxa, name="taxon", dtype="str")
        table = pd.DataFrame(placement.fit.coordinates, index=index)[placement.fold.held_out]
    table.rename(columns=str).to_parquet(path)
