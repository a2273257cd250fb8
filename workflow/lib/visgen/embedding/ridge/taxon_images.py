"""What taxa look like, as ridge takes it: inner products of vectors pooled from their images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from visgen.embedding.guidance.bags import Bags, make_bags
from visgen.embedding.ridge.kernels import gram_matrices


@dataclass(frozen=True)
class TaxonImages:
    """Images by taxon, and how one vector is made of them.

    Attributes
    ----------
    bags
        Bags of images.
    pooling
        One of `visgen.embedding.options.FIXED_POOLINGS`.
    blocks
        Features of each layer and statistic.
    seed
        Of random vectors.
    """

    bags: Bags
    pooling: str
    blocks: tuple[int, ...]
    seed: int

    def grams(self) -> np.ndarray:
        """Return the inner products between pooled vectors, (n_blocks, n_taxa, n_taxa).

        Where views are joined, each has all the blocks.
        """
        vectors = self.bags.pooled(self.pooling, self.seed).to_numpy()
        return gram_matrices(vectors, self.blocks * (vectors.shape[1] // sum(self.blocks)))

    def redealt(self, rows: np.ndarray) -> "TaxonImages":
        """Return the same of other images: place i in the bags goes to the image rows[i]."""
        return replace(self, bags=self.bags.redealt(rows))


def make_taxon_images(
    features: pd.DataFrame,
    taxa: pd.Series,
    variant: Mapping[str, Any],
    *,
    views: pd.Series | None = None,
    blocks: Sequence[int] | None = None,
    seed: int,
) -> TaxonImages:
    """Put images into bags.

    Parameters
    ----------
    features
        (n, n_features), index (id, repeat).
    taxa
        Taxon of each image, index id; images with a gap are left out.
    variant
        pooling, per_taxon, guidance: signed_root, whether the root of each feature is taken, its
        sign kept, so that a few large ones do not decide alone.
    views
        View of each image where views are joined, else None.
    blocks
        Features of each layer and statistic, as `visgen.features.tables.read_blocks` reads them;
        None makes one block of all.
    seed
        Of draws from large bags, and of random vectors.

    Raises
    ------
    ValueError
        As `visgen.embedding.guidance.bags.make_bags` and `visgen.embedding.pooling.pool_views`.
    """
    bags = make_bags(features, taxa, views=views, per_taxon=variant["per_taxon"], seed=seed)
    if variant["guidance"]["signed_root"]:
        bags = replace(bags, features=bags.features.sign() * bags.features.abs().sqrt())
    return TaxonImages(bags, variant["pooling"], tuple(blocks or [features.shape[1]]), seed)
