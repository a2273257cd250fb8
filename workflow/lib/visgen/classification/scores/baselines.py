"""The best that can be had without looking at the images."""

from collections.abc import Collection

import pandas as pd

from visgen.classification.evaluators import INDEPENDENT


def best_baseline(scores: pd.DataFrame, baselines: Collection[str]) -> pd.Series | None:
    """Return the highest score of the classifiers that do not see the images.

    Parameters
    ----------
    scores
        Scores of one backbone, rank and metric, means over seeds.
    baselines
        Names of these classifiers.

    Returns
    -------
    Series or None
        Its row, the first of equals; None where no baseline has a score.
    """
    own = scores[(scores["evaluator"] == INDEPENDENT) & scores["variant"].isin(baselines)]
    own = own.dropna(subset="value")
    return None if own.empty else own.loc[own["value"].idxmax()]
