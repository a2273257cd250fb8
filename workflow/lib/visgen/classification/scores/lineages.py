"""Predictions at several ranks: rolled up the taxonomy, and whether they fit each other."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.classification.predictions import LABELS


def roll_up(finest: pd.DataFrame, table: pd.DataFrame, above: pd.Series) -> pd.DataFrame:
    """Sum probabilities of a finer rank up to the taxa of a coarser one.

    Parameters
    ----------
    finest
        Predictions at the finer rank.
    table
        Predictions of the same images at the coarser rank; its part, id, truth and taxa are
        taken over, its predictions are not.
    above
        Coarser taxon of each finer one; null where it is not known.

    Returns
    -------
    DataFrame
        Predictions at the coarser rank. Of equal sums the first name wins. Where finer taxa have
        no place above, rows sum to less than one; where none has, the prediction of `table` stays.

    Raises
    ------
    ValueError
        If the tables hold different images.
    """
    if finest["id"].tolist() != table["id"].tolist():
        raise ValueError("predictions at two ranks hold different images")
    taxa = table.columns[len(LABELS) :]
    place = taxa.get_indexer(above.reindex(finest.columns[len(LABELS) :]))
    known = place >= 0
    up = np.zeros((len(known), len(taxa)), np.float32)
    up[np.flatnonzero(known), place[known]] = 1
    sums = finest.iloc[:, len(LABELS) :].to_numpy(np.float32) @ up  # (n_images, n_taxa)
    placed = sums.any(axis=1)
    predicted = np.where(placed, taxa[sums.argmax(axis=1)], table["predicted"])
    labels = table.iloc[:, : len(LABELS)].assign(predicted=predicted)
    return pd.concat([labels, pd.DataFrame(sums, labels.index, taxa)], axis=1)


def impossible(predicted: pd.DataFrame, lineages: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Tell whose predictions at different ranks contradict each other.

    Parameters
    ----------
    predicted
        (n_images, n_ranks) predicted taxa, columns coarse to fine.
    lineages
        By rank: the taxa above each taxon, as `visgen.specimens.taxonomy.lineage` returns them.

    Returns
    -------
    Series
        True where a predicted taxon is known to belong under another one than the predicted
        one of the nearest coarser rank at which both are known. What is further up is read off
        that one, as `visgen.classification.lineages.known.known_lineages` does: where labels
        contradict each other, a species may by itself be placed elsewhere than its genus. A gap
        contradicts nothing.
    """
    found = pd.Series(False, index=predicted.index)
    ranks = list(predicted.columns)
    for i, rank in enumerate(ranks):
        compared = np.zeros(len(predicted), bool)
        for coarser in reversed(ranks[:i]):
            expected = lineages[rank][coarser].reindex(predicted[rank]).to_numpy()
            here = ~compared & pd.notna(expected) & predicted[coarser].notna().to_numpy()
            found |= here & (expected != predicted[coarser].to_numpy())
            compared |= here
    return found
