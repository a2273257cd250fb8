"""Which specimens a prior is learned from, and which are asked."""

from typing import NamedTuple

import numpy as np
import pandas as pd


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
        Sorted by name of the specimen.
    """
    named = labels.loc[labels.index.isin(features.index)].dropna(subset=rank)
    code, keys = pd.factorize(
        pd.MultiIndex.from_frame(named[["specimen", rank]].astype(object)), sort=True
    )
    sums = np.zeros((len(keys), features.shape[1]))
    np.add.at(sums, code, features.loc[named.index].to_numpy(np.float64))
    means = sums / np.bincount(code, minlength=len(keys))[:, None]
    names, taxa = (keys.get_level_values(level).to_numpy(object) for level in (0, 1))
    return Specimens(names, means.astype(np.float32), taxa)


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
