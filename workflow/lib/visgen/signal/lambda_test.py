"""Whether Pagel's λ is above zero, by permutations of the taxa."""

from collections.abc import Sequence

import numpy as np

from visgen.distances.permutation_tests.association import (
    Association,
    association_of,
    chunks,
    taxon_orders,
)
from visgen.signal.covariance import BROWNIAN, contrast_basis, phylogenetic_covariance
from visgen.signal.likelihood import LEAST, likelihood_of
from visgen.signal.permuting import columns_product, permuted_traits

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

    With many axes the ratio is far from the χ² of one parameter, so its null comes from
    permutations of the taxa: value is 2 (log L of the best λ and scale − log L of λ = 0), and
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
    Traits are first divided by their standard deviations under λ = 0, the root of B_j + noise.
    Under λ = 0 they are then alike and independent, so that taxa may be permuted, also where
    noisy ones are near relatives, and C is decomposed once for all permutations. The ratio is
    that of the divided traits; where all taxa are as noisy, or noise is None, nothing is lost
    by this, else a little power.
    """
    identity = np.eye(len(traits))
    if noise is not None:
        deviations = np.sqrt(likelihood_of(traits, noise, identity)(0.0).variances + noise[:, None])
        weights = deviations**-2
        means = (weights * traits).sum(axis=0) / weights.sum(axis=0)
        traits = (traits - means) / deviations
    basis = contrast_basis(len(traits))
    axes, spreads = [], []
    for scale in scales:
        covariance = phylogenetic_covariance(distances, scale).values
        values, vectors = np.linalg.eigh(basis.T @ covariance @ basis)
        axes.append((basis @ vectors).T)
        spreads.append(np.maximum(_GRID[:, None] * values + 1 - _GRID[:, None], LEAST))
    n_contrasts, q = len(traits) - 1, traits.shape[1]
    without = n_contrasts * np.log(traits.var(axis=0) * len(traits) / n_contrasts).sum()
    ratios = []
    for orders in chunks(taxon_orders(len(traits), permutations, seed), traits.size):
        permuted = permuted_traits(traits, orders)
        best = np.full(len(orders), -np.inf)
        for axis, spread in zip(axes, spreads, strict=True):
            squares = columns_product(axis, permuted) ** 2
            variances = columns_product(1 / spread, squares) / n_contrasts  # (λ, n_orders, q)
            logs = n_contrasts * np.log(variances).sum(axis=2)
            logs += q * np.log(spread).sum(axis=1)[:, None]
            best = np.maximum(best, (without - logs).max(axis=0))
        ratios.append(best)
    return association_of(np.concatenate(ratios), len(traits))
