"""Two published measures of agreement, so that a number can be set beside its like; neither is one.

Both are high for vectors that know nothing of the taxa. What agreement is stands in
`visgen.distances.agreement`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

from visgen.distances.matrices import cosine_distances
from visgen.scikit_bio import DistanceMatrix

#: Values of a random vector: those of a ResNet-50, as in Roy 2025.
RANDOM_FEATURES = 2048
#: Draws of random vectors.
RANDOM_DRAWS = 100


def with_diagonal_r(genetic: DistanceMatrix, visual: DistanceMatrix) -> float:
    """Return Pearson's r over pairs of taxa and over each taxon with itself (Roy 2025).

    A taxon is at no distance from itself in both matrices, so that n perfect pairs stand among
    n (n + 1) / 2.

    Parameters
    ----------
    genetic, visual
        (n_taxa, n_taxa), the same taxa in the same order.
    """
    pairs = np.triu_indices(len(genetic.ids))
    return float(pearsonr(genetic.data[pairs], visual.data[pairs]).statistic)


def weighted_error_r(genetic: DistanceMatrix, visual: DistanceMatrix) -> float:
    """Return Pearson's r of g with |g - v| g over the full square (Hofmann et al. 2024).

    Of genetic distance with the error of visual distance, weighted by genetic distance: g is on
    both sides, so that r is high whatever v is.

    Parameters
    ----------
    genetic, visual
        (n_taxa, n_taxa), the same taxa in the same order.
    """
    g, v = genetic.data, visual.data
    return float(pearsonr(g.ravel(), (np.abs(g - v) * g).ravel()).statistic)


def of_random_vectors(
    genetic: DistanceMatrix,
    measure: Callable[[DistanceMatrix, DistanceMatrix], float],
    *,
    seed: int = 1,
) -> tuple[float, float, float]:
    """Return what a measure gives for vectors that know nothing of the taxa.

    Parameters
    ----------
    genetic
        (n_taxa, n_taxa).
    measure
        One of this module.
    seed
        Of the draws.

    Returns
    -------
    mean, low, high
        Over `RANDOM_DRAWS` draws; the ends hold 95 % of them.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        measure(genetic, cosine_distances(pd.DataFrame(vectors, list(genetic.ids))))
        for vectors in (
            rng.standard_normal((len(genetic.ids), RANDOM_FEATURES)) for _ in range(RANDOM_DRAWS)
        )
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(np.mean(drawn)), float(low), float(high)
