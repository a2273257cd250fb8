"""Steps on features that were fitted, applied from their arrays."""

from collections.abc import Mapping

import numpy as np

from visgen.classification.classifiers.kept.checks import check_numbers, check_places


def check_step(step: str, at: str, tensors: Mapping[str, np.ndarray], n: int) -> int:
    """Check the arrays of a step on (n_images, n) vectors, and return the columns it leaves.

    Parameters
    ----------
    step
        A transform of the options, ``best_features`` or ``pca``.
    at
        What the names of its arrays begin with.
    tensors
        Arrays by name.
    n
        Number of columns before.

    Raises
    ------
    ValueError
        If an array is missing or does not fit, or the step is unknown.
    """
    match step:
        case "signed_sqrt" | "l2":
            return n
        case "centre":
            check_numbers(tensors, f"{at}.mean", (n,))
            return n
        case "standardise":
            check_numbers(tensors, f"{at}.mean", (n,))
            check_numbers(tensors, f"{at}.scale", (n,))
            return n
        case "best_features":
            check_places(tensors, f"{at}.chosen", (None,), n)
            return len(tensors[f"{at}.chosen"])
        case "whiten" | "pca":
            check_numbers(tensors, f"{at}.axes", (None, n))
            left = len(tensors[f"{at}.axes"])
            check_numbers(tensors, f"{at}.offset", (left,))
            if step == "whiten":
                check_numbers(tensors, f"{at}.root", (left, left))
            return left
    raise ValueError(f"step {step!r} of a kept classifier is unknown")


def apply_step(step: str, at: str, tensors: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return (n_images, n) float32 vectors after a step; they are overwritten.

    As `visgen.classification.classifiers.feature_steps.FeatureSteps.apply`, to the order of its
    operations.

    Raises
    ------
    ValueError
        If the step is unknown.
    """
    match step:
        case "signed_sqrt":
            return signed_sqrt(x)
        case "l2":
            lengths = np.sqrt(np.einsum("ij,ij->i", x, x))
            # As scikit-learn: what has no length to speak of keeps it.
            lengths[lengths < 10 * np.finfo(lengths.dtype).eps] = 1
            x /= lengths[:, None]
            return x
        case "centre":
            x -= tensors[f"{at}.mean"]
            return x
        case "standardise":
            x -= tensors[f"{at}.mean"]
            x /= tensors[f"{at}.scale"]
            return x
        case "best_features":
            return x[:, tensors[f"{at}.chosen"]]
        case "whiten":
            return (x @ tensors[f"{at}.axes"].T - tensors[f"{at}.offset"]) @ tensors[f"{at}.root"]
        case "pca":
            return x @ tensors[f"{at}.axes"].T - tensors[f"{at}.offset"]
    raise ValueError(f"step {step!r} of a kept classifier is unknown")


def signed_sqrt(x: np.ndarray) -> np.ndarray:
    """Return sign(x)·√|x| (Valan et al. 2019) in the place of x."""
    np.copyto(x, np.sign(x) * np.sqrt(np.abs(x)))
    return x
