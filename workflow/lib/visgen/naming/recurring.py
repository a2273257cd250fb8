"""Photographs and specimens that a study already has: of these a name is no discovery."""

import pandas as pd


def labelled_pictures(
    images: pd.DataFrame, specimens: pd.Series, labelled: pd.Index
) -> pd.DataFrame:
    """Return the images of labelled specimens.

    Parameters
    ----------
    images
        id and sha256.
    specimens
        Specimen of each image, index id.
    labelled
        Specimens with labels.

    Returns
    -------
    DataFrame
        id, sha256, specimen; sorted by id.
    """
    table = images[["id", "sha256"]].assign(specimen=specimens.reindex(images["id"]).to_numpy())
    return table[table["specimen"].isin(labelled)].sort_values("id", ignore_index=True)


def in_study(photographs: pd.DataFrame, pictures: pd.DataFrame | None) -> pd.DataFrame:
    """Return which labelled image and specimen each photograph is of.

    Parameters
    ----------
    photographs
        sha256 and specimen.
    pictures
        As `labelled_pictures` returns them; None: nobody knows.

    Returns
    -------
    DataFrame
        image and specimen, index that of the photographs; null where the study has neither. The
        image is the same file, or else the first of the specimen that is called the same.
    """
    if pictures is None:
        return pd.DataFrame(None, photographs.index, ["image", "specimen"], dtype="str")
    found = {}
    for key in ("sha256", "specimen"):
        first = pictures.drop_duplicates(key).set_index(key, drop=False)
        found[key] = first.reindex(photographs[key])[["id", "specimen"]].set_axis(photographs.index)
    both = found["sha256"].fillna(found["specimen"])
    return both.set_axis(["image", "specimen"], axis=1).astype("str")
