"""Traits of species that branch off a tree on which others have evolved."""

import numpy as np
import pandas as pd

from visgen.simulate.traits import N_ECOMORPHS, Evolution


def evolve_further(
    evolution: Evolution, covariance: pd.DataFrame, groups: pd.Series, seed: int
) -> pd.DataFrame:
    """Let further species evolve beside those that are there.

    Parameters
    ----------
    evolution : Evolution
        Of the known species, which it leaves as they are.
    covariance : pandas.DataFrame, (n_species, n_species)
        Length between the root and the last common ancestor of two species; the known ones first,
        in the order of the evolution.
    groups : pandas.Series
        Monophyletic group of each species, index species; each holds a known one.
    seed : int
        Seed of all chance in it.

    Returns
    -------
    pandas.DataFrame, (n_new, n_traits)
        Traits of the new species, standardised with means and deviations of the known ones.

    Notes
    -----
    What a new species inherits is drawn from Brownian motion given what the known ones inherited:
    its expectation and covariance are those of a multivariate normal of which a part is known.
    So it has all that happened on the branches it shares with others, and chance of its own after
    it left them. Coarse signal, what is not inherited and the pull to an ecomorph, drawn at
    random, are as in ``traits.evolve_traits``.
    """
    rng = np.random.default_rng(seed)
    n_known = len(evolution.traits)
    stars = _star_covariance(covariance, groups, n_known)
    mixed = (1 - evolution.coarse) * covariance.to_numpy() + evolution.coarse * stars
    across, of_new = mixed[n_known:, :n_known], mixed[n_known:, n_known:]
    weights = np.linalg.solve(mixed[:n_known, :n_known], across.T).T
    root = np.linalg.cholesky(of_new - weights @ across.T)
    shape = len(of_new), evolution.traits.shape[1]
    inherited = weights @ evolution.inherited + root @ rng.standard_normal(shape)
    own = np.sqrt(np.diag(of_new))[:, None] * rng.standard_normal(shape)
    values = np.sqrt(evolution.signal) * inherited + np.sqrt(1 - evolution.signal) * own
    optima = evolution.optima[rng.integers(N_ECOMORPHS, size=len(of_new))]
    values = (1 - evolution.convergence) * values + evolution.convergence * optima
    return pd.DataFrame(
        (values - evolution.mean) / evolution.deviation,
        index=covariance.index[n_known:],
        columns=evolution.traits.columns,
    )


def _star_covariance(covariance: pd.DataFrame, groups: pd.Series, n_known: int) -> np.ndarray:
    """Return the covariance on the tree of ``traits.star_loadings``, with further species in it.

    How alike the species of a group are is the mean over its known pairs; a group of one known
    species stays as it is on the tree.
    """
    stars = covariance.to_numpy(copy=True)
    of_species = groups.loc[covariance.index].to_numpy()
    for group in set(of_species):
        members = np.flatnonzero(of_species == group)
        known = members[members < n_known]
        if len(known) > 1:
            pairs = ~np.eye(len(known), dtype=bool)
            alike = stars[np.ix_(known, known)][pairs].mean()
            total = stars[members, members]
            stars[np.ix_(members, members)] = alike
            stars[members, members] = total
    return stars
