"""What names are taken from, whatever it is: a classifier of every rank, or a prior."""

from typing import Protocol

import numpy as np


class Head(Protocol):
    """Says how well specimens go with the taxa of some ranks."""

    def logits(self, x: np.ndarray, images: np.ndarray, looks: np.ndarray) -> dict[str, np.ndarray]:
        """Return log odds of taxa, up to a factor and a constant a specimen.

        Parameters
        ----------
        x
            (n_images, n_features) float32.
        images
            (n_images,) position of the specimen of each image.
        looks
            (n_specimens, n_axes) of the mean image of each.

        Returns
        -------
        dict
            By rank: (n_specimens, n_taxa), taxa sorted.
        """
