"""Predictions tables with tempered probabilities."""

import numpy as np
import pandas as pd

from visgen.calibration.temperature import fit_temperature, scale_probabilities
from visgen.classification.lineages import LABELS
from visgen.splits import calibrates


def temper(table: pd.DataFrame, specimens: pd.Series) -> pd.DataFrame:
    """Temper probabilities on the half of the validation part that may choose.

    Scores that are not probabilities, such as a softmax of distances, add up to next to nothing:
    a taxon of many finer ones would win every sum. Tempering makes them odds.

    Parameters
    ----------
    table
        Predictions of one rank and seed.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    DataFrame
        The same with other probabilities; as it is where no validation image can be used.
    """
    odds = table.iloc[:, LABELS:]
    truth = odds.columns.get_indexer(table["truth"])
    specimen = specimens.loc[table["id"]]
    half = calibrates(specimen).to_numpy()
    chosen = (table["part"] == "val").to_numpy() & ~half & (truth >= 0)
    if not chosen.any():
        return table
    n_images = specimen[chosen].map(specimen[chosen].value_counts()).to_numpy()
    temperature = fit_temperature(odds.to_numpy()[chosen], truth[chosen], 1 / n_images)
    scaled = scale_probabilities(odds.to_numpy(), temperature).astype(np.float32)
    return pd.concat(
        [table.iloc[:, :LABELS], pd.DataFrame(scaled, odds.index, odds.columns)], axis=1
    )
