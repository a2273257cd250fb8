"""How well a score tells specimens of withheld taxa from those of known ones."""

from collections.abc import Mapping

import numpy as np

from visgen.bootstrap import bayesian_weights
from visgen.metrics import DIFFERENCE, EXPECTED

#: What novelty is told by, as evaluators: relative Mahalanobis distance; one minus the largest
#: cosine to a labelled specimen; minus the probability of the most probable lineage.
RELATIVE, NEAREST, PROBABILITY = DETECTORS = (
    "relative_mahalanobis",
    "nearest_neighbour",
    "largest_probability",
)

#: In the column against: taxa dealt anew to the known and the withheld ones.
DEALT_TAXA = "dealt_taxa"

BOOTSTRAPS = 1000
PERMUTATIONS = 999
_BLOCK = 100  # samples at a time, to bound memory
_ROUNDING = 1e-9  # more than sums in another order differ by


def auroc(score: np.ndarray, new: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return how often a new specimen scores higher than a known one, ties being half.

    Parameters
    ----------
    score
        (n,) large is new.
    new, known
        (samples, n) weights of specimens as new ones, and as known ones.

    Returns
    -------
    ndarray
        (samples,).

    Examples
    --------
    >>> score, is_new = np.array([0.1, 0.5, 0.5, 0.9]), np.array([[0, 0, 1, 1]])
    >>> auroc(score, is_new, 1 - is_new).tolist()
    [0.875]
    """
    order = np.argsort(score, kind="stable")
    starts = np.unique(score[order], return_index=True)[1]
    above = np.add.reduceat(new[:, order], starts, axis=1)
    below = np.add.reduceat(known[:, order], starts, axis=1)
    wins = (above * (below.cumsum(axis=1) - below / 2)).sum(axis=1)
    return wins / (new.sum(axis=1) * known.sum(axis=1))


def score_detection(
    scores: Mapping[str, np.ndarray], taxon: np.ndarray, is_new: np.ndarray, seed: int
) -> list[dict]:
    """Return the area under the ROC curve of each score, and how much better the first one is.

    Parameters
    ----------
    scores
        By evaluator: (n,) of the same specimens, large is new.
    taxon
        (n,) number of the taxon, of the rank at which some are withheld.
    is_new
        (n,) whether it was withheld.
    seed
        Of all draws.

    Returns
    -------
    list of dict
        evaluator, metric (``auroc``), role, against, value, ci_low, ci_high, p, n (withheld taxa),
        n_permutations. All taxa count alike, withheld and known ones. Intervals: Bayesian bootstrap
        over taxa; none of a single withheld one. Expected of `DEALT_TAXA`: as many taxa called new
        at random, mean and range of 95 %; p is one-sided against them. Of the first evaluator also
        its differences to the others, in the same samples.
    """
    rng = np.random.default_rng([seed, 21])
    code = np.unique(taxon, return_inverse=True)[1]
    share = 1 / np.bincount(code)[code]  # so that taxa count alike
    of_taxon = np.zeros(code.max() + 1, bool)
    of_taxon[code] = is_new
    n_new = int(of_taxon.sum())

    def under(weights: np.ndarray, called: np.ndarray) -> np.ndarray:
        new, known = weights * called, weights * ~called
        return np.stack([auroc(score, new, known) for score in scores.values()])

    once, drawn, dealt = under(share[None], is_new[None]), [], []
    for size in _blocks(BOOTSTRAPS):
        drawn.append(under(bayesian_weights(len(of_taxon), size, rng)[:, code] * share, is_new))
    for size in _blocks(PERMUTATIONS):
        called = rng.permuted(np.tile(of_taxon, (size, 1)), axis=1)[:, code]
        dealt.append(under(share, called))
    drawn, dealt = np.concatenate(drawn, axis=1), np.concatenate(dealt, axis=1)
    first, *_ = scores
    rows = []
    for k, evaluator in enumerate(scores):
        row = {"evaluator": evaluator, "metric": "auroc", "n": n_new}
        value, null = float(once[k, 0]), dealt[k]
        p = (1 + int((null >= value - _ROUNDING).sum())) / (len(null) + 1)
        tested = {"p": p, "n_permutations": PERMUTATIONS}
        rows.append(row | _ends(value, drawn[k], n_new) | tested)
        expected = {"role": EXPECTED, "against": DEALT_TAXA, "n_permutations": PERMUTATIONS}
        rows.append(row | expected | _ends(float(null.mean()), null, len(null)))
        if k:
            row |= {"evaluator": first, "role": DIFFERENCE, "against": evaluator}
            gain = float(once[0, 0] - once[k, 0])
            rows.append(row | _ends(gain, drawn[0] - drawn[k], n_new))
    return rows


def _blocks(n: int) -> list[int]:
    return [min(_BLOCK, n - start) for start in range(0, n, _BLOCK)]


def _ends(value: float, drawn: np.ndarray, n: int) -> dict[str, float]:
    low, high = np.percentile(drawn, [2.5, 97.5]) if n > 1 else (np.nan, np.nan)
    return {"value": value, "ci_low": float(low), "ci_high": float(high)}
