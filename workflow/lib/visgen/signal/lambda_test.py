"""Whether Pagel's λ is above zero, by permutations of the taxa."""

from collections.abc import Sequence

import numpy as np

from visgen.distances.permutation_tests.association import (
    Association,
    association_of,
    taxon_orders,
)
from visgen.signal.covariance import BROWNIAN, contrast_basis, phylogenetic_covariance
from visgen.signal.likelihood import LEAST, likelihood_of
from visgen.signal.permuting import permuted_forms

_GRID = np.linspace(0, 1, 21)


def lambda_test(
    traits: np.ndarray,
    noise: np.ndarray | None,
    distances: np.ndarray,
    permutations: int = 9999,
    *,
    seed: int,
    scales: Sequence[float] = (BROWNIAN,),
) -> Association:
    """Test whether λ is above zero by the ratio of likelihoods, one-sided.

    With axes that vary together the ratio is far from χ², so its null comes from permutations of
    the taxa: value is 2 (log L of the best λ and scale − log L of λ = 0), and
    each permutation chooses both anew.

    Parameters
    ----------
    traits, noise, distances
        As in `visgen.signal.mixed_model.fit_mixed_model`.
    permutations, seed
        As in `visgen.distances.permutation_tests.partial_mantel.partial_mantel`.
    scales
        Among which that of the covariance is chosen.

    Raises
    ------
    ValueError
        As `visgen.signal.mixed_model.fit_mixed_model`.

    Notes
    -----
    Traits are first divided by their standard deviations under λ = 0, the root of B + noise.
    Under λ = 0 they are then alike and independent, so that taxa may be permuted, also where
    noisy ones are near relatives, and C is decomposed once for all permutations. The ratio is
    that of the divided traits; where all taxa are as noisy, or noise is None, nothing is lost
    by this, else a little power.
    """
    fit = likelihood_of(traits, noise, np.eye(len(traits)))(0.0)
    if noise is not None:
        weights = 1 / (fit.variance + noise)
        traits = (traits - weights @ traits / weights.sum()) * np.sqrt(weights)[:, None]
    centred = traits - traits.mean(axis=0)
    basis = contrast_basis(len(traits))
    forms, logs = [], []
    for scale in scales:
        covariance = phylogenetic_covariance(distances, scale).values
        values, vectors = np.linalg.eigh(basis.T @ covariance @ basis)
        axes = basis @ vectors
        for signal in _GRID:
            spread = np.maximum(signal * values + 1 - signal, LEAST)
            forms.append((axes / spread) @ axes.T)
            logs.append(np.log(spread).sum())
    orders = taxon_orders(len(traits), permutations, seed)
    sums = permuted_forms(centred, forms, orders)
    n_contrasts, q = basis.shape[1], traits.shape[1]
    ratios = n_contrasts * np.log((centred**2).sum() / sums) - np.array(logs)
    return association_of(q * ratios.max(axis=1), len(traits))
