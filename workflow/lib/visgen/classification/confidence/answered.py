"""How often answers are right where only the surest ones are given."""

import numpy as np
import pandas as pd

ANSWERED_COLUMNS = ["seed", "rank", "share", "accuracy", "confidence", "n_images"]

#: Shares of the images that get an answer.
SHARES = np.arange(0.05, 1.001, 0.05).round(2)


def answered_curve(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return the accuracy of the surest answers, by the share of images that get one.

    Parameters
    ----------
    confidence, right
        (n_images,) probability of the answer, NaN where none can be given, and whether it is right.

    Returns
    -------
    DataFrame
        Columns share, accuracy, confidence (of the least sure answer that is given), n_images
        (answered); shares that would answer no image, or more than have an answer, are left out.
        Images as sure as the last one are right at their mean rate, since nothing says which of
        them would be answered.

    Examples
    --------
    >>> curve = answered_curve(np.array([0.9, 0.8, 0.8, 0.1]), np.array([True, True, False, False]))
    >>> curve.set_index("share").loc[[0.25, 0.5, 0.75, 1.0], "accuracy"].round(3).tolist()
    [1.0, 0.75, 0.667, 0.5]
    """
    order = np.argsort(-confidence, kind="stable")
    sure, right = confidence[order], np.asarray(right, float)[order]
    level, first = np.unique(-sure, return_inverse=True)
    mean = np.bincount(first, right) / np.bincount(first)
    total = np.cumsum(mean[first])
    # A share of 0.15 of 20 images is three of them, whatever the last bit says.
    n = np.floor(SHARES * len(sure) + 1e-9).astype(int)
    given = (n > 0) & (n <= (~np.isnan(sure)).sum())
    n = n[given]
    return pd.DataFrame({
        "share": SHARES[given],
        "accuracy": total[n - 1] / n,
        "confidence": -level[first[n - 1]],
        "n_images": n,
    })  # fmt: skip
