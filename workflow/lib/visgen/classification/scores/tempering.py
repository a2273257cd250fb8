"""Predictions tables with tempered probabilities."""

import numpy as np
import pandas as pd

from visgen.classification.confidence.slices import slice_images
from visgen.classification.confidence.temperature import scale_probabilities, score_temperature
from visgen.classification.predictions import LABELS


def temper(table: pd.DataFrame, specimens: pd.Series) -> tuple[pd.DataFrame, list[dict]]:
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
    table : DataFrame
        The same with other probabilities; as it is where no validation image can be used.
    scores : list of dict
        The temperature, as `visgen.classification.confidence.temperature.score_temperature` returns
        it; none where no validation image can be used.
    """
    choice, _, _ = slice_images(table, specimens)
    if len(choice.truth) == 0:
        return table, []
    fitted = score_temperature(choice)
    labels, odds = table.iloc[:, : len(LABELS)], table.iloc[:, len(LABELS) :]
    scaled = scale_probabilities(odds.to_numpy(), fitted["value"]).astype(np.float32)
    return pd.concat([labels, pd.DataFrame(scaled, odds.index, odds.columns)], axis=1), [fitted]
