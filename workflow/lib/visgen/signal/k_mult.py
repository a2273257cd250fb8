"""K_mult: whether near relatives differ as Brownian motion lets them."""

import numpy as np

from visgen.distances.permutation_tests.association import (
    Association,
    association_of,
    taxon_orders,
)
from visgen.signal.brownian import BrownianMotion
from visgen.signal.permuting import permuted_forms


def k_mult(
    traits: np.ndarray, motion: BrownianMotion, permutations: int = 9999, *, seed: int
) -> Association:
    """Return K_mult (Adams 2014), and test whether relatives are more alike than chance has it.

    The sum of squares about the mean at the root, divided by that of independent contrasts,
    relative to what Brownian motion expects: 1 under Brownian motion, whatever the traits' number
    and covariance, below 1 where near relatives differ more. Of one trait it is K of Blomberg,
    Garland & Ives (2003).

    Parameters
    ----------
    traits
        (n_taxa, q).
    motion
        Of the same taxa.
    permutations, seed
        As in `visgen.distances.permutation_tests.partial_mantel.partial_mantel`.

    Raises
    ------
    ValueError
        If all taxa have the same traits.

    Notes
    -----
    Traits are taken as exact: noise of taxa with few specimens lowers K, and where such taxa are
    relatives of each other the test rejects too often. Directions count by how much they vary.
    """
    if not np.ptp(traits, axis=0).any():
        raise ValueError("all taxa have the same traits")
    centred = traits - traits.mean(axis=0)
    forms = (motion.contrasts.T @ motion.contrasts, np.outer(motion.weights, motion.weights))
    orders = taxon_orders(len(traits), permutations, seed)
    contrasts, mean = permuted_forms(centred, forms, orders).T
    about_root = (centred**2).sum() + len(traits) * mean
    return association_of(about_root / contrasts / motion.expected, len(traits))
