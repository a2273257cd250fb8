"""From features to distances between taxa: pool, centre, measure."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from skbio.stats.distance import DistanceMatrix

from visgen.distances import cosine_distances
from visgen.taxon_vectors import centre, pool


def embed_taxa(
    features: pd.DataFrame, taxa: pd.Series, variant: Mapping[str, Any], seed: int
) -> tuple[pd.DataFrame, DistanceMatrix]:
    """Return one vector a taxon and the cosine distances between them.

    Parameters
    ----------
    features
        (n, n_features), index id; images without a taxon are left out.
    taxa
        Taxon of each image, index id.
    variant
        ``pooling``, as in `visgen.taxon_vectors.pool`, and ``centre``.
    seed
        Of random vectors.

    Returns
    -------
    vectors
        (n_taxa, n_features), sorted by taxon.
    distances
        (n_taxa, n_taxa) cosine distances, 0 to 2.
    """
    vectors = pool(features.loc[taxa.index], taxa, variant["pooling"], seed)
    if variant["centre"]:
        vectors = centre(vectors)
    return vectors, cosine_distances(vectors)
