"""What taxa look like, as ridge takes it: inner products of vectors pooled from their images."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from visgen.embedding.guidance.bags import Bags, make_bags
from visgen.embedding.pooling import pool
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
    seed
        Of random vectors.
    """

    bags: Bags
    pooling: str
    seed: int

    def grams(self) -> np.ndarray:
        """Return the inner products between pooled vectors, (1, n_taxa, n_taxa)."""
        table = pd.DataFrame(self.bags.features.numpy(), index=self.bags.ids, copy=False)
        labels = pd.Series(np.repeat(self.bags.taxa, self.bags.sizes), index=self.bags.ids)
        vectors = pool(table, labels, self.pooling, self.seed).to_numpy()
        return gram_matrices(vectors, [vectors.shape[1]])

    def redealt(self, rows: np.ndarray) -> "TaxonImages":
        """Return the same of other images: place i in the bags goes to the image rows[i]."""
        return replace(self, bags=self.bags.redealt(rows))


def make_taxon_images(
    features: pd.DataFrame,
    taxa: pd.Series,
    variant: Mapping[str, Any],
    *,
    finer: pd.DataFrame | None = None,
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
    finer
        As in `visgen.embedding.guidance.bags.make_bags`: who takes turns in draws from large bags.
    seed
        Of draws from large bags, and of random vectors.

    Raises
    ------
    ValueError
        As `visgen.embedding.guidance.bags.make_bags` and `visgen.embedding.pooling.pool`.
    """
    bags = make_bags(features, taxa, finer=finer, per_taxon=variant["per_taxon"], seed=seed)
    if variant["guidance"]["signed_root"]:
        bags = replace(bags, features=bags.features.sign() * bags.features.abs().sqrt())
    return TaxonImages(bags, variant["pooling"], seed)
