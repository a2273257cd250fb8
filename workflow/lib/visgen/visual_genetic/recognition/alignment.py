"""Whether alignment has moved images: nearer to the anchor of their own taxon than to others."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.visual_genetic.recognition.nulls import PERMUTED

#: How the rows of cosines are labelled.
ALIGNMENT = "alignment"
OWN, NEAREST_OTHER = COSINES = ("own_cosine", "nearest_other_cosine")


def score_alignment(histories: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Return how near images lie to anchors after the last step, and where anchors are permuted.

    Parameters
    ----------
    histories
        By aligned variant: seed, permutation (0 real), and the columns of
        `visgen.visual_genetic.cross_modal.aligning.HISTORY`.

    Returns
    -------
    list of dict
        variant, seed, evaluator (`ALIGNMENT`), part (val; train where validation has no image),
        metric (`COSINES`), value (mean cosine over images), n (images); against permuted anchors
        also the mean over permutations, in ci_low and ci_high the least and the largest.
    """
    rows = []
    for variant, history in histories.items():
        for seed, of_seed in history.groupby("seed"):
            part = "val" if (of_seed["part"] == "val").any() else "train"
            last = of_seed[(of_seed["part"] == part) & (of_seed["step"] == of_seed["step"].max())]
            real, permuted = (last[(last["permutation"] > 0) == moved] for moved in (False, True))
            labels = {"variant": variant, "seed": int(seed), "evaluator": ALIGNMENT, "part": part}
            for metric in COSINES:
                row = labels | {"metric": metric, "n": int(real["n_images"].iloc[0])}
                rows.append(row | {"value": float(real[metric].iloc[0])})
                if len(permuted):
                    values = permuted[metric].to_numpy()
                    null = {"role": EXPECTED, "against": PERMUTED, "value": values.mean()}
                    ends = {"ci_low": values.min(), "ci_high": values.max()}
                    rows.append(row | null | ends | {"n_permutations": len(values)})
    return rows


def find_aligned(scores: pd.DataFrame) -> dict[str, bool]:
    """Tell of each aligned variant whether it is aligned indeed, in every seed.

    It is where images of the validation part lie, on average, nearer to the anchor of their own
    taxon than to the nearest of another. Of one that is not, nothing is claimed: real and permuted
    anchors would compare networks that have not moved.

    Parameters
    ----------
    scores
        Columns of the contract, among them the rows of `score_alignment`.

    Examples
    --------
    >>> rows = [
    ...     {"variant": name, "seed": seed, "evaluator": "alignment", "metric": metric, "value": v}
    ...     for name, seed, *cosines in [("a", 1, 0.8, 0.7), ("b", 1, 0.8, 0.7), ("b", 2, 0.1, 0.2)]
    ...     for metric, v in zip(COSINES, cosines)
    ... ]
    >>> from visgen.metrics import metrics_table
    >>> find_aligned(metrics_table(rows))
    {'a': True, 'b': False}
    """
    own = of_role(scores[scores["evaluator"] == ALIGNMENT], SCORE)
    if own.empty:
        return {}
    table = own.pivot_table(values="value", index=["variant", "seed"], columns="metric")
    nearer = table[OWN] > table[NEAREST_OTHER]
    found = nearer.groupby("variant").agg(np.all)
    return {str(name): bool(value) for name, value in found.items()}
