"""Vectors of taxa from images at given positions, as specimens that are drawn anew ask for them."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from visgen.embedding.pooling import pool_views


def pooled_from(
    features: pd.DataFrame,
    taxa: pd.Series,
    views: pd.Series | None,
    pooling: str,
    seed: int,
) -> Callable[[np.ndarray], pd.DataFrame]:
    """Return what pools images at positions, some of which may be asked for several times.

    Parameters
    ----------
    features
        (n_images, n_features).
    taxa, views
        Of each image, in the same order; views None where they are not joined.
    pooling, seed
        As in `visgen.embedding.pooling.pool`.

    Returns
    -------
    callable
        From positions, (n,), to (n_taxa, n_features) vectors, sorted by taxon.
    """

    def embed(places: np.ndarray) -> pd.DataFrame:
        index = pd.RangeIndex(len(places))
        of_views = None if views is None else views.iloc[places].set_axis(index)
        images, labels = (part.iloc[places].set_axis(index) for part in (features, taxa))
        return pool_views(images, labels, of_views, pooling, seed)

    return embed
