"""The tables of accepted images: one for people, and for every stage no more than it needs.

A stage runs again where the bytes of its tables have changed. A note in the table of images, or a
name at another rank, is in no table that a stage reads which does not know of it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from visgen.tables import read_table, write_table


def write_records(paths: Mapping[str, object], specimens: pd.DataFrame) -> None:
    """Write the accepted images.

    Parameters
    ----------
    paths
        specimens: all columns; images: id, path, sha256, width, height; labels: a list, one table
        a rank, named ``<rank>.parquet``, with id, specimen and the rank; taxa: a list too,
        ``<rank>.tsv``, with taxon, sorted; views: id, view; groups: as `name_groups` returns them.
    specimens
        As `visgen.specimens.ingest.ingest` returns them.
    """
    specimens.to_parquet(paths["specimens"], index=False)
    write_table(paths["images"], specimens[["id", "path", "sha256", "width", "height"]])
    for path in paths["labels"]:
        specimens[["id", "specimen", Path(path).stem]].to_parquet(path, index=False)
    ranks = [Path(path).stem for path in paths["taxa"]]
    for rank, path in zip(ranks, paths["taxa"], strict=True):
        write_table(path, pd.DataFrame({"taxon": sorted(specimens[rank].dropna().unique())}))
    specimens[["id", "view"]].to_parquet(paths["views"], index=False)
    name_groups(specimens, ranks).to_parquet(paths["groups"], index=False)


def name_groups(specimens: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Return what is dealt to parts and folds: which images belong together, whatever the names.

    Returns
    -------
    DataFrame
        id, specimen, split and the ranks; a taxon is called by the first of its images' ids.
    """
    groups = specimens[["id", "specimen", "split", *ranks]].copy()
    for rank in ranks:
        groups[rank] = groups.groupby(rank)["id"].transform("min")
    return groups


def read_images(table: str | Path, folder: str | Path) -> pd.DataFrame:
    """Return where the pixels of each image are.

    Parameters
    ----------
    table
        The table ``images``.
    folder
        Of the study's images, which may have moved since.

    Returns
    -------
    DataFrame
        Columns id, path (from the working directory, or absolute as the folder is), sha256, width
        and height (pixels), sorted by id.
    """
    images = read_table(table)
    return images.assign(path=[(Path(folder) / path).as_posix() for path in images["path"]])


def read_labels(tables: Sequence[str | Path]) -> pd.DataFrame:
    """Return the specimen and the taxa of each image.

    Parameters
    ----------
    tables
        The tables ``labels`` of some ranks, one at least.

    Returns
    -------
    DataFrame
        Index id, sorted; specimen, and a column a rank in the order of the tables, gaps null.
    """
    first, *others = [pd.read_parquet(table).set_index("id") for table in tables]
    return first.join([other.drop(columns="specimen") for other in others])
