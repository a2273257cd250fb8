"""Which taxon and part every image of a study has; images of withheld taxa are their own part."""

from collections.abc import Collection, Sequence

import pandas as pd

from visgen.tables import read_table

#: Part of the images whose taxon is withheld from all training.
UNSEEN = "unseen"


def study_images(
    labels: pd.DataFrame, parts: pd.Series, rank: str, withheld: Collection[str]
) -> pd.DataFrame:
    """Label images by taxon and part.

    Parameters
    ----------
    labels
        Column `rank`, index id; one row an image.
    parts
        train, val or test, index id.
    rank
        Rank of the taxa.
    withheld
        Taxa that no training may see.

    Returns
    -------
    DataFrame
        Columns id, taxon (null where the image has no label at the rank) and part
        (``unseen`` for withheld taxa), sorted by id.

    Raises
    ------
    ValueError
        If an id is there twice or has no part, or a withheld taxon has no image.
    """
    images = labels[[rank]].set_axis(["taxon"], axis=1).rename_axis("id").sort_index().reset_index()
    for what, ids in (("specimens", images["id"]), ("split", parts.index.to_series())):
        if len(twice := ids[ids.duplicated()]):
            raise ValueError(f"{what}: id {twice.iloc[0]!r} is there twice, expected once")
    images["part"] = images["id"].map(parts)
    lacking = images.loc[images["part"].isna(), "id"]
    if len(lacking):
        raise ValueError(
            f"split: no part for {len(lacking)} images, such as {lacking.iloc[0]!r}; expected one "
            "for each image of the specimens"
        )
    images["taxon"] = images["taxon"].astype("str")
    unknown = sorted(set(withheld) - set(images["taxon"]))
    if unknown:
        raise ValueError(f"withheld: no image of {unknown[0]!r} at rank {rank}")
    images.loc[images["taxon"].isin(list(withheld)), "part"] = UNSEEN
    return images


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
