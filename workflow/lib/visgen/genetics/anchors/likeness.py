"""How alike the anchors of a set are, as rows of scores."""

import numpy as np
import pandas as pd

from visgen.distances.matrices import cosine_distances


def median_cosine(anchors: pd.DataFrame) -> float:
    """Return the median cosine over pairs of taxa.

    Parameters
    ----------
    anchors : DataFrame, (n_taxa, size)
        Taxon names as index.

    Returns
    -------
    float
        NaN where there is no pair.

    Raises
    ------
    ValueError
        If an anchor is zero.
    """
    if len(anchors) < 2:
        return float("nan")
    return float(1 - np.median(cosine_distances(anchors).condensed_form()))


def score_likeness(anchors: pd.DataFrame, table: pd.DataFrame) -> list[dict]:
    """Score how alike the anchors of taxa are, and the sequences that each is made of.

    Parameters
    ----------
    anchors : DataFrame, (n_taxa, size)
        Taxon names as index.
    table : DataFrame
        One row a taxon, with its spread, as `visgen.genetics.anchors.measuring.measure_anchors`
        returns it.

    Returns
    -------
    list of dict
        Evaluator anchors, part taxa, metric, value, n (taxa): median_cosine, between two
        anchors; median_spread, of the taxa with two sequences or more. What no taxon or pair of
        taxa has is left out.
    """
    spread = table["spread"].dropna()
    found = {
        "median_cosine": (median_cosine(anchors), len(anchors)),
        "median_spread": (float(spread.median()), len(spread)),
    }
    return [
        {"evaluator": "anchors", "part": "taxa", "metric": metric, "value": value, "n": n}
        for metric, (value, n) in found.items()
        if not np.isnan(value)
    ]
