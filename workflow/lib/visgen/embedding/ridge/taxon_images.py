"""What taxa look like, as ridge takes it: inner products of vectors pooled from their images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from visgen.embedding.guidance.bags import Bags, make_bags
from visgen.embedding.ridge.kernels import gram_matrices
from visgen.features.blocks import Block
from visgen.features.options import OWN


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
        Of features, by layer and statistic.
    layers
        Some of `visgen.embedding.ridge.options.LAYERS`, to choose from.
    seed
        Of random vectors.
    """

    bags: Bags
    pooling: str
    blocks: tuple[Block, ...]
    layers: tuple[str, ...]
    seed: int

    def grams(self) -> dict[str, np.ndarray]:
        """Return the inner products between pooled vectors, by what layers they are of.

        Returns
        -------
        dict
            Of `layers`, (n_blocks, n_taxa, n_taxa) each; of a backbone with one layer alone, only
            the first of them. Where views are joined, each has all the blocks.
        """
        return self._by_layers(self.bags.pooled(self.pooling, self.seed).to_numpy())

    def grams_of(self, coordinates: np.ndarray, axes: np.ndarray) -> dict[str, np.ndarray]:
        """Return the same of vectors that are given on axes.

        Parameters
        ----------
        coordinates
            (n_taxa, n_axes).
        axes
            (n_features, n_axes).
        """
        return self._by_layers(coordinates @ axes.T)

    def _by_layers(self, vectors: np.ndarray) -> dict[str, np.ndarray]:
        sizes = [block.n_features for block in self.blocks]
        n_views = vectors.shape[1] // sum(sizes)
        every = gram_matrices(vectors, sizes * n_views)
        is_last = np.array(
            [block.layer == self.blocks[-1].layer for block in self.blocks] * n_views
        )
        if is_last.all():
            return {self.layers[0]: every}
        return {name: every if name == "all" else every[is_last] for name in self.layers}

    def redealt(self, rows: np.ndarray) -> "TaxonImages":
        """Return the same of other images: place i in the bags goes to the image rows[i]."""
        return replace(self, bags=self.bags.redealt(rows))


def make_taxon_images(
    features: pd.DataFrame,
    taxa: pd.Series,
    variant: Mapping[str, Any],
    *,
    finer: pd.DataFrame | None = None,
    views: pd.Series | None = None,
    blocks: Sequence[Block] | None = None,
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
        pooling, per_taxon, guidance: layers to choose from, and signed_root, whether the root of
        each feature is taken, its sign kept, so that a few large ones do not decide alone.
    finer
        As in `visgen.embedding.guidance.bags.make_bags`: who takes turns in draws from large bags.
    views
        View of each image where views are joined, else None.
    blocks
        Of features, as `visgen.features.tables.read_blocks` reads them; None makes one of all.
    seed
        Of draws from large bags, and of random vectors.

    Raises
    ------
    ValueError
        As `visgen.embedding.guidance.bags.make_bags` and `visgen.embedding.pooling.pool_views`.
    """
    bags = make_bags(
        features, taxa, finer=finer, views=views, per_taxon=variant["per_taxon"], seed=seed
    )
    if variant["guidance"]["signed_root"]:
        bags = replace(bags, features=bags.features.sign() * bags.features.abs().sqrt())
    blocks = tuple(blocks or [Block(OWN, "mean", features.shape[1])])
    return TaxonImages(bags, variant["pooling"], blocks, tuple(variant["guidance"]["layers"]), seed)
