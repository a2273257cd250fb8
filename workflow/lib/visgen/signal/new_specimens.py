"""Vectors of the same taxa from other specimens: drawn anew from those that there are."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.signal.fresh_traits import FreshTraits

#: How often specimens are drawn anew.
REDRAWS = 100
#: Axes of fresh traits, at most.
AXES = 200
_FOR_AXES = 4  # redraws that the axes are taken from
_LEAST = 1e-10  # of the largest variance of an axis: below is rounding


def redraw_specimens(
    taxa: pd.Series,
    specimens: pd.Series,
    views: pd.Series | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw specimens of each taxon anew, with all their images.

    Of the m specimens of a taxon m - 1 are drawn with replacement, which makes the variance of
    their mean unbiased (Efron 1982, chapter 6); a taxon of one specimen keeps it. Where views are
    told apart, specimens with the same ones are drawn by themselves, so that none is lost.

    Parameters
    ----------
    taxa, specimens
        Of each image, in the same order, without gaps.
    views
        Of each image, too; None does not tell them apart.
    rng
        Draws.

    Returns
    -------
    ndarray
        Positions of images, some of them several times.
    """
    code, individuals = pd.factorize(pd.MultiIndex.from_arrays([taxa, specimens]))
    alike = pd.factorize(individuals.get_level_values(0))[0]
    if views is not None:
        seen = np.zeros((len(individuals), views.nunique()), bool)
        seen[code, pd.factorize(views)[0]] = True
        alike = np.unique(np.column_stack([alike, seen]), axis=0, return_inverse=True)[1]
    images = _members(code)
    drawn = []
    for those in _members(alike):
        m = len(those)
        drawn += list(those) if m == 1 else list(rng.choice(those, m - 1))
    return np.concatenate([images[one] for one in drawn])


def _members(code: np.ndarray) -> list[np.ndarray]:
    """Return the positions of each number, of numbers from 0 without gaps."""
    return np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])


def redrawn_vectors(
    embed: Callable[[np.ndarray], pd.DataFrame],
    taxa: pd.Series,
    specimens: pd.Series,
    views: pd.Series | None = None,
    *,
    redraws: int = REDRAWS,
    seed: int,
) -> list[pd.DataFrame]:
    """Return vectors of the taxa by specimens that are drawn anew, again and again.

    Parameters
    ----------
    embed
        From positions of images, some several times, to (n_taxa, n_features) vectors.
    taxa, specimens, views
        As in `redraw_specimens`.
    redraws
        How often.
    seed
        Of the draws.
    """
    rng = np.random.default_rng([seed, 8])
    return [embed(redraw_specimens(taxa, specimens, views, rng)) for _ in range(redraws)]


class Looks(NamedTuple):
    """Fresh traits, and where they lie among features.

    Attributes
    ----------
    traits
        On axes, around a mean of zero.
    axes
        (n_features, n_axes), at right angles, of unit length.
    mean
        (n_axes,) mean over taxa of the study's vectors.
    beside
        How far that mean lies beside the axes.
    """

    traits: FreshTraits
    axes: np.ndarray
    mean: np.ndarray
    beside: float

    def draw(self, signal: float, trait_root: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return fresh vectors with their mean, (n_taxa, n_axes + 1), what is beside the last."""
        drawn = self.traits.draw(signal, trait_root, rng) + self.mean
        return np.hstack([drawn, np.full((len(drawn), 1), self.beside)])


def looks_of(
    distances: np.ndarray,
    vectors: np.ndarray,
    redrawn: list[np.ndarray],
    n_specimens: np.ndarray,
) -> Looks:
    """Return what fresh looks of a study are drawn from.

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
    Looks
        On `AXES` principal axes at most.
    """
    mean = vectors.mean(axis=0)
    centred = vectors - mean
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
    axes = axes[:, np.flatnonzero(values > values.max() * _LEAST)[-AXES:]]
    noise = np.zeros((axes.shape[1], axes.shape[1]))
    for one in departures:
        projected = one @ axes
        noise += projected.T @ projected
    noise /= max(len(redrawn) * has_two.sum(), 1)
    on_axes = mean @ axes
    rest = np.sqrt(max(mean @ mean - on_axes @ on_axes, 0.0))
    traits = FreshTraits(distances, centred @ axes, noise, n_specimens)
    return Looks(traits, axes, on_axes, rest)
