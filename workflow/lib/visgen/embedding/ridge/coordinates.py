"""Principal coordinates of taxa: points whose distances are those along the tree."""

import numpy as np

_NOISE = 1e-9  # of the largest eigenvalue: what rounding leaves of an axis


def principal_coordinates(squared: np.ndarray, n_axes: int) -> np.ndarray:
    """Return principal coordinates (Gower 1966) on the longest real axes.

    Distances that no points in space have, give axes of negative squares too; those are left out.

    Parameters
    ----------
    squared
        (n_taxa, n_taxa): squared distances, symmetric with a zero diagonal.
    n_axes
        How many are wanted.

    Returns
    -------
    ndarray
        (n_taxa, n_axes), the longest axis first, each with a mean of zero; zero beyond the axes
        that there are.
    """
    centred = squared - squared.mean(axis=0)
    inner = -0.5 * (centred - centred.mean(axis=1, keepdims=True))
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    values, vectors = values[::-1][:n_axes], vectors[:, ::-1][:, :n_axes]
    # The sign of an axis is the library's whim: fix it, so that files do not hang on it.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    lengths = np.sqrt(np.where(values > _NOISE * max(values[0], 0), values, 0.0))
    coordinates = np.zeros((len(squared), n_axes))
    coordinates[:, : len(lengths)] = vectors * lengths * signs
    return coordinates


def tree_coordinates(distances: np.ndarray, power: float, n_axes: int) -> np.ndarray:
    """Return principal coordinates of taxa whose squared distance is a power of that on the tree.

    A large power makes much of the deepest splits, a small one of near relatives.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa), along the tree.
    power
        Of the distances: 1 gives points of which patristic distances are the squared ones.
    n_axes
        How many are wanted.

    Returns
    -------
    ndarray
        (n_taxa, n_axes), without a unit: the largest distance counts as 1.
    """
    largest = distances.max()
    return principal_coordinates((distances / (largest or 1.0)) ** power, n_axes)
