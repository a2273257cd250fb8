"""Features as looks: vectors in which images of one taxon vary by 1 in all directions."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.features.taxon_means import taxon_means
from visgen.features.whitening import Whitening
from visgen.features.within_covariance import NoSpreadError

MIN_TAXA = 10
_LEAST = 1e-12


class Looks(NamedTuple):
    """What images of taxa look like.

    Attributes
    ----------
    taxa
        (n_taxa,) names, sorted; of those with images alone.
    n_images
        (n_taxa,).
    means
        (n_taxa, n_axes) of the images of each taxon.
    images
        (n_images, n_axes).
    code
        (n_images,) taxon of each image, a position in `taxa`.
    """

    taxa: list[str]
    n_images: np.ndarray
    means: np.ndarray
    images: np.ndarray
    code: np.ndarray


class LookSpace(NamedTuple):
    """Where looks come from: `fit_looks` finds it.

    Attributes
    ----------
    axes
        (n_features, n_axes) of the whitening.
    offset
        (n_axes,): x @ axes - offset is white, with the mean over taxa at zero.
    length
        Of every look.
    """

    axes: np.ndarray
    offset: np.ndarray
    length: float

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return (n, n_axes) looks of (n, n_features) float32."""
        white = np.asarray(x, dtype=np.float64) @ self.axes - self.offset
        lengths = np.linalg.norm(white, axis=1, keepdims=True)
        return white * (self.length / np.maximum(lengths, _LEAST))


def fit_looks(x: np.ndarray, y: np.ndarray, least_taxa: int = MIN_TAXA) -> tuple[LookSpace, Looks]:
    """Whiten training images within taxa, then give all of them one length around the mean.

    Images of a taxon differ much more in length than a normal distribution has it: heavy tails,
    for which a cosine is robust and a density is not. With vectors of one length the density is as
    good at telling taxa apart, and it knows how sure each taxon's mean is (Garcia-Romero &
    Espy-Wilson 2011, of speakers). At last all axes are divided by one number, so that images of a
    taxon vary by 1 on an axis on average.

    Parameters
    ----------
    x
        (n_images, n_features) float32. A row counts as an image of its own: of a specimen with
        several images give the mean (`visgen.features.taxon_means.specimen_means`).
    y
        (n_images,) names of taxa.
    least_taxa
        With images. How taxa covary can be learned of `MIN_TAXA`; how images of one differ, of one.

    Raises
    ------
    visgen.features.within_covariance.NoSpreadError
        If no two images of a taxon differ.
    ValueError
        If there are fewer taxa.
    """
    code, taxa = pd.factorize(np.asarray(y, dtype=object), sort=True)
    if len(taxa) < least_taxa:
        raise ValueError(
            f"{len(taxa)} taxa with training images, expected at least {least_taxa}: of fewer no "
            "prior can be learned"
        )
    n_images = np.bincount(code)
    if n_images.max() < 2:
        raise NoSpreadError(
            f"each of the {len(taxa)} taxa has one training image, expected two of some: the "
            "spread within taxa is unknown"
        )
    whitening = Whitening()
    white = whitening.fit(np.array(x, dtype=np.float32), code)
    axes, offset = whitening.as_affine()
    center = taxon_means(white, code).mean(axis=0, dtype=np.float64)
    space = LookSpace(axes, offset + center, 1.0)
    images = space.apply(x)
    means = _means(images, code)
    within = ((images - means[code]) ** 2).sum() / ((len(code) - len(taxa)) * means.shape[1])
    length = float(1 / np.sqrt(within))
    looks = Looks(list(taxa), n_images, means * length, images * length, code)
    return space._replace(length=length), looks


def _means(images: np.ndarray, code: np.ndarray) -> np.ndarray:
    sums = np.zeros((code.max() + 1, images.shape[1]))
    np.add.at(sums, code, images)
    return sums / np.bincount(code)[:, None]
