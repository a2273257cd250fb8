"""Linear kernels of taxon vectors, block by block, so that no block outweighs another."""

from collections.abc import Sequence

import numpy as np


def gram_matrices(vectors: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Return the inner products between taxon vectors, a matrix a block of features.

    Parameters
    ----------
    vectors
        (n_taxa, n_features), blocks of features side by side.
    sizes
        Features of each block; their sum is n_features.

    Returns
    -------
    ndarray
        (n_blocks, n_taxa, n_taxa).

    Raises
    ------
    ValueError
        If the blocks do not add up to the features.
    """
    if sum(sizes) != vectors.shape[1]:
        raise ValueError(
            f"blocks of {', '.join(map(str, sizes))} features, expected {vectors.shape[1]} in all"
        )
    # Kernels are centred on known taxa later; a common shift only costs digits until then.
    shifted = vectors - vectors.mean(axis=0)
    blocks = np.split(shifted, np.cumsum(sizes)[:-1], axis=1)
    return np.stack([block @ block.T for block in blocks])


def centred_kernel(grams: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the mean of the blocks' kernels, each centred on known taxa and brought to one size.

    Parameters
    ----------
    grams
        (n_blocks, n_taxa, n_taxa), as `gram_matrices` returns them.
    known
        Positions of the known taxa, (n_known,).

    Returns
    -------
    ndarray
        (n_taxa, n_taxa): inner products of vectors less the mean known vector, of each block
        divided by their mean square length over known taxa. Its mean diagonal over known taxa is
        1; a block in which all known taxa are alike is left out, and where all are, it is 0.
    """
    kernel = np.zeros(grams.shape[1:])
    n_used = 0
    for gram in grams:
        to_known = gram[:, known].mean(axis=1)
        centred = gram - to_known - to_known[:, None] + to_known[known].mean()
        size = centred[known, known].mean()
        # What rounding leaves of equal vectors is no block.
        if size > 1e-12 * max(gram[known, known].mean(), 0):
            kernel += centred / size
            n_used += 1
    return kernel / max(n_used, 1)
