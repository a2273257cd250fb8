"""Evolution of continuous traits along a tree."""

from typing import NamedTuple

import dendropy
import numpy as np
import pandas as pd

N_ECOMORPHS = 4


class Evolution(NamedTuple):
    """How traits came about; arrays with rows by species, sorted, columns by trait."""

    traits: pd.DataFrame  # standardised over the species
    inherited: np.ndarray  # (n_species, n_traits), what descent gave them
    optima: np.ndarray  # (N_ECOMORPHS, n_traits)
    mean: np.ndarray  # (n_traits,), over the species, before traits were standardised
    deviation: np.ndarray  # (n_traits,)
    signal: float
    convergence: float
    coarse: float


def evolve_traits(
    tree: dendropy.Tree,
    n_traits: int,
    signal: float,
    convergence: float,
    seed: int,
    *,
    coarse: float = 0.0,
    groups: pd.Series | None = None,
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
    coarse : float
        0 to 1, share of what is inherited that follows the groups alone. At 1 any two species of a
        group are as alike as they are on average, whatever their descent within it: traits evolve
        as on the tree of ``star_loadings``.
    groups : pandas.Series, optional
        Monophyletic group of each species, index species; needed where coarse is not 0.

    Returns
    -------
    pandas.DataFrame, (n_species, n_traits)
        Rows sorted by species; each column has mean 0 and standard deviation 1 over the species.

    Raises
    ------
    ValueError
        If signal, convergence or coarse lies outside 0 to 1.

    References
    ----------
    Pagel 1999, Nature 401: 877–884 (lambda).
    """
    return trace_evolution(
        tree, n_traits, signal, convergence, seed, coarse=coarse, groups=groups
    ).traits


def trace_evolution(
    tree: dendropy.Tree,
    n_traits: int,
    signal: float,
    convergence: float,
    seed: int,
    *,
    coarse: float = 0.0,
    groups: pd.Series | None = None,
) -> Evolution:
    """Let traits evolve, and keep what they are made of.

    Parameters
    ----------
    tree, n_traits, signal, convergence, seed, coarse, groups
        See ``evolve_traits``.

    Returns
    -------
    Evolution
        Its ``traits`` are those of ``evolve_traits``.

    Raises
    ------
    ValueError
        If signal, convergence or coarse lies outside 0 to 1.
    """
    knobs = {"signal": signal, "convergence": convergence, "coarse": coarse}
    for name, value in knobs.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
    rng = np.random.default_rng(seed)
    loadings = branch_loadings(tree)
    branches = loadings.to_numpy()
    if coarse:
        stars = star_loadings(loadings, groups).to_numpy()
        branches = np.hstack([np.sqrt(1 - coarse) * branches, np.sqrt(coarse) * stars])
    inherited, values = _pagel_motion(branches, n_traits, signal, rng)
    optima, values = _draw_to_optima(values, convergence, rng)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    traits = pd.DataFrame((values - mean) / deviation, index=loadings.index)
    return Evolution(traits, inherited, optima, mean, deviation, signal, convergence, coarse)


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


def star_loadings(loadings: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return the loadings of a tree in which each group is a star.

    Parameters
    ----------
    loadings : pandas.DataFrame, (n_species, n_branches)
        Of an ultrametric tree, see ``branch_loadings``.
    groups : pandas.Series
        Monophyletic group of each species, index species.

    Returns
    -------
    pandas.DataFrame, (n_species, n_branches + n_groups + n_species)
        Rows as given: the branches that lead to all of a group, one more to where its star begins,
        and one of each species. The covariance of any two species of a group is the mean over such
        pairs on the tree, so that groups differ as much as before; all else is as on the tree.
    """
    of_species = groups.loc[loadings.index]
    covariance = (loadings @ loadings.T).to_numpy()
    total = pd.Series(np.diag(covariance), loadings.index)
    is_other = of_species.to_numpy()[:, None] == of_species.to_numpy()
    np.fill_diagonal(is_other, False)
    to_others = pd.Series((covariance * is_other).sum(axis=1), loadings.index)
    n_others = pd.Series(is_other.sum(axis=1), loadings.index)
    alike = (to_others / n_others).groupby(of_species).transform("mean").fillna(total)
    is_shared = (loadings > 0).groupby(of_species).transform("all")
    shared = loadings.where(is_shared, 0.0)
    more = np.sqrt((alike - (shared**2).sum(axis=1)).clip(lower=0))  # rounding
    of_groups = pd.get_dummies(of_species, dtype=float).mul(more, axis=0)
    own = pd.DataFrame(np.diag(np.sqrt((total - alike).clip(lower=0))), loadings.index)
    return pd.concat([shared, of_groups, own], axis=1)


def _pagel_motion(
    loadings: np.ndarray, n_traits: int, signal: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return traits with covariance C = loadings loadingsᵀ and signal·C + (1 − signal)·diag(C)."""
    n_species, n_branches = loadings.shape
    inherited = loadings @ rng.standard_normal((n_branches, n_traits))
    own = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) * rng.standard_normal(
        (n_species, n_traits)
    )
    return inherited, np.sqrt(signal) * inherited + np.sqrt(1 - signal) * own


def _draw_to_optima(
    values: np.ndarray, convergence: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the optima of the ecomorphs, and traits drawn to them."""
    n_species, n_traits = values.shape
    ecomorph = rng.permutation(n_species) % N_ECOMORPHS
    optima = rng.standard_normal((N_ECOMORPHS, n_traits))
    return optima, (1 - convergence) * values + convergence * optima[ecomorph]
