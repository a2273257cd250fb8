"""The traits that are measured: what taxa look like, and its leading axes."""

from typing import NamedTuple

import numpy as np

from visgen.features.taxon_means import specimen_means
from visgen.features.whitening import Whitening

TAXA_PER_AXIS = 4  # at least: with as many axes as taxa no measure tells anything
MOST_AXES = 50
_NEGLIGIBLE = 1e-6  # of the largest singular value: below it lies what float32 rounds


class TaxonVectors(NamedTuple):
    """Vectors of taxa, and how well they are known.

    Attributes
    ----------
    values
        (n_taxa, n_features).
    noise
        (n_taxa,) variance of a vector as an estimate, the same in every direction; None where
        nothing is known of it.
    """

    values: np.ndarray
    noise: np.ndarray | None


def whitened_means(x: np.ndarray, taxa: np.ndarray, specimens: np.ndarray) -> TaxonVectors:
    """Return means over the images of taxa, where specimens of a taxon vary by 1 in all directions.

    Parameters
    ----------
    x
        (n_images, n_features) float32.
    taxa, specimens
        (n_images,) numbers from 0 without gaps; a specimen in two taxa is one of each.

    Returns
    -------
    TaxonVectors
        The means of `visgen.features.whitening.Whitening`, which is fitted to the mean images of
        specimens: images of one specimen are alike and say little of how a taxon varies. The
        noise of a taxon with n specimens is 1/n, more where some have more images and so weigh
        more: Σ m² / (Σ m)² of their numbers of images m.

    Raises
    ------
    visgen.features.within_covariance.NoSpreadError
        If no two specimens of a taxon differ.
    """
    means, taxon, n_images = specimen_means(x, taxa, specimens)
    whitening = Whitening()
    whitening.fit(means.copy(), taxon)  # which centres in place
    share = n_images / np.bincount(taxon, n_images)[taxon]  # of an individual in its taxon
    values = np.zeros((taxon.max() + 1, whitening.components))
    np.add.at(values, taxon, share[:, None] * whitening.apply(means))
    return TaxonVectors(values, np.bincount(taxon, share**2))


def leading_axes(vectors: np.ndarray) -> np.ndarray:
    """Return the leading principal components of taxon vectors, (n_taxa, q).

    q is fixed beforehand: a quarter of the taxa, 50 at most, one at least; fewer only where the
    vectors have no more. Only for what needs few axes (`visgen.signal.k_a`): of many features the
    leading axes of taxa look more like a tree than the features do.

    Parameters
    ----------
    vectors
        (n_taxa, n_features).

    Raises
    ------
    ValueError
        If all vectors are the same.
    """
    left, sizes, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    n_axes = max(1, min(len(vectors) // TAXA_PER_AXIS, MOST_AXES))
    found = int((sizes > max(_NEGLIGIBLE * sizes[0], 1e-300)).sum())
    if not found or sizes[0] <= _NEGLIGIBLE * np.abs(vectors).max():
        raise ValueError("all taxa have the same vector")
    return (left * sizes)[:, : min(n_axes, found)]
