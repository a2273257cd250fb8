"""How often probabilities come true, and how often they would if they were perfect."""

import numpy as np
import pandas as pd

#: In the column against: what perfect probabilities would show in so few specimens.
CALIBRATED = "calibrated"

N_BINS = 10
_DECIMALS = 6  # sums in another order tear equal confidences apart, but not by this much


def reliability_bins(
    confidence: np.ndarray, right: np.ndarray, n_bins: int = N_BINS
) -> pd.DataFrame:
    """Return how often the most probable taxon is right, against its probability.

    Parameters
    ----------
    confidence, right
        (n_images,) largest probability of each image, and whether it is the true taxon's.
    n_bins
        Bins hold equally many images; equal confidences stay together, so there may be fewer.

    Returns
    -------
    DataFrame
        Columns confidence, accuracy (means), n_images; from the lowest confidence up.
    """
    images = pd.DataFrame({"confidence": confidence, "accuracy": np.asarray(right, float)})
    bins = images.groupby(_equal_mass(confidence, n_bins))
    return bins.mean().assign(n_images=bins.size()).reset_index(drop=True)


def _equal_mass(confidence: np.ndarray, n_bins: int) -> np.ndarray:
    """Return the number of the bin of each image, (n_images,)."""
    rounded = np.round(confidence, _DECIMALS)
    last = -(-len(rounded) * np.arange(1, n_bins) // n_bins) - 1  # of each bin, from the lowest
    return np.searchsorted(np.sort(rounded)[last], rounded)


def calibration_error(bins: pd.DataFrame) -> float:
    """Return the expected calibration error of the top label: mean gap, by number of images.

    >>> confidence = np.array([0.7, 0.7, 0.9, 0.9])
    >>> bins = reliability_bins(confidence, np.array([True, False, True, True]), n_bins=2)
    >>> bins.round(6).to_dict("list")
    {'confidence': [0.7, 0.9], 'accuracy': [0.5, 1.0], 'n_images': [2, 2]}
    >>> round(calibration_error(bins), 6)  # the mean of 0.2 and 0.1
    0.15
    """
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    return float(np.average(gaps, weights=bins["n_images"]))


def errors_if_calibrated(
    confidence: np.ndarray, specimen: np.ndarray, simulations: int, seed: int
) -> np.ndarray:
    """Return calibration errors of perfect probabilities, kept above 0 by chance, (simulations,).

    An image is right where a uniform number is below its confidence; images of one specimen
    share the number, which makes them as alike as they can be.

    Parameters
    ----------
    confidence, specimen
        (n_images,) largest probability, and number of the specimen, of each image.
    """
    rng, place = np.random.default_rng(seed), _equal_mass(confidence, N_BINS)
    errors = np.empty(simulations)
    for i in range(simulations):
        right = rng.random(specimen.max() + 1)[specimen] < confidence
        errors[i] = np.abs(np.bincount(place, right - confidence)).sum() / len(confidence)
    return errors
