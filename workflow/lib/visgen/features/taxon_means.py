"""Mean vectors of taxa, made without a matrix of the size of the features."""

import numpy as np
from scipy import sparse


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
