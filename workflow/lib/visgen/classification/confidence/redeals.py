"""Coverage of sets over many deals of the same specimens to calibration and test."""

from typing import NamedTuple

import numpy as np

from visgen.classification.confidence.conformal_sets import threshold
from visgen.classification.confidence.mean_coverage import Deal
from visgen.classification.confidence.set_coverage import Strangeness

#: Times that calibration and test specimens are dealt anew.
REDEALS = 50

#: The part of their scores: calibration and test specimens together, dealt anew.
REDEALT = "redealt"


class Redealt(NamedTuple):
    """What sets of one deal hold, for its test specimens.

    Attributes
    ----------
    deal
        The specimens.
    covered
        (n_test,) whether the set holds the truth.
    size
        (n_test,) candidates in it; NaN where a group has too few calibration specimens, so that
        all its candidates would be in the set.
    """

    deal: Deal
    covered: np.ndarray
    size: np.ndarray

    def select(self, members: np.ndarray) -> "Redealt":
        """Return the same for some test specimens, (n_test,) bool."""
        return Redealt(self.deal.select(members), self.covered[members], self.size[members])


def redeal(
    pool: Strangeness, specimen: np.ndarray, n_calibration: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return deals of a pool to calibration and test, places in the pool.

    Deals make calibration and test specimens exchangeable whatever the split was, and a mean over
    them has little chance in it: it shows whether sets do what they promise. Nothing is trained
    again.

    Parameters
    ----------
    pool
        Specimens that the classifier was not trained on, all of taxa that can be named.
    specimen
        (n,) number of each; a deal depends on these alone, not on the order of the pool.
    n_calibration
        How many are dealt to calibration; none are dealt where that leaves none to test.
    seed
        Of the deals.
    """
    if not 0 < n_calibration < len(pool.own):
        return []
    rng, places = np.random.default_rng(seed), np.argsort(specimen)
    orders = [places[rng.permutation(len(places))] for _ in range(REDEALS)]
    return [(order[:n_calibration], order[n_calibration:]) for order in orders]


def ask_redealt(
    pool: Strangeness,
    specimen: np.ndarray,
    deals: list[tuple[np.ndarray, np.ndarray]],
    group: np.ndarray,
    *,
    united: bool,
    confidence: float,
) -> list[Redealt]:
    """Return what the sets of each deal hold.

    Sets that are united would be all candidates where one group has too few calibration specimens:
    such deals are left out.

    Parameters
    ----------
    pool, specimen, deals
        As for `redeal`, and what it returns.
    group
        (n_candidates,) number of the group that each candidate is calibrated with.
    united, confidence
        As in `visgen.classification.confidence.set_coverage.score_strangeness`.
    """
    of_pool, found = group[pool.truth], []
    for first, second in deals:
        limits = np.array([
            threshold(pool.own[first][of_pool[first] == g], confidence)
            for g in range(group.max() + 1)
        ])  # fmt: skip
        if united:
            limits[:] = limits.max()
            if np.isinf(limits).any():
                continue
        size = (pool.candidates[second] <= limits[group][None]).sum(axis=1).astype(float)
        if np.isinf(limits).any():
            size[:] = np.nan
        found.append(
            Redealt(
                Deal(specimen[first], of_pool[first], specimen[second], of_pool[second]),
                pool.own[second] <= limits[of_pool[second]],
                size,
            )
        )
    return found
