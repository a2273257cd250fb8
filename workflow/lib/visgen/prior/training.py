"""Which specimens a prior is learned from, and which are asked."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.features.taxon_means import specimen_means


class Specimens(NamedTuple):
    """Features of specimens, means over the images of each, and what they are.

    Attributes
    ----------
    names
        (n,) of specimens.
    x
        (n, n_features) float32.
    taxa
        (n,) names.
    """

    names: np.ndarray
    x: np.ndarray
    taxa: np.ndarray

    def of(self, chosen: np.ndarray) -> "Specimens":
        """Return some of them, by position or by bool."""
        return Specimens(self.names[chosen], self.x[chosen], self.taxa[chosen])


def joined(one: Specimens, other: Specimens) -> Specimens:
    """Return the specimens of both."""
    return Specimens(*(np.concatenate(pair) for pair in zip(one, other, strict=True)))


def mean_specimens(features: pd.DataFrame, labels: pd.DataFrame, rank: str) -> Specimens:
    """Average the features of each specimen's images.

    Parameters
    ----------
    features
        (n_images, n_features), index id.
    labels
        Index id, specimen and the rank; images without a name of the rank are left out, and a
        specimen under two names is one of each.
    rank
        Of the names.

    Returns
    -------
    Specimens
        Sorted by taxon, then by name of the specimen.
    """
    named = labels.loc[labels.index.isin(features.index)].dropna(subset=rank)
    if named.empty:
        nobody = np.empty(0, object)
        return Specimens(nobody, np.empty((0, features.shape[1]), np.float32), nobody)
    taxon, taxa = pd.factorize(named[rank].astype(object), sort=True)
    specimen, names = pd.factorize(named["specimen"].astype(object), sort=True)
    x = features.loc[named.index].to_numpy(np.float32)
    means = specimen_means(x, taxon, specimen)
    pairs = np.unique(np.stack([taxon, specimen]), axis=1)  # as those means are in order
    return Specimens(
        np.asarray(names, object)[pairs[1]], means.values, np.asarray(taxa, object)[pairs[0]]
    )


def thin_out(training: Specimens, share: float, seed: int) -> np.ndarray:
    """Choose which training specimens are kept where some taxa are to be rare.

    Parameters
    ----------
    training
        All of them.
    share
        Of the taxa, of which one specimen is kept.
    seed
        Of the draw.

    Returns
    -------
    ndarray
        (n,) bool.
    """
    rng = np.random.default_rng([seed, 11])
    taxa = np.unique(training.taxa)
    rare = rng.choice(taxa, round(share * len(taxa)), replace=False)
    kept = np.ones(len(training.taxa), bool)
    for taxon in np.sort(rare):
        members = np.flatnonzero(training.taxa == taxon)
        kept[members] = False
        kept[rng.choice(members)] = True
    return kept


def keep_some(training: Specimens, taxa: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Choose a number of training specimens of some taxa, and all of the others.

    Parameters
    ----------
    training
        All of them.
    taxa
        Of which a number is kept.
    number
        Of specimens; the first ones stay when more are asked for.
    seed
        Of the draw.

    Returns
    -------
    ndarray
        (n,) bool.
    """
    order = np.random.default_rng([seed, 12]).permutation(len(training.taxa))
    place = pd.Series(training.taxa[order]).groupby(training.taxa[order]).cumcount().to_numpy()
    rank = np.empty(len(order), int)
    rank[order] = place
    return ~np.isin(training.taxa, taxa) | (rank < number)
