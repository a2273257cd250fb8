"""Weighted kernel ridge: where taxa are on the tree, predicted from what they look like."""

from collections.abc import Sequence

import numpy as np

#: Stands in every taxon's vector beside its coordinates, so that a taxon that is predicted in the
#: middle of all is near the others there; in root mean squares of known taxa's coordinates.
MIDDLE = 0.7


def group_weights(groups: np.ndarray) -> np.ndarray:
    """Return 1 / √(taxa in the same group), so that large groups do not decide alone.

    Parameters
    ----------
    groups
        (n_known,), the group of each known taxon.
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / np.sqrt(sizes[codes])


def predict_coordinates(
    kernel: np.ndarray,
    known: np.ndarray,
    weights: np.ndarray,
    coordinates: np.ndarray,
    penalties: Sequence[float],
) -> np.ndarray:
    """Predict the coordinates of all taxa from those of known ones, for several penalties.

    Of functions f in the space of the kernel, the one with the least Σ wᵢ |yᵢ − f(xᵢ)|² + λ |f|²
    is f(x) = k(x)ᵀ W^½ (W^½ K W^½ + λ)⁻¹ W^½ Y. One eigen-decomposition serves all penalties.

    Parameters
    ----------
    kernel
        (n_taxa, n_taxa), centred on known taxa.
    known
        Positions of the known taxa, (n_known,).
    weights
        w, (n_known,).
    coordinates
        Y, (n_known, n_axes), centred.
    penalties
        λ in units of the mean diagonal of W^½ K W^½.

    Returns
    -------
    ndarray
        (n_penalties, n_taxa, n_axes).
    """
    root = np.sqrt(weights)
    values, vectors = np.linalg.eigh(kernel[np.ix_(known, known)] * root * root[:, None])
    values = np.maximum(values, 0.0)
    size = values.mean()
    if size == 0:  # all known taxa look alike
        return np.zeros((len(penalties), len(kernel), coordinates.shape[1]))
    rotated = vectors.T @ (root[:, None] * coordinates)  # (n_known, n_axes)
    ahead = (kernel[:, known] * root) @ vectors  # (n_taxa, n_known)
    return np.stack(
        [ahead @ (rotated / (values + penalty * size)[:, None]) for penalty in penalties]
    )


def predicted_distances(
    products: np.ndarray,
    squares: tuple[np.ndarray, np.ndarray],
    look: np.ndarray,
    looks: tuple[np.ndarray, np.ndarray],
    residual: float,
) -> np.ndarray:
    """Return distances between some taxa and others by predicted coordinates and look.

    Parameters
    ----------
    products
        (n, m): inner products of coordinates, whose mean square over known taxa is 1.
    squares
        Their squared lengths, (n,) and (m,).
    look
        (n, m): the kernel between these taxa.
    looks
        Its diagonal, (n,) and (m,).
    residual
        Root mean square of look beside that of coordinates; 0 leaves look out.

    Returns
    -------
    ndarray
        (n, m): the Euclidean distances between coordinates ŷ where the residual is 0, else
        1 − the cosine between vectors [ŷ, `MIDDLE`, residual · look].
    """
    rows, columns = squares
    if residual == 0:
        apart = products * -2
        apart += rows[:, None]
        apart += columns
        return np.sqrt(np.maximum(apart, 0.0, out=apart), out=apart)
    # In place, since a choice of options asks for thousands of these.
    share = residual**2
    lengths = [
        np.sqrt(square + MIDDLE**2 + share * own)
        for square, own in zip(squares, looks, strict=True)
    ]
    cosines = look * share
    cosines += products
    cosines += MIDDLE**2
    cosines /= -lengths[0][:, None]
    cosines /= lengths[1]
    cosines += 1.0
    return np.maximum(cosines, 0.0, out=cosines)
