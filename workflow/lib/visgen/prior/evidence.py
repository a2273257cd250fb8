"""What the means of taxa say of how taxa covary."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from visgen.prior.looks import Looks
from visgen.prior.relatives import check_once


class Evidence(NamedTuple):
    """Means of taxa, as far as a prior needs them.

    Attributes
    ----------
    squares
        (n_known, n_known) products between the means of taxa.
    n_axes
        Of the means.
    n_images
        (n_known,).
    known
        (n_known,) positions of the taxa with images among all that a prior is wanted of.
    """

    squares: np.ndarray
    n_axes: int
    n_images: np.ndarray
    known: np.ndarray


def evidence_of(looks: Looks, taxa: Sequence[str]) -> Evidence:
    """Return what the looks of taxa say of how they covary.

    Parameters
    ----------
    looks
        Of the taxa with images.
    taxa
        All that a prior is wanted of, as relatives have them; some may have no image.

    Raises
    ------
    ValueError
        If a taxon occurs twice, or one with images is not there.
    """
    check_once(taxa, "relatives")
    known = list(taxa)
    missing = sorted(set(looks.taxa) - set(known))
    if missing:
        raise ValueError(
            f"relatives: {len(missing)} taxa with images are not among them: {missing[:5]}; fill "
            "them in from the taxonomy"
        )
    place = {taxon: i for i, taxon in enumerate(known)}
    return Evidence(
        looks.means @ looks.means.T,
        looks.means.shape[1],
        looks.n_images,
        np.array([place[taxon] for taxon in looks.taxa]),
    )
