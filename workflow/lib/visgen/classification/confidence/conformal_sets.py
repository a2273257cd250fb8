"""Sets of taxa that hold the true one with a stated confidence: split-conformal prediction."""

import numpy as np

_HALF_ULPS = 1e-9  # more than rounding can add to (n + 1)(1 - confidence), less than any step


def allowed_ranks(n_calibration: int, confidence: float) -> int:
    """Return l = ⌊(n + 1)(1 − confidence)⌋: a taxon is in the set if l scores reach its own.

    0 means that there are too few calibration scores: every taxon is in every set.

    >>> allowed_ranks(8, 0.9), allowed_ranks(9, 0.9), allowed_ranks(29, 0.9)
    (0, 1, 3)

    Raises
    ------
    ValueError
        If the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    return int((n_calibration + 1) * (1 - confidence) + _HALF_ULPS)


def least_calibration(confidence: float) -> int:
    """Return the smallest number of calibration scores that leaves a taxon out of some set.

    >>> least_calibration(0.9), least_calibration(0.95)
    (9, 19)
    """
    return int(np.ceil(1 / (1 - confidence) - _HALF_ULPS)) - 1


def conformal_sets(
    calibration_scores: np.ndarray, candidate_scores: np.ndarray, confidence: float
) -> np.ndarray:
    """Return which candidates are in their set.

    A candidate's p-value is (1 + number of calibration scores that are as large or larger) /
    (n + 1); it is in the set if that is more than 1 − confidence (Vovk, Gammerman & Shafer 2005).

    Parameters
    ----------
    calibration_scores
        (n,) score of the true taxon of each calibration specimen; large is strange.
    candidate_scores
        Score of each candidate, any shape.
    confidence
        Between 0 and 1.

    Returns
    -------
    ndarray
        bool, shape as `candidate_scores`. The p-values are compared as whole numbers, so
        p = 0.1 is not more than 1 − 0.9, whatever the last bit says.

    Raises
    ------
    ValueError
        If a score is not a number, or the confidence is not between 0 and 1.
    """
    if np.isnan(calibration_scores).any() or np.isnan(candidate_scores).any():
        raise ValueError("a conformal score is not a number")
    return candidate_scores <= threshold(calibration_scores, confidence)


def threshold(calibration_scores: np.ndarray, confidence: float) -> float:
    """Return the largest score that is still in the set; infinity where all are.

    >>> threshold(np.arange(9), 0.9), threshold(np.arange(8), 0.9)
    (8.0, inf)
    """
    ranks = allowed_ranks(len(calibration_scores), confidence)
    return float(np.sort(calibration_scores)[-ranks]) if ranks else np.inf


def mondrian_sets(
    calibration_scores: np.ndarray,
    calibration_groups: np.ndarray,
    candidate_scores: np.ndarray,
    taxon_groups: np.ndarray,
    confidence: float,
) -> np.ndarray:
    """Return which taxa are in the set of each image, every group of taxa calibrated by itself.

    Parameters
    ----------
    calibration_scores, calibration_groups
        (n,) score and group of the true taxon of each calibration specimen.
    candidate_scores
        (n_images, n_taxa).
    taxon_groups
        (n_taxa,) group of each taxon.
    confidence
        Between 0 and 1.

    Returns
    -------
    ndarray
        (n_images, n_taxa) bool.
    """
    sets = np.zeros(candidate_scores.shape, bool)
    for group in np.unique(taxon_groups):
        taxa = taxon_groups == group
        own = calibration_scores[calibration_groups == group]
        sets[:, taxa] = conformal_sets(own, candidate_scores[:, taxa], confidence)
    return sets
