"""How often sets of taxa hold the true one, and how large they are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import betabinom, binomtest

from visgen.bootstrap import bayesian_weights
from visgen.classification.confidence.conformal_sets import (
    allowed_ranks,
    least_calibration,
    mondrian_sets,
    threshold,
)
from visgen.metrics import EXPECTED

#: Bootstrap samples behind an interval of a mean.
BOOTSTRAPS = 1000

#: Test specimens that sets are scored on: those of all taxa, and of the taxa of each size.
ALL, HEAD, TAIL = GROUPS = ("all", "head", "tail")

#: In the column against: the coverage that valid sets would have, and that of a mean over seeds.
VALID_SETS, VALID_MEAN = "valid_sets", "valid_sets_over_seeds"


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


class Strangeness(NamedTuple):
    """Conformal scores of specimens, large is strange; one image a specimen.

    Attributes
    ----------
    own
        (n,) score of the truth; infinity where no candidate can hold it.
    truth
        (n,) number of the true candidate; −1 where it is none of them.
    candidates
        (n, n_candidates) scores; None for calibration specimens, of which nobody asks.
    """

    own: np.ndarray
    truth: np.ndarray
    candidates: np.ndarray | None = None


def score_sets(
    calibration: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    in_tail: np.ndarray,
    *,
    confidence: float,
    seed: int,
    n_unknown: int = 0,
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
    n_unknown
        Test specimens beside `test` whose taxon was not trained on: no set of taxa holds it.

    Returns
    -------
    scores, omitted
        As `score_strangeness`; evaluators are ``conformal`` (one pool) and ``mondrian`` (each
        taxon compared with calibration specimens of its own group).
    """
    (calibration_odds, calibration_truth), (test_odds, test_truth) = calibration, test
    own = -calibration_odds[np.arange(len(calibration_truth)), calibration_truth]
    tested = -test_odds[np.arange(len(test_truth)), test_truth]
    unknown = np.full((n_unknown, test_odds.shape[1]), np.inf)
    return score_strangeness(
        Strangeness(own, calibration_truth),
        Strangeness(
            np.append(tested, np.full(n_unknown, np.inf)),
            np.append(test_truth, np.full(n_unknown, -1)),
            np.concatenate([-test_odds, unknown]),
        ),
        in_tail,
        names=("conformal", "mondrian"),
        united=False,
        confidence=confidence,
        seed=seed,
    )


def score_strangeness(
    calibration: Strangeness,
    test: Strangeness,
    in_tail: np.ndarray,
    *,
    names: tuple[str, str],
    united: bool,
    confidence: float,
    seed: int,
) -> tuple[list[dict], list[dict]]:
    """Score sets of candidates calibrated in one pool, and for head and tail apart.

    Parameters
    ----------
    calibration, test
        Scores of specimens; every calibration specimen has a true candidate.
    in_tail
        (n_candidates,) bool.
    names
        Evaluators of the sets of one pool, and of those of head and tail apart.
    united
        Whether the latter are the union over the groups, whatever group a candidate is of. Sets
        that must be whole (nodes of a tree) stay so, and hold more than they promise.
    confidence
        Between 0 and 1.
    seed
        Of the bootstrap behind the interval of the set size.

    Returns
    -------
    scores : list of dict
        evaluator, metric, role, against, value, ci_low, ci_high, n. Metrics are those below, and
        each as `of_group` names it for the test specimens of the head and of the tail.

        - ``coverage``: share of test specimens whose set holds the true taxon, Wilson interval;
          beside it the null ``valid_sets``: the confidence and the `coverage_range` about it;
          for a group under the single pool, what it would be if the group were like the whole;
        - ``unconditional_coverage``: the same share of all test specimens, those among them whose
          taxon the slice lacks or nobody was trained on (these belong to the tail);
        - ``set_size``: mean number of taxa in the set, interval from a Bayesian bootstrap;
        - ``n_calibration``: calibration specimens compared with; ``n_candidates``: taxa that
          may be in a set;
        - ``outside``: share of test specimens left out because the slice lacks their taxon.
    omitted : list of dict
        evaluator, group (of `GROUPS`), reason; a row for all that could not be scored.

    Notes
    -----
    But for ``unconditional_coverage``, only test specimens of taxa that the calibration slice has
    are scored: nothing is claimed of others. Where ``outside`` is large and those taxa are harder
    than the rest, leaving them out lifts coverage above the confidence. The guarantee holds on
    average over specimens, not for each taxon, and only if test and calibration specimens are
    exchangeable. A balanced test part beside a long-tailed calibration slice breaks that; it shows
    where coverage leaves the range of its null.
    """
    unknown = test.truth < 0
    inside = np.isin(test.truth, calibration.truth)
    pooled, apart = names
    groupings = {pooled: np.zeros(len(in_tail), int), apart: in_tail.astype(int)}
    subsets = {ALL: np.ones(len(in_tail), bool), HEAD: ~in_tail, TAIL: in_tail}
    rows, omitted = [], []
    if in_tail.all() or not in_tail.any():
        groupings.pop(apart)
        subsets = {ALL: subsets[ALL]}
        where = TAIL if in_tail.all() else HEAD
        reason = f"all {len(in_tail)} taxa are in the {where}: the sets are those of one pool"
        omitted.append({"evaluator": apart, "group": ALL, "reason": reason})
    for grouping, group in groupings.items():
        of_true, of_test = group[calibration.truth], group[test.truth]
        n_calibration = np.bincount(of_true, minlength=group.max() + 1)
        small = [g for g, n in enumerate(n_calibration) if not allowed_ranks(n, confidence)]
        sets, covered = _sets(calibration.own, of_true, test, group, united, confidence)
        for subset, members in subsets.items():
            needed = np.unique(group[members])
            chosen = np.where(unknown, subset != HEAD, members[test.truth])
            scored = chosen & inside
            n_outside, n = int((chosen & ~inside & ~unknown).sum()), int(scored.sum())
            found, reason = [], ""
            asked = np.unique(group) if united else needed
            if too_few := [int(n_calibration[g]) for g in asked if g in small]:
                reason = (
                    f"{min(too_few)} calibration specimens, confidence {confidence} needs "
                    f"{least_calibration(confidence)}: every taxon would be in the set"
                )
            elif n == 0:
                reason = f"none of {n_outside} test specimens is of a taxon that the slice has"
            else:
                found = _score_subset(
                    sets[scored],
                    covered[scored],
                    covered[chosen],
                    [int((of_test[scored] == g).sum()) for g in needed],
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


def _sets(
    own: np.ndarray,
    of_true: np.ndarray,
    test: Strangeness,
    group: np.ndarray,
    united: bool,
    confidence: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return sets, (n, n_candidates) bool, and which of them hold the truth, (n,) bool."""
    if not united:
        sets = mondrian_sets(own, of_true, test.candidates, group, confidence)
        limits = np.array([
            threshold(own[of_true == g], confidence) for g in range(group.max() + 1)
        ])  # fmt: skip
        known = test.truth >= 0
        return sets, known & (test.own <= limits[group[test.truth]])
    limit = max(threshold(own[of_true == g], confidence) for g in np.unique(group))
    return test.candidates <= limit, test.own <= limit


def _score_subset(
    sets: np.ndarray,
    covered: np.ndarray,
    covered_of_all: np.ndarray,
    n_test: list[int],
    n_calibration: list[int],
    n_outside: int,
    *,
    confidence: float,
    seed: int,
) -> list[dict]:
    """Return the scores of the sets of some test specimens, (n, n_taxa) bool."""
    n, n_taxa = sets.shape
    null = {"role": EXPECTED, "against": VALID_SETS}
    valid = (confidence, *coverage_range(n_test, n_calibration, confidence), n)
    found = (
        ({"metric": "coverage"}, share_with_wilson(covered)),
        ({"metric": "coverage"} | null, valid),
        ({"metric": "unconditional_coverage"}, share_with_wilson(covered_of_all)),
        ({"metric": "set_size"}, (*mean_with_interval(sets.sum(axis=1), np.arange(n), seed), n)),
        ({"metric": "n_calibration"}, (sum(n_calibration), np.nan, np.nan, sum(n_calibration))),
        ({"metric": "n_candidates"}, (n_taxa, np.nan, np.nan, n)),
        ({"metric": "outside"}, (n_outside / (n + n_outside), np.nan, np.nan, n + n_outside)),
    )
    columns = ("value", "ci_low", "ci_high", "n")
    return [labels | dict(zip(columns, values, strict=True)) for labels, values in found]


def share_with_wilson(true: np.ndarray) -> tuple[float, float, float, int]:
    """Return the share of true values (n,), its Wilson interval, and n."""
    found, n = int(true.sum()), len(true)
    interval = binomtest(found, n).proportion_ci(method="wilson")
    return found / n, float(interval.low), float(interval.high), n


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
