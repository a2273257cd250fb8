"""Temperature scaling of probabilities."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from visgen.classification.confidence.slices import Images

_WIDEST = 100  # the temperature is between 1 / 100 and 100


def fit_temperature(probabilities: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> float:
    """Return the temperature with the least Brier score.

    Temperature scaling of Guo, Pleiss, Sun & Weinberger 2017, but for their log loss: the trees
    of a forest give exact zeros, which no temperature changes, and one true taxon with a zero
    makes the log loss infinite. The Brier score is as proper and bounded.

    Parameters
    ----------
    probabilities, truth, weights
        (n_images, n_taxa), (n_images,) number of the true taxon, (n_images,).

    Returns
    -------
    float
        In [1/100, 100]: above 1 where probabilities are too sure, 1 where no other is better.

    Raises
    ------
    ValueError
        If there is no image.
    """
    if len(truth) == 0:
        raise ValueError("no image to fit a temperature to")

    def loss(log_temperature: float) -> float:
        scaled = scale_probabilities(probabilities, np.exp(log_temperature))
        return float(np.average(brier_scores(scaled, truth), weights=weights))

    # Not convex, so first on a grid; at its ends there is nothing on one side to look at.
    grid = np.linspace(-np.log(_WIDEST), np.log(_WIDEST), 47)
    losses = [loss(t) for t in grid]
    best = int(np.argmin(losses))
    limits = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(loss, bounds=limits, method="bounded")
    return float(np.exp(found.x)) if found.fun < loss(0) - 1e-12 else 1.0


def score_temperature(choice: Images) -> dict:
    """Return the temperature of a classifier as a score of validation.

    Parameters
    ----------
    choice
        Images of the half of the validation part that may choose; every specimen counts once.

    Returns
    -------
    dict
        part, metric, value, ci_low, ci_high, n (specimens).

    Raises
    ------
    ValueError
        If there is no image.
    """
    _, code, n_images = np.unique(choice.specimen, return_inverse=True, return_counts=True)
    temperature = fit_temperature(choice.probabilities, choice.truth, 1 / n_images[code])
    row = {"part": "val", "metric": "temperature", "value": temperature}
    return row | {"ci_low": np.nan, "ci_high": np.nan, "n": len(n_images)}


def brier_scores(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the squared distance to the truth of each image, 0 to 2 (Brier 1950), (n_images,)."""
    own = probabilities[np.arange(len(truth)), truth]
    return (probabilities**2).sum(axis=1) - 2 * own + 1


def scale_probabilities(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities proportional to their power 1 / T, (n_images, n_taxa).

    >>> too_sure = np.array([[0.8, 0.2]])
    >>> scale_probabilities(too_sure, 2).round(3).tolist()  # as √0.8 to √0.2, which is 2 to 1
    [[0.667, 0.333]]
    """
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities.astype(float))
    return softmax(logs / temperature, axis=1)
