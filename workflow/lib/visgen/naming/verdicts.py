"""How new a specimen is, in words: tests one after the other, each with few mistakes."""

import numpy as np

from visgen.classification.confidence.conformal_sets import allowed_ranks
from visgen.naming.novelty import KNOWN, NO_SUCH, p_values
from visgen.naming.strangers import Strangers, smaller_p


def verdicts(
    scores: np.ndarray,
    to_all: np.ndarray,
    calibration: dict[str, np.ndarray],
    strangers: Strangers,
    false_flags: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return how new each specimen is, and the p-value of being known.

    First whether it is of a known taxon: by its relative distance, and by its distance to all. A
    specimen for which the smaller of both p-values is as small as for few known specimens is not.
    What then is farther from all than most specimens of a group that was left out whole is no
    such specimen. Of others it is tested, one after the other, each at the same level: that it is
    of a new taxon at the finest rank, at the next ... The first that cannot be rejected is told.
    So of specimens of known taxa the share `false_flags` is called new, and of those of a new
    species about the same share is called something newer than that.

    Parameters
    ----------
    scores, to_all
        (n,) relative distance, and squared distance to all.
    calibration
        By level, as `visgen.naming.novelty.levels` lists them: scores of specimens for which it
        was true.
    strangers
        What the distance to all is compared with.
    false_flags
        Share of mistakes that is accepted, at each level.

    Returns
    -------
    verdict
        (n,) words: a level, or `NO_SUCH` where all are rejected, or the distance to all is too
        large; None where there are too few calibration scores to reject even the first. A level
        with too few scores is not rejected.
    p
        (n,) of being known, by both distances.
    """
    known = calibration[KNOWN]
    p = p_values(-smaller_p(scores, to_all, known, strangers.left_out), -strangers.known)
    if not allowed_ranks(len(known), 1 - false_flags):
        return np.full(len(scores), None, object), p
    open_yet = p <= false_flags
    verdict = np.where(open_yet, NO_SUCH, KNOWN).astype(object)
    open_yet &= p_values(to_all, strangers.left_out) > false_flags
    for level, own in calibration.items():
        if level != KNOWN:
            can_reject = allowed_ranks(len(own), 1 - false_flags) > 0
            rejected = (p_values(scores, own) <= false_flags) & can_reject
            verdict[open_yet & ~rejected] = level
            open_yet &= rejected
    return verdict, p
