"""A variant of the embedding, with or without guidance, ready to be fitted to any known taxa."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from visgen.embedding.guidance.bags import Bags, make_bags, one_vector_bags
from visgen.embedding.guidance.fitting import Fit, fit_guidance, in_bag_order
from visgen.embedding.guidance.taxon_embedder import TaxonEmbedder
from visgen.embedding.guidance.vectors import centre_on, embed, image_weights
from visgen.embedding.options import is_learned
from visgen.machine.threads import one_thread
from visgen.scikit_bio import DistanceMatrix

#: Columns of the weights of images, in a file.
WEIGHT_COLUMNS = ["id", "repeat", "taxon", "weight"]

#: Numbers in bags and in similarities below which a second thread costs more than it gives.
_SMALL = 4_000_000


@dataclass(frozen=True)
class Embedder:
    """Bags of images and what is to be made of them.

    Attributes
    ----------
    images
        Bags of images.
    bags
        The same where pooling is learned, else of one pooled vector a taxon.
    basis
        (n_coordinates, n_features): from the coordinates of pooled vectors to features; None
        where bags hold images.
    variant
        pooling, centre, whiten, guidance (None for none).
    seed
        Of what a fit draws.
    """

    images: Bags
    bags: Bags
    basis: np.ndarray | None
    variant: Mapping[str, Any]
    seed: int

    def fit(
        self, distances: np.ndarray, known: np.ndarray, groups: np.ndarray | None = None
    ) -> Fit | None:
        """Fit to the distances of known taxa, as `fit_guidance`; None unguided."""
        if self.variant["guidance"] is None:
            return None
        pooling = self.variant["pooling"]
        n_taxa, (n_vectors, n_features) = len(self.bags.taxa), self.bags.features.shape
        is_small = n_features * n_vectors + n_taxa**2 < _SMALL
        with one_thread() if is_small else nullcontext():
            return fit_guidance(
                self.bags,
                distances,
                known,
                self.variant["guidance"],
                groups=groups,
                scores=pooling if is_learned(pooling) else "equal",
                centre=self.variant["centre"],
                seed=self.seed,
            )

    def vectors(self, fit: Fit | None, known: np.ndarray) -> np.ndarray:
        """Return (n_taxa, n_coordinates or n_features), centred on the known taxa if asked for.

        Where whitened, by what varies within known taxa, of which no held-out one is.
        """
        if self.variant["whiten"]:
            taxa = np.array(self.bags.taxa)[known]
            vectors = self.images.pooled(self.variant["pooling"], self.seed, taxa).to_numpy()
        elif fit is None:
            vectors = self.bags.features.cpu().numpy().astype(np.float64)
        else:
            vectors = embed(fit.model, self.bags)
        return centre_on(vectors, known) if self.variant["centre"] else vectors

    def weights(self, fit: Fit) -> pd.DataFrame:
        """Return how much each image counts: columns id, repeat, taxon, weight.

        No row where pooling was not learned.
        """
        if self.basis is not None:
            return pd.DataFrame(columns=WEIGHT_COLUMNS)
        return image_weights(fit.model, self.bags).reset_index()

    def redealt(self, rows: np.ndarray) -> "Embedder":
        """Return the same of other images: place i in the bags goes to the image rows[i]."""
        return _embed_as(self.images.redealt(rows), self.variant, self.seed)

    def in_features(self, vectors: np.ndarray) -> pd.DataFrame:
        """Return vectors as features, (n_taxa, n_features), index taxon."""
        values = vectors if self.basis is None else vectors @ self.basis
        return pd.DataFrame(values, index=pd.Index(self.bags.taxa, name="taxon"))


def make_embedder(
    features: pd.DataFrame,
    taxa: pd.Series,
    variant: Mapping[str, Any],
    *,
    finer: pd.DataFrame | None = None,
    views: pd.Series | None = None,
    seed: int,
    device: torch.device,
) -> Embedder:
    """Pool images, or put them into bags where pooling is learned.

    Parameters
    ----------
    features
        (n, n_features), index (id, repeat).
    taxa
        Taxon of each image, index id; images with a gap are left out.
    variant
        pooling, centre, whiten, per_taxon, guidance.
    finer
        As in `visgen.embedding.guidance.bags.make_bags`: who takes turns in draws from large bags.
    views
        View of each image where views are joined, which learned poolings do not; else None.
    seed
        Of draws from large bags, random vectors and fits.
    device
        For images; pooled vectors are few and stay on the CPU.

    Raises
    ------
    ValueError
        As `visgen.embedding.guidance.bags.make_bags` and `visgen.embedding.pooling.pool_views`.
    """
    images = make_bags(
        features, taxa, finer=finer, views=views, per_taxon=variant["per_taxon"], seed=seed
    )
    if is_learned(variant["pooling"]):
        images = images.on(device)
    return _embed_as(images, variant, seed)


def _embed_as(images: Bags, variant: Mapping[str, Any], seed: int) -> Embedder:
    if is_learned(variant["pooling"]):
        return Embedder(images, images, None, variant, seed)
    pooled, basis = one_vector_bags(images.pooled(variant["pooling"], seed))
    return Embedder(images, pooled, basis, variant, seed)


def fit_all(
    embedder: TaxonEmbedder, genetic: DistanceMatrix, groups: pd.Series | None = None
) -> Fit:
    """Hold out no taxon; as `fit_folds`, for a guided variant.

    Parameters
    ----------
    embedder
        Guided.
    genetic
        Distances, at least of its taxa.
    groups
        Number of each taxon's group, index taxon; None watches single taxa.
    """
    distances = in_bag_order(genetic, embedder.bags)
    if groups is not None:
        groups = groups.loc[list(embedder.bags.taxa)].to_numpy()
    return embedder.fit(distances, np.ones(len(distances), bool), groups)
