"""K_A: K averaged over directions, each counted alike."""

import numpy as np

from visgen.distances.permutation_tests.association import (
    Association,
    association_of,
    chunks,
    taxon_orders,
)
from visgen.signal.brownian import BrownianMotion
from visgen.signal.permuting import columns_product, permuted_traits

_NEGLIGIBLE = 1e-9  # of the largest singular value


def k_a(
    traits: np.ndarray, motion: BrownianMotion, permutations: int = 9999, *, seed: int
) -> Association:
    """Return K_A (Mitteroecker, Collyer & Adams 2025), and test whether relatives are alike.

    K of Blomberg, Garland & Ives (2003) has as many stationary values as there are traits, over
    their linear combinations: eigenvalues of S⁻¹S₀, where S₀ are sums of squares and products
    about the mean at the root and S those of independent contrasts, relative to what Brownian
    motion expects. K_A is their arithmetic mean, the trace divided by q. No linear map of the
    traits changes it, so a direction of little variance counts as much as any.

    Parameters
    ----------
    traits
        (n_taxa, q), q below n_taxa - 1; well below, since K_A knows less the nearer q is to it.
    motion
        Of the same taxa.
    permutations, seed
        As in `visgen.distances.permutation_tests.partial_mantel.partial_mantel`.

    Raises
    ------
    ValueError
        If q is n_taxa - 1 or more, where any traits have the same K_A, or traits depend on each
        other linearly.

    Notes
    -----
    The matrix S⁻¹S₀ and its trace are those of the authors' ``physignal.eigen`` of the R package
    geomorph, which gives the sum of the eigenvalues (``traceK``), not relative to Brownian motion
    and by default about the plain mean. That K_A is their arithmetic mean is read from its name
    and that sum; centring and scale are here as in K_mult, so that one trait has the same K.
    Traits are taken as exact: where taxa with few specimens are relatives of each other, the test
    rejects far too often.
    """
    n_taxa, q = traits.shape
    if q >= n_taxa - 1:
        raise ValueError(
            f"{q} traits of {n_taxa} taxa, expected fewer than {n_taxa - 1}: with so many K_A is "
            "the same whatever the traits"
        )
    left, sizes, _ = np.linalg.svd(traits - traits.mean(axis=0), full_matrices=False)
    if sizes[-1] <= _NEGLIGIBLE * sizes[0]:
        raise ValueError("traits depend on each other linearly")
    values = []
    for orders in chunks(taxon_orders(n_taxa, permutations, seed), left.size):
        permuted = permuted_traits(left, orders)  # S₀ about the plain mean is I
        contrasts = columns_product(motion.contrasts, permuted).swapaxes(0, 1)
        mean = columns_product(motion.weights[None], permuted)[0]  # (n_orders, q)
        inverse = np.linalg.inv(contrasts.swapaxes(1, 2) @ contrasts)
        about_root = np.einsum("kii->k", inverse)
        about_root += n_taxa * np.einsum("ki,kij,kj->k", mean, inverse, mean, optimize=True)
        values.append(about_root / q / motion.expected)
    return association_of(np.concatenate(values), n_taxa)
