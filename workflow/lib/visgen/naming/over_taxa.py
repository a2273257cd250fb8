"""Means over taxa, whatever the number of specimens of each."""

import numpy as np
import pandas as pd

from visgen.classification.confidence.set_coverage import mean_with_interval


def mean_over_taxa(
    values: np.ndarray, taxon: np.ndarray, seed: int
) -> tuple[float, float, float, int]:
    """Return the mean over taxa of the means over their specimens.

    Parameters
    ----------
    values
        (n,) of specimens.
    taxon
        (n,) of each.
    seed
        Of the bootstrap.

    Returns
    -------
    mean, low, high, n_taxa
        95 % interval of a Bayesian bootstrap over taxa; NaN of a single one.

    Examples
    --------
    >>> mean_over_taxa(np.array([1, 0, 1]), np.array(["a", "a", "b"]), seed=1)[::3]
    (0.75, 2)
    """
    means = pd.Series(np.asarray(values, float)).groupby(np.asarray(taxon)).mean().to_numpy()
    mean, low, high = mean_with_interval(means, np.arange(len(means)), seed)
    return (mean, low, high, len(means)) if len(means) > 1 else (mean, np.nan, np.nan, 1)
