"""What rare taxa gain while the others lose nothing.

Any score can be shifted towards rare taxa, which then gain and the others lose. Relatives do that
by themselves: they make means of rare taxa less noisy, so that more specimens come near them. So
two ways to score are compared where the others do equally well in both.
"""

import numpy as np

from visgen.prior.posterior import Weights
from visgen.prior.recognition import BALANCED, Trial, mean_recall, scores_of

#: Of the logarithm of a taxon's number of images, beside its log density: 0 is ``balanced``, 1 is
#: ``as_collected``.
LEANINGS = np.linspace(-1, 3, 41)


def trade_off(trial: Trial, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Return the recalls of rare taxa and of the others, leaning from the ones to the others.

    Parameters
    ----------
    trial
        Its specimens; taxa without training images are left out.
    weights
        Of its taxa.

    Returns
    -------
    rare, others
        (n_leanings,) mean recalls, at each of `LEANINGS`; NaN where there is no such taxon with
        specimens.
    """
    seen = trial.n_images > 0
    scores = np.where(seen, scores_of(trial, weights, BALANCED), -np.inf)
    numbers, group = np.unique(trial.n_images[seen], return_inverse=True)
    of_group = [scores[:, seen][:, group == i].max(axis=1) for i in range(len(numbers))]
    logs = np.log(numbers)
    true = scores[np.arange(len(scores)), trial.truth]
    own = np.log(np.maximum(trial.n_images[trial.truth], 1))
    n = np.bincount(trial.truth, minlength=len(seen))
    recalls = np.empty((2, len(LEANINGS)))
    for i, leaning in enumerate(LEANINGS):
        best = np.max(
            [one + leaning * log for one, log in zip(of_group, logs, strict=True)], axis=0
        )
        right = np.isfinite(true) & (true + leaning * own >= best)
        hits = np.bincount(trial.truth, right, minlength=len(seen))
        by_taxon = np.divide(hits, n, out=np.full(len(n), np.nan), where=n > 0)
        recalls[:, i] = [
            mean_recall(by_taxon, part) for part in (trial.n_images == 1, trial.n_images > 1)
        ]
    return recalls[0], recalls[1]


def rare_recall_at(rare: np.ndarray, found: np.ndarray, others: float) -> float:
    """Return the recall of rare taxa where that of the others is as given.

    Parameters
    ----------
    rare, found
        (n_leanings,) of `trade_off`; of several splits better their means, since the curves of one
        have large steps.
    others
        Mean recall of taxa with more than one training image: that without relatives, say.

    Returns
    -------
    float
        Between the leanings on both sides of it; NaN where no leaning reaches it.
    """
    rising = np.maximum.accumulate(found)
    if not rising[0] <= others <= rising[-1]:
        return np.nan
    after = int(np.searchsorted(rising, others))  # the first that reaches it
    if after == 0 or rising[after] == rising[after - 1]:
        return float(rare[after])
    share = (others - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(rare[after - 1] + share * (rare[after] - rare[after - 1]))
