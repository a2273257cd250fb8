"""Which images of a study train, and as which taxon."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.tables import read_table

#: Part of the images whose taxon is withheld from all training.
UNSEEN = "unseen"


class Labels(NamedTuple):
    """What a training learns from.

    Attributes
    ----------
    n_images
        Number of training images of each taxon that has one, by name, sorted: the rows of the
        head.
    codes
        (n_images,): row of the head of each image's taxon; -1 where it is not among them.
    train, val
        Rows of the images that train, and of those that validate.
    """

    n_images: dict[str, int]
    codes: np.ndarray
    train: np.ndarray
    val: np.ndarray


def study_images(
    specimens: pd.DataFrame, parts: pd.Series, rank: str, withheld: Collection[str]
) -> pd.DataFrame:
    """Label images by taxon and part.

    Parameters
    ----------
    specimens
        Columns id, path, sha256 and `rank`; one row an image.
    parts
        train, val or test, index id.
    rank
        Rank of the taxa.
    withheld
        Taxa that no training may see.

    Returns
    -------
    DataFrame
        Columns id, path, sha256, taxon (None where the image has no label at the rank) and part
        (``unseen`` for withheld taxa), sorted by id.

    Raises
    ------
    ValueError
        If the rank is no column, an id is there twice or has no part, or a withheld taxon has no
        image.
    """
    if rank not in specimens:
        raise ValueError(
            f"config key visual_genetic.rank: found {rank!r}, expected a column of the specimens: "
            f"{', '.join(map(str, specimens.columns))}"
        )
    images = specimens[["id", "path", "sha256", rank]].rename(columns={rank: "taxon"})
    images = images.sort_values("id", ignore_index=True)
    twice = images.loc[images["id"].duplicated(), "id"]
    if len(twice):
        raise ValueError(f"specimens: id {twice.iloc[0]!r} is there twice, expected once")
    images["part"] = images["id"].map(parts)
    lacking = images.loc[images["part"].isna(), "id"]
    if len(lacking):
        raise ValueError(
            f"split: no part for {len(lacking)} images, such as {lacking.iloc[0]!r}; expected one "
            "for each image of the specimens"
        )
    images["taxon"] = images["taxon"].astype(object).where(images["taxon"].notna(), None)
    unknown = sorted(set(withheld) - set(images["taxon"]))
    if unknown:
        raise ValueError(f"withheld: no image of {unknown[0]!r} at rank {rank}")
    images.loc[images["taxon"].isin(list(withheld)), "part"] = UNSEEN
    return images


def label_images(images: pd.DataFrame) -> Labels:
    """Return what a training learns from.

    Parameters
    ----------
    images
        As `study_images` returns it.

    Raises
    ------
    ValueError
        If there are fewer than two taxa with training images.
    """
    labelled = images["taxon"].notna()
    taxa = sorted(images.loc[labelled & (images["part"] == "train"), "taxon"].unique())
    if len(taxa) < 2:
        raise ValueError(
            f"visual_genetic: found {len(taxa)} taxa with training images "
            f"({', '.join(taxa) or 'none'}), expected 2 or more to tell apart"
        )
    code_of = {taxon: code for code, taxon in enumerate(taxa)}
    codes = images["taxon"].map(code_of).fillna(-1).to_numpy(dtype=np.int64)
    train, val = (
        np.flatnonzero((images["part"] == part) & (codes >= 0)) for part in ("train", "val")
    )
    n_images = dict(zip(taxa, np.bincount(codes[train]).tolist(), strict=True))
    return Labels(n_images, codes, train, val)


def read_withheld(paths: Sequence[str], scope: str) -> list[str]:
    """Return the taxa that a scope withholds from all training.

    Parameters
    ----------
    paths
        The table of withheld taxa, with columns taxon and `scope`; none where a scope withholds
        nothing.
    """
    tables = [read_table(path) for path in paths]
    return [taxon for table in tables for taxon in table.loc[table[scope], "taxon"]]
