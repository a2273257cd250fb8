"""Features laid out in the plane, along their principal axes and by t-SNE."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from sklearn.manifold import TSNE

from visgen.machine.threads import one_thread

#: Fewer images than this have no neighbours to speak of.
MIN_MAPPED = 5
_MAX_PERPLEXITY = 30
_AXES = 50  # that t-SNE sees
_DIGITS = 3  # that are kept: last bits differ between machines
_TINY = 1e-9  # of the variance: below it is rounding


class Planes(NamedTuple):
    """Where images lie.

    Attributes
    ----------
    pca : ndarray, (n_images, 2)
        Along the first two principal axes, in standard deviations of features.
    shares : ndarray, (2,)
        Of the variance of the features, by axis.
    tsne : ndarray, (n_images, 2)
        Without unit; NaN where there are fewer than `MIN_MAPPED` images or all are the same.
    """

    pca: np.ndarray
    shares: np.ndarray
    tsne: np.ndarray


def standardised(features: np.ndarray) -> np.ndarray:
    """Return features with mean 0 and variance 1, (n_images, n_features); constant ones are 0."""
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    deviations = centred.std(axis=0)
    varied = deviations > _TINY * max(1.0, float(np.abs(features).max(initial=0)))
    return np.where(varied, centred / np.where(varied, deviations, 1), 0)


def lay_out(values: np.ndarray, seed: int) -> Planes:
    """Lay images out along two principal axes, and by t-SNE of the first fifty.

    t-SNE (van der Maaten & Hinton 2008) keeps neighbours; the size of clusters and the distance
    between far ones mean nothing. It begins at the principal axes and runs in one thread: sums in
    another order would end in another map.

    Parameters
    ----------
    values
        (n_images, n_features), as `standardised` returns them.
    seed
        Of the layout.
    """
    with one_thread():
        axes, shares = principal_axes(values, _AXES)
        tsne = np.full((len(values), 2), np.nan)
        if len(values) >= MIN_MAPPED and axes.any():
            layout = TSNE(
                perplexity=min(_MAX_PERPLEXITY, (len(values) - 1) / 3),
                init=(1e-4 * axes[:, :2] / axes[:, 0].std()).astype(np.float32),
                random_state=seed,
                n_jobs=1,
            )
            tsne = layout.fit_transform(axes.astype(np.float32))
    return Planes(axes[:, :2].round(_DIGITS), shares[:2], tsne.astype(np.float64).round(_DIGITS))


def principal_axes(values: np.ndarray, n_axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places along the principal axes, and the share of the variance along each.

    Parameters
    ----------
    values
        (n_images, n_features), each feature with mean 0.
    n_axes
        How many at most; two at least are returned, of zeros where the variance is used up.

    Returns
    -------
    tuple of ndarray
        (n_images, n_axes), the farthest image of each axis on its positive side, and (n_axes,).
    """
    n_images, n_features = values.shape
    # Of the two products the smaller; the eigenvalues are the same.
    wide = n_features > n_images
    product = values @ values.T if wide else values.T @ values
    n_found = min(n_axes, len(product))
    last = len(product) - 1
    powers, vectors = eigh(product, subset_by_index=[last - n_found + 1, last])
    powers, vectors = powers[::-1], vectors[:, ::-1]
    total = float(np.trace(product))
    used = powers > _TINY * max(total, np.finfo(float).tiny)
    powers = np.where(used, powers, 0)
    places = vectors * np.sqrt(powers) if wide else values @ vectors
    places = np.where(used, places, 0)
    farthest = np.abs(places).argmax(axis=0)
    places = places * np.where(places[farthest, np.arange(n_found)] < 0, -1, 1)
    lacking = max(0, 2 - n_found)
    shares = powers / total if total else powers
    return np.pad(places, ((0, 0), (0, lacking))), np.pad(shares, (0, lacking))
