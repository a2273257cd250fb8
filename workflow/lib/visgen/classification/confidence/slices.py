"""Images that a temperature is fitted to, that calibrate sets of taxa, and that test both."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.predictions import LABELS
from visgen.specimens.splits import calibrates


class Images(NamedTuple):
    """Images whose true taxon has a probability, sorted by id."""

    probabilities: np.ndarray  # (n_images, n_taxa)
    truth: np.ndarray  # (n_images,) number of the true taxon
    specimen: np.ndarray  # (n_images,) name
    right: np.ndarray  # (n_images,) whether the predicted taxon is the true one

    def select(self, chosen: np.ndarray) -> "Images":
        """Return some of the images."""
        return Images(*(values[chosen] for values in self))

    def one_a_specimen(self) -> "Images":
        """Return the first image of each specimen."""
        return self.select(np.unique(self.specimen, return_index=True)[1])


def slice_images(table: pd.DataFrame, specimens: pd.Series) -> tuple[Images, Images, Images]:
    """Return images to fit the temperature to, one a specimen to calibrate sets, and to test.

    Parameters
    ----------
    table
        Predictions of one rank and seed.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    choice, calibration, test
        Of the two halves of the validation part (`visgen.specimens.splits.calibrates`), and of the
        test part.

    Raises
    ------
    KeyError
        If an image has no specimen.
    """
    labels, odds = table.iloc[:, : len(LABELS)], table.iloc[:, len(LABELS) :]
    order = np.argsort(labels["id"].to_numpy(), kind="stable")
    truth = odds.columns.get_indexer(labels["truth"])[order]
    specimen = specimens.loc[labels["id"].iloc[order]]
    right = (labels["predicted"] == labels["truth"]).to_numpy()[order]
    images = Images(odds.to_numpy()[order], truth, specimen.to_numpy(), right)
    part, half = labels["part"].to_numpy()[order], calibrates(specimen).to_numpy()
    choice, calibration = (part == "val") & ~half, (part == "val") & half
    choice, calibration, test = (
        images.select(chosen & (truth >= 0)) for chosen in (choice, calibration, part == "test")
    )
    return choice, calibration.one_a_specimen(), test


def unknown_images(table: pd.DataFrame) -> list[str]:
    """Return the ids of test images whose taxon is known, but not to the classifier."""
    taxa = table.columns[len(LABELS) :]
    unknown = (table["part"] == "test") & table["truth"].notna() & ~table["truth"].isin(taxa)
    return table.loc[unknown, "id"].tolist()
