"""Vectors of taxa by a guided model, what each image counts in them, and how alike they are."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from visgen.embedding.guidance.bags import Bags
from visgen.embedding.guidance.learned_pooling import GuidedEmbedding


def embed(model: GuidedEmbedding, bags: Bags) -> np.ndarray:
    """Return the guided vectors of all taxa, (n_taxa, n_features) float64."""
    with torch.inference_mode():
        return model(bags).cpu().numpy().astype(np.float64)


def image_weights(model: GuidedEmbedding, bags: Bags) -> pd.DataFrame:
    """Return how much each image counts in the vector of its taxon.

    Returns
    -------
    DataFrame
        Index id, repeat; columns taxon and weight, which sums to one over a taxon.
    """
    with torch.inference_mode():
        scores = model.scores(bags.features).cpu().split(bags.sizes)
        weights = torch.cat([torch.softmax(part, dim=0) for part in scores])
    taxa = np.repeat(bags.taxa, bags.sizes)
    return pd.DataFrame({"taxon": taxa, "weight": weights.numpy()}, index=bags.ids)


def centre_on(vectors: Tensor | np.ndarray, known: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """Subtract the mean of the known taxa, so that cosines compare departures from it."""
    return vectors - vectors[known].mean(0)


def cosine_similarity(vectors: Tensor) -> Tensor:
    """Return the cosines between all rows, (n_taxa, n_taxa)."""
    unit = nn.functional.normalize(vectors, dim=1)
    return unit @ unit.T
