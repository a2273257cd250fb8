"""Mean vectors of taxa, made without a matrix of the size of the features."""

from typing import NamedTuple

import numpy as np
from scipy import sparse


class SpecimenMeans(NamedTuple):
    """Mean images of specimens.

    Attributes
    ----------
    values
        (n_specimens, n_features) float32.
    taxa
        (n_specimens,) number of the taxon of each.
    n_images
        (n_specimens,).
    """

    values: np.ndarray
    taxa: np.ndarray
    n_images: np.ndarray


def specimen_means(x: np.ndarray, taxa: np.ndarray, specimens: np.ndarray) -> SpecimenMeans:
    """Return the mean image of each specimen: images of one are alike, and say little more.

    Parameters
    ----------
    x
        (n_images, n_features) float32.
    taxa, specimens
        (n_images,) numbers from 0 without gaps; a specimen in two taxa is one of each.
    """
    individuals, code = np.unique(np.stack([taxa, specimens]), axis=1, return_inverse=True)
    return SpecimenMeans(taxon_means(x, code), individuals[0], np.bincount(code))


def taxon_means(x: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the mean vector of each taxon, (n_taxa, n_features) float32.

    Parameters
    ----------
    x
        (n, n_features) float32.
    code
        (n,) taxa, numbered from 0 without gaps.
    """
    ones = np.ones(len(code), np.float32)
    members = sparse.csr_array((ones, (code, np.arange(len(code)))))  # (n_taxa, n)
    return (members @ x) / np.bincount(code)[:, None].astype(np.float32)
