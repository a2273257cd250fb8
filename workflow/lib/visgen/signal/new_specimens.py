"""Vectors of the same taxa from other specimens: drawn anew from those that there are."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from visgen.signal.fresh_traits import FreshTraits

#: How often specimens are drawn anew.
REDRAWS = 100
#: Axes of fresh traits, at most.
AXES = 200
_FOR_AXES = 4  # redraws that the axes are taken from


def redraw_specimens(
    taxa: pd.Series, specimens: pd.Series, rng: np.random.Generator
) -> np.ndarray:
    """Draw specimens of each taxon anew, with all their images.

    Of the m specimens of a taxon m - 1 are drawn with replacement, which makes the variance of
    their mean unbiased (Efron 1982, chapter 6); a taxon of one specimen keeps it.

    Parameters
    ----------
    taxa, specimens
        Of each image, in the same order, without gaps.
    rng
        Draws.

    Returns
    -------
    ndarray
        Positions of images, some of them several times.
    """
    individuals = pd.MultiIndex.from_arrays([taxa, specimens])
    code, unique = pd.factorize(individuals)
    taxon = pd.factorize(unique.get_level_values(0))[0]
    images = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    drawn = []
    for of_taxon in np.split(
        np.argsort(taxon, kind="stable"), np.cumsum(np.bincount(taxon))[:-1]
    ):
        m = len(of_taxon)
        drawn += list(of_taxon) if m == 1 else list(rng.choice(of_taxon, m - 1))
    return np.concatenate([images[one] for one in drawn])


def redrawn_vectors(
    embed: Callable[[np.ndarray], pd.DataFrame],
    taxa: pd.Series,
    specimens: pd.Series,
    *,
    redraws: int = REDRAWS,
    seed: int,
) -> list[pd.DataFrame]:
    """Return vectors of the taxa by specimens that are drawn anew, again and again.

    Parameters
    ----------
    embed
        From positions of images, some several times, to (n_taxa, n_features) vectors.
    taxa, specimens
        As in `redraw_specimens`.
    """
    rng = np.random.default_rng([seed, 8])
    return [embed(redraw_specimens(taxa, specimens, rng)) for _ in range(redraws)]


def traits_of(
    distances: np.ndarray,
    vectors: np.ndarray,
    redrawn: list[np.ndarray],
    n_specimens: np.ndarray,
) -> FreshTraits:
    """Return what fresh traits of a study are drawn from.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa), phylogenetic.
    vectors
        (n_taxa, n_features).
    redrawn
        The same by specimens drawn anew, of which the covariance within taxa is taken: so that
        any way to pool images has the noise that it lets through.
    n_specimens
        (n_taxa,). Where no taxon has two, noise is not told from what is a taxon's own.

    Returns
    -------
    FreshTraits
        On `AXES` principal axes at most.
    """
    centred = vectors - vectors.mean(axis=0)
    has_two = n_specimens > 1
    departures = [
        (one - vectors)[has_two] * np.sqrt(n_specimens[has_two])[:, None] for one in redrawn
    ]
    stacked = np.concatenate([centred, *departures[:_FOR_AXES]])
    # Of the smaller of the two products: eigenvectors give the axes of either.
    if len(stacked) < stacked.shape[1]:
        values, axes = np.linalg.eigh(stacked @ stacked.T)
        axes = stacked.T @ (axes / np.sqrt(np.clip(values, values.max() * 1e-12, None)))
    else:
        values, axes = np.linalg.eigh(stacked.T @ stacked)
    kept = np.flatnonzero(values > values.max() * 1e-10)[-AXES:]
    axes = axes[:, kept]
    noise = np.zeros((len(kept), len(kept)))
    for one in departures:
        projected = one @ axes
        noise += projected.T @ projected
    noise /= max(len(redrawn) * has_two.sum(), 1)
    return FreshTraits(distances, centred @ axes, noise, n_specimens)
