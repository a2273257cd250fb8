"""What a classifier guessed, without its probabilities: all that scores need."""

import numpy as np
import pandas as pd

from visgen.classification.predictions import LABELS


def guesses(table: pd.DataFrame) -> pd.DataFrame:
    """Reduce a predictions table to the guess and the place of the truth among the odds.

    Parameters
    ----------
    table
        Columns part, id, truth, predicted, and one probability a taxon.

    Returns
    -------
    DataFrame
        Columns part, id, truth, predicted, n_above (taxa more probable than the true one),
        n_level (taxa as probable, itself included), n_taxa (that can be named), index as `table`.
        n_above and n_level are 0 where the truth is null or not among the taxa.
    """
    taxa = table.columns[len(LABELS) :]
    odds = table.iloc[:, len(LABELS) :].to_numpy(np.float32)
    place = taxa.get_indexer(table["truth"])
    known = place >= 0
    own = odds[np.arange(len(odds)), place][:, None]
    found = table.iloc[:, : len(LABELS)].copy()
    found["n_above"] = np.where(known, (odds > own).sum(axis=1), 0)
    found["n_level"] = np.where(known, (odds == own).sum(axis=1), 0)
    found["n_taxa"] = len(taxa)
    return found


def in_top(found: pd.DataFrame, k: int) -> np.ndarray:
    """Return the chance that the truth is among the k most probable taxa, (n_images,).

    Equal odds are ranked at random: where all taxa are level, the chance is k / n_taxa.
    """
    above, level = found["n_above"].to_numpy(), found["n_level"].to_numpy()
    return np.clip((k - above) / np.maximum(level, 1), 0, 1)
