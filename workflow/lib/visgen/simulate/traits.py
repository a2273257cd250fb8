"""Evolution of continuous traits along a tree."""

import dendropy
import numpy as np
import pandas as pd

N_ECOMORPHS = 4


def evolve_traits(
    tree: dendropy.Tree,
    n_traits: int,
    signal: float,
    convergence: float,
    seed: int,
) -> pd.DataFrame:
    """Let independent traits evolve along a tree.

    Parameters
    ----------
    tree : dendropy.Tree
        Ultrametric, with branch lengths and a taxon on every tip.
    n_traits : int
        Number of traits.
    signal : float
        Pagel's lambda, 0 to 1. At 1 the traits follow Brownian motion; at 0 the species are
        independent of each other, with the same variance.
    convergence : float
        0 to 1, how far each species is drawn to the optimum of its ecomorph. Species fall into
        four ecomorphs of equal size at random, whatever their descent.
    seed : int
        Seed of all chance in it.

    Returns
    -------
    pandas.DataFrame, (n_species, n_traits)
        Rows sorted by species; each column has mean 0 and standard deviation 1 over the species.

    Raises
    ------
    ValueError
        If signal or convergence lies outside 0 to 1.

    References
    ----------
    Pagel 1999, Nature 401: 877–884 (lambda).
    """
    for name, value in {"signal": signal, "convergence": convergence}.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
    rng = np.random.default_rng(seed)
    loadings = branch_loadings(tree)
    values = _pagel_motion(loadings.to_numpy(), n_traits, signal, rng)
    values = _draw_to_optima(values, convergence, rng)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    return pd.DataFrame(values, index=loadings.index)


def branch_loadings(tree: dendropy.Tree) -> pd.DataFrame:
    """Return the square roots of the branch lengths between the root and each tip.

    Parameters
    ----------
    tree : dendropy.Tree
        With branch lengths and a taxon on every tip.

    Returns
    -------
    pandas.DataFrame, (n_species, n_branches)
        Rows sorted by species. Zero where a branch does not lead to the species. Its product with
        its transpose is the covariance of the tips under Brownian motion.
    """
    branches = [node for node in tree.preorder_node_iter() if node.parent_node is not None]
    column = {node: j for j, node in enumerate(branches)}
    tips = sorted(tree.leaf_node_iter(), key=lambda tip: tip.taxon.label)
    loadings = np.zeros((len(tips), len(branches)))
    for i, tip in enumerate(tips):
        node = tip
        while node.parent_node is not None:
            loadings[i, column[node]] = np.sqrt(node.edge.length)
            node = node.parent_node
    species = pd.Index([tip.taxon.label for tip in tips], name="species")
    return pd.DataFrame(loadings, index=species)


def _pagel_motion(
    loadings: np.ndarray, n_traits: int, signal: float, rng: np.random.Generator
) -> np.ndarray:
    """Return traits with covariance signal·C + (1 − signal)·diag(C), C = loadings loadingsᵀ."""
    n_species, n_branches = loadings.shape
    inherited = loadings @ rng.standard_normal((n_branches, n_traits))
    own = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) * rng.standard_normal(
        (n_species, n_traits)
    )
    return np.sqrt(signal) * inherited + np.sqrt(1 - signal) * own


def _draw_to_optima(values: np.ndarray, convergence: float, rng: np.random.Generator) -> np.ndarray:
    n_species, n_traits = values.shape
    ecomorph = rng.permutation(n_species) % N_ECOMORPHS
    optima = rng.standard_normal((N_ECOMORPHS, n_traits))
    return (1 - convergence) * values + convergence * optima[ecomorph]
