"""Which images of a study train a network, and as which taxon."""

from typing import NamedTuple

import numpy as np
import pandas as pd


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


def label_images(images: pd.DataFrame) -> Labels:
    """Return what a training learns from.

    Parameters
    ----------
    images
        As `visgen.visual_genetic.recognition.labelled_images.study_images` returns it.
    """
    labelled = images["taxon"].notna()
    taxa = sorted(images.loc[labelled & (images["part"] == "train"), "taxon"].unique())
    code_of = {taxon: code for code, taxon in enumerate(taxa)}
    codes = images["taxon"].map(code_of).fillna(-1).to_numpy(dtype=np.int64)
    train, val = (
        np.flatnonzero((images["part"] == part) & (codes >= 0)) for part in ("train", "val")
    )
    n_images = dict(zip(taxa, np.bincount(codes[train]).tolist(), strict=True))
    return Labels(n_images, codes, train, val)
