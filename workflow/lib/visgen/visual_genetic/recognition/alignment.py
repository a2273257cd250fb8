"""Whether alignment has moved images: nearer to the anchor of their own taxon than to others."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.visual_genetic.recognition.nulls import PERMUTED

#: How the rows of cosines are labelled.
ALIGNMENT = "alignment"
OWN, NEAREST_OTHER = COSINES = ("own_cosine", "nearest_other_cosine")
#: Metric: 1 where images lie nearer to their own anchor, 0 where not; of permuted runs their share.
NEARER = "nearer_to_own"


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
        variant, seed, evaluator (`ALIGNMENT`), part (train, and val where that has an image),
        metric (`COSINES`, `NEARER`), value (mean cosine, each taxon counting alike), n (images);
        against permuted anchors also the mean over permutations, in ci_low and ci_high the least
        and the largest.
    """
    rows = []
    for variant, history in histories.items():
        for seed, of_seed in history.groupby("seed"):
            last = of_seed[of_seed["step"] == of_seed["step"].max()]
            labels = {"variant": variant, "seed": int(seed), "evaluator": ALIGNMENT}
            for part, of_part in last.groupby("part", sort=False):
                rows += [labels | {"part": part} | row for row in _of_part(of_part)]
    return rows


def _of_part(last: pd.DataFrame) -> list[dict]:
    """Return both cosines of one run and part, and what permuted anchors give."""
    last = last.assign(**{NEARER: (last[OWN] > last[NEAREST_OTHER]).astype(float)})
    real, permuted = (last[(last["permutation"] > 0) == moved] for moved in (False, True))
    rows = []
    for metric in (*COSINES, NEARER):
        row = {"metric": metric, "n": int(real["n_images"].iloc[0])}
        rows.append(row | {"value": float(real[metric].iloc[0])})
        if len(permuted):
            values = permuted[metric].to_numpy()
            null = {"role": EXPECTED, "against": PERMUTED, "value": values.mean()}
            ends = {"ci_low": values.min(), "ci_high": values.max()}
            rows.append(row | null | ends | {"n_permutations": len(values)})
    return rows


def that_decide(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of cosines by which a run counts as aligned: of validation, else of training.

    Parameters
    ----------
    scores
        Columns of the contract, among them the rows of `score_alignment`.
    """
    found = scores[scores["evaluator"] == ALIGNMENT]
    validated = (found["part"] == "val").groupby([found["variant"], found["seed"]])
    return found[(found["part"] == "val") | ~validated.transform("any").astype(bool)]


def find_aligned(scores: pd.DataFrame) -> dict[str, bool]:
    """Tell of each aligned variant whether it is aligned indeed, in every seed.

    It is where images of the validation part (of the training part where there are none) lie, on
    average over taxa, nearer to their own anchor than to the nearest of another. Of one that is
    not, nothing is claimed: real and permuted anchors would compare networks that have not moved.

    Parameters
    ----------
    scores
        Columns of the contract, among them the rows of `score_alignment`.

    Examples
    --------
    >>> rows = [
    ...     {"variant": name, "seed": seed, "part": "val"}
    ...     | {"evaluator": "alignment", "metric": metric, "value": v}
    ...     for name, seed, *cosines in [("a", 1, 0.8, 0.7), ("b", 1, 0.8, 0.7), ("b", 2, 0.1, 0.2)]
    ...     for metric, v in zip(COSINES, cosines)
    ... ]
    >>> from visgen.metrics import metrics_table
    >>> find_aligned(metrics_table(rows))
    {'a': True, 'b': False}
    """
    own = of_role(that_decide(scores), SCORE)
    if own.empty:
        return {}
    table = own.pivot_table(values="value", index=["variant", "seed"], columns="metric")
    nearer = table[OWN] > table[NEAREST_OTHER]
    found = nearer.groupby("variant").agg(np.all)
    return {str(name): bool(value) for name, value in found.items()}
