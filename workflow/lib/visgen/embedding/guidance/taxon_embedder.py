"""What is fitted to known taxa and gives every taxon a vector, whatever it learns."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from visgen.embedding.guidance.bags import Bags
from visgen.embedding.guidance.fitting import Fit


class TaxonEmbedder(Protocol):
    """Images by taxon and what is to be made of them.

    `visgen.embedding.guidance.variants.Embedder` weighs images and maps vectors,
    `visgen.embedding.guidance.fine_tuning.FineTuner` trains stages of the backbone.
    """

    @property
    def images(self) -> Bags:
        """Bags of images."""

    @property
    def bags(self) -> Bags:
        """Bags of what is pooled, of the same taxa in the same order."""

    @property
    def variant(self) -> Mapping[str, Any]:
        """Options: pooling, centre, guidance."""

    def fit(
        self, distances: np.ndarray, known: np.ndarray, groups: np.ndarray | None = None
    ) -> Fit | None:
        """Fit to distances (n_taxa, n_taxa) of known taxa (n_taxa,); None unguided.

        Of `groups`, the number of each taxon's group, whole ones tell when to stop.
        """

    def vectors(self, fit: Fit | None, known: np.ndarray) -> np.ndarray:
        """Return (n_taxa, n_coordinates), centred on the known taxa if asked for."""

    def weights(self, fit: Fit) -> pd.DataFrame:
        """Return how much each image counts: columns id, repeat, taxon, weight."""

    def redealt(self, rows: np.ndarray) -> "TaxonEmbedder":
        """Return the same of other images: place i in the bags goes to the image rows[i]."""

    def in_features(self, vectors: np.ndarray) -> pd.DataFrame:
        """Return vectors as features, (n_taxa, n_features), index taxon."""
