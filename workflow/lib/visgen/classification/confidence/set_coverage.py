"""How often sets of taxa hold the true one, and how large they are."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import betabinom, binomtest

from visgen.bootstrap import bayesian_weights
from visgen.classification.confidence.conformal_sets import (
    allowed_ranks,
    least_calibration,
    mondrian_sets,
)
from visgen.metrics import EXPECTED

#: Bootstrap samples behind an interval of a mean.
BOOTSTRAPS = 1000

#: Test specimens that sets are scored on: those of all taxa, and of the taxa of each size.
ALL, HEAD, TAIL = GROUPS = ("all", "head", "tail")

#: In the column against: the coverage that valid sets would have.
VALID_SETS = "valid_sets"


def of_group(metric: str, group: str) -> str:
    """Return the name of a metric over the test specimens of a group of taxa.

    >>> of_group("coverage", "tail"), of_group("coverage", "all")
    ('tail_coverage', 'coverage')
    """
    return metric if group == ALL else f"{group}_{metric}"


def coverage_range(
    n_test: Sequence[int], n_calibration: Sequence[int], confidence: float
) -> tuple[float, float]:
    """Return where the measured coverage of valid sets lies in 95 of 100 studies.

    Given n calibration scores without ties, the coverage of split-conformal sets has the law
    Beta(n + 1 − l, l), l = ⌊(n + 1)(1 − confidence)⌋ (Vovk 2012), and the number of covered test
    specimens the beta-binomial one. Ties only raise the coverage.

    Parameters
    ----------
    n_test, n_calibration
        Test and calibration specimens of each group that is calibrated by itself; the coverage
        is that of all test specimens together.
    confidence
        Between 0 and 1.

    Returns
    -------
    low, high
        2.5 and 97.5 % points.

    Raises
    ------
    ValueError
        If there is no test specimen, or a group has too few calibration specimens.
    """
    chances = np.ones(1)  # of each number of covered specimens
    for tested, n in zip(n_test, n_calibration, strict=True):
        ranks = allowed_ranks(n, confidence)
        if ranks == 0:
            raise ValueError(f"{n} calibration specimens are too few for confidence {confidence}")
        law = betabinom.pmf(np.arange(tested + 1), tested, n + 1 - ranks, ranks)
        chances = np.convolve(chances, law)
    if len(chances) == 1:
        raise ValueError("there is no test specimen")
    low, high = np.searchsorted(chances.cumsum(), [0.025, 0.975]) / sum(n_test)
    return float(low), float(high)


def score_sets(
    calibration: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    in_tail: np.ndarray,
    *,
    confidence: float,
    seed: int,
) -> tuple[list[dict], list[dict]]:
    """Score sets of taxa calibrated in one pool, and for head and tail apart.

    The score of a taxon is 1 − its probability, less the 1, which would round small ones away.

    Parameters
    ----------
    calibration, test
        (n, n_taxa) probabilities and (n,) number of the true taxon; one image a specimen.
    in_tail
        (n_taxa,) bool.
    confidence
        Between 0 and 1.
    seed
        Of the bootstrap behind the interval of the set size.

    Returns
    -------
    scores : list of dict
        evaluator, metric, role, against, value, ci_low, ci_high, n. Evaluators are ``conformal``
        (one pool) and ``mondrian`` (each taxon compared with calibration specimens of its own
        group). Metrics are those below, and each as `of_group` names it for the test specimens
        of the head and of the tail.

        - ``coverage``: share of test specimens whose set holds the true taxon, Wilson interval;
          beside it the null ``valid_sets``: the confidence and the `coverage_range` about it;
          for a group under the single pool, what it would be if the group were like the whole;
        - ``set_size``: mean number of taxa in the set, interval from a Bayesian bootstrap;
        - ``n_calibration``: calibration specimens compared with; ``n_candidates``: taxa that
          may be in a set;
        - ``outside``: share of test specimens left out because the slice lacks their taxon.
    omitted : list of dict
        evaluator, group (of `GROUPS`), reason; a row for all that could not be scored.

    Notes
    -----
    Only test specimens of taxa that the calibration slice has are scored: nothing is claimed of
    others. Where ``outside`` is large and those taxa are harder than the rest, leaving them out
    lifts coverage above the confidence. The guarantee holds on average over specimens, not for
    each taxon, and only if test and calibration specimens are exchangeable. A balanced test part
    beside a long-tailed calibration slice breaks that; it shows where coverage leaves the range
    of its null.
    """
    (calibration_odds, calibration_truth), (test_odds, test_truth) = calibration, test
    scores = -calibration_odds[np.arange(len(calibration_truth)), calibration_truth]
    inside = np.isin(test_truth, calibration_truth)
    groupings = {"conformal": np.zeros(len(in_tail), int), "mondrian": in_tail.astype(int)}
    subsets = {ALL: np.ones(len(in_tail), bool), HEAD: ~in_tail, TAIL: in_tail}
    rows, omitted = [], []
    if in_tail.all() or not in_tail.any():
        groupings.pop("mondrian")
        subsets = {ALL: subsets[ALL]}
        where = TAIL if in_tail.all() else HEAD
        reason = f"all {len(in_tail)} taxa are in the {where}: the sets are those of one pool"
        omitted.append({"evaluator": "mondrian", "group": ALL, "reason": reason})
    for grouping, group in groupings.items():
        of_true, of_test = group[calibration_truth], group[test_truth]
        n_calibration = np.bincount(of_true, minlength=group.max() + 1)
        small = [g for g, n in enumerate(n_calibration) if not allowed_ranks(n, confidence)]
        sets = mondrian_sets(scores, of_true, -test_odds, group, confidence)
        for subset, members in subsets.items():
            needed = np.unique(group[members])
            chosen = members[test_truth]
            n_outside, n = int((chosen & ~inside).sum()), int((chosen & inside).sum())
            found, reason = [], ""
            if too_few := [int(n_calibration[g]) for g in needed if g in small]:
                reason = (
                    f"{min(too_few)} calibration specimens, confidence {confidence} needs "
                    f"{least_calibration(confidence)}: every taxon would be in the set"
                )
            elif n == 0:
                reason = f"none of {n_outside} test specimens is of a taxon that the slice has"
            else:
                found = _score_subset(
                    sets[chosen & inside],
                    test_truth[chosen & inside],
                    [int((of_test[chosen & inside] == g).sum()) for g in needed],
                    [int(n_calibration[g]) for g in needed],
                    n_outside,
                    confidence=confidence,
                    seed=seed,
                )
                if small:
                    found = [row for row in found if row["metric"] != "set_size"]
                    reason = (
                        "no set size: every taxon of the other group would be in the set, since "
                        f"it has {int(n_calibration[small[0]])} calibration specimens"
                    )
            rows += [
                {"evaluator": grouping} | row | {"metric": of_group(row["metric"], subset)}
                for row in found
            ]
            if reason:
                omitted.append({"evaluator": grouping, "group": subset, "reason": reason})
    return rows, omitted


def _score_subset(
    sets: np.ndarray,
    truth: np.ndarray,
    n_test: list[int],
    n_calibration: list[int],
    n_outside: int,
    *,
    confidence: float,
    seed: int,
) -> list[dict]:
    """Return the scores of the sets of some test specimens, (n, n_taxa) bool."""
    n, n_taxa = sets.shape
    covered = int(sets[np.arange(n), truth].sum())
    interval = binomtest(covered, n).proportion_ci(method="wilson")
    null = {"role": EXPECTED, "against": VALID_SETS}
    valid = (confidence, *coverage_range(n_test, n_calibration, confidence), n)
    found = (
        ({"metric": "coverage"}, (covered / n, float(interval.low), float(interval.high), n)),
        ({"metric": "coverage"} | null, valid),
        ({"metric": "set_size"}, (*mean_with_interval(sets.sum(axis=1), np.arange(n), seed), n)),
        ({"metric": "n_calibration"}, (sum(n_calibration), np.nan, np.nan, sum(n_calibration))),
        ({"metric": "n_candidates"}, (n_taxa, np.nan, np.nan, n)),
        ({"metric": "outside"}, (n_outside / (n + n_outside), np.nan, np.nan, n + n_outside)),
    )
    columns = ("value", "ci_low", "ci_high", "n")
    return [labels | dict(zip(columns, values, strict=True)) for labels, values in found]


def mean_with_interval(
    values: np.ndarray, specimen: np.ndarray, seed: int
) -> tuple[float, float, float]:
    """Return a mean over images with the 95 % interval of a Bayesian bootstrap over specimens.

    Parameters
    ----------
    values
        (n_images,).
    specimen
        (n_images,) number of the specimen of each image.

    Returns
    -------
    mean, low, high
    """
    total, n_images = np.bincount(specimen, values), np.bincount(specimen)
    weights = bayesian_weights(len(total), BOOTSTRAPS, np.random.default_rng(seed))
    low, high = np.percentile((weights @ total) / (weights @ n_images), [2.5, 97.5])
    return float(total.sum() / n_images.sum()), float(low), float(high)
