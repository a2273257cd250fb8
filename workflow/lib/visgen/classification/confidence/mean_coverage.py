"""What a mean over several deals of calibration and test specimens shows where sets are valid."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from visgen.classification.confidence.conformal_sets import allowed_ranks
from visgen.classification.confidence.set_coverage import ALL, HEAD, TAIL

#: Draws behind a range.
DRAWS = 400


class Deal(NamedTuple):
    """Specimens of one deal, as numbers that mean the same specimen in all deals.

    Attributes
    ----------
    calibration, test
        (n,) numbers of specimens, each once.
    calibration_group, test_group
        (n,) number of the group that each is calibrated with.
    """

    calibration: np.ndarray
    calibration_group: np.ndarray
    test: np.ndarray
    test_group: np.ndarray

    def select(self, members: np.ndarray) -> "Deal":
        """Return the deal with some of its test specimens, (n,) bool."""
        return self._replace(test=self.test[members], test_group=self.test_group[members])

    def is_usable(self, confidence: float) -> bool:
        """Tell whether there is something to test, and enough to calibrate it with."""
        groups = np.unique(self.test_group)
        n = [int((self.calibration_group == group).sum()) for group in groups]
        return len(n) > 0 and all(allowed_ranks(each, confidence) > 0 for each in n)


def by_group(
    deals: tuple[Deal, Deal], names: tuple[str, str], rare: np.ndarray, is_apart: bool
) -> dict[tuple[str, str], Deal]:
    """Return the deals behind the coverage of all test specimens, of the head and of the tail.

    Parameters
    ----------
    deals
        Of one pool, and of head and tail apart; of the same test specimens.
    names
        Evaluators of both.
    rare
        (n_test,) whether the taxon of a test specimen is in the tail.
    is_apart
        Whether there are a head and a tail; else only the pool is returned.

    Returns
    -------
    dict
        By evaluator and group of taxa.
    """
    if not is_apart:
        return {(names[0], ALL): deals[0]}
    subsets = {ALL: np.ones(len(rare), bool), HEAD: ~rare, TAIL: rare}
    return {
        (name, subset): deal.select(members)
        for name, deal in zip(names, deals, strict=True)
        for subset, members in subsets.items()
    }


def mean_coverage_range(deals: Sequence[Deal], confidence: float, seed: int) -> tuple[float, float]:
    """Return where the mean over deals of the coverage of valid sets lies in 95 of 100 studies.

    Each specimen gets a score at random, the same one in all deals: so specimens are exchangeable,
    and deals that share specimens depend on each other as much as they can. Where a classifier is
    trained anew for each deal they depend less, and the true range is a little narrower.

    Parameters
    ----------
    deals
        Of the seeds, or of one seed dealt many times; all usable (`Deal.is_usable`).
    confidence
        Between 0 and 1.
    seed
        Of the draws.

    Returns
    -------
    low, high
        2.5 and 97.5 % points.
    """
    # Numbered anew, so that specimens which no deal has change no draw.
    numbers = np.unique(np.concatenate([np.append(d.calibration, d.test) for d in deals]))
    deals = [
        deal._replace(
            calibration=np.searchsorted(numbers, deal.calibration),
            test=np.searchsorted(numbers, deal.test),
        )
        for deal in deals
    ]
    scores = np.random.default_rng(seed).random((DRAWS, len(numbers)), np.float32)
    means = np.mean([_coverage(scores, deal, confidence) for deal in deals], axis=0)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _coverage(scores: np.ndarray, deal: Deal, confidence: float) -> np.ndarray:
    """Return the coverage of a deal under scores (draws, n), (draws,)."""
    covered = np.zeros(len(scores))
    for group in np.unique(deal.test_group):
        calibration = scores[:, deal.calibration[deal.calibration_group == group]]
        place = calibration.shape[1] - allowed_ranks(calibration.shape[1], confidence)
        limit = np.partition(calibration, place, axis=1)[:, place : place + 1]
        covered += (scores[:, deal.test[deal.test_group == group]] <= limit).sum(axis=1)
    return covered / len(deal.test)
