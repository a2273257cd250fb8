"""What recognition scores that never looks at an image."""

import numpy as np
import pandas as pd

from visgen.metrics import EXPECTED
from visgen.visual_genetic.recognition.hits import count_hits, taxa_of, weighted_shares

#: Every taxon as likely; always the taxon with most images outside the test part.
UNIFORM, MOST_FREQUENT = BLIND = ("uniform", "most_frequent")


def score_chance(truth: pd.Series, n_train: pd.Series, *, tail: int, head: int) -> list[dict]:
    """Return what is expected of recognition without a look at the images.

    Parameters
    ----------
    truth
        True taxon of each image that is asked for.
    n_train
        Images of each taxon, as `visgen.visual_genetic.recognition.runs.training_images` counts
        them.
    tail, head
        As in `visgen.visual_genetic.recognition.hits.taxa_of`.

    Returns
    -------
    list of dict
        role, against (`BLIND`), metric, value, n (images).

    Examples
    --------
    >>> rows = score_chance(pd.Series(["a", "a", "b"]), pd.Series({"a": 9, "b": 1}), tail=5, head=5)
    >>> {(row["against"], row["metric"]): round(row["value"], 2) for row in rows}
    ... # doctest: +NORMALIZE_WHITESPACE
    {('uniform', 'accuracy'): 0.5, ('uniform', 'balanced_accuracy'): 0.5,
     ('uniform', 'tail_accuracy'): 0.5, ('uniform', 'head_accuracy'): 0.5,
     ('most_frequent', 'accuracy'): 0.67, ('most_frequent', 'balanced_accuracy'): 0.5,
     ('most_frequent', 'tail_accuracy'): 0.0, ('most_frequent', 'head_accuracy'): 1.0}
    """
    most = n_train.sort_index().idxmax()
    found = pd.DataFrame({"truth": truth, "predicted": most})
    hits = count_hits(found, truth.rename("specimen"), n_train.index)
    even = np.ones((1, hits.all.shape[0]))
    always = weighted_shares(hits, taxa_of(n_train, tail, head), even, even)
    values = {
        UNIFORM: dict.fromkeys(always, 1 / len(n_train)),
        MOST_FREQUENT: {metric: float(value[0]) for metric, value in always.items()},
    }
    return [
        {"role": EXPECTED, "against": against, "metric": metric, "value": value, "n": len(truth)}
        for against, scores in values.items()
        for metric, value in scores.items()
    ]
