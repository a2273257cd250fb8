"""Embeddings that have learned nothing yet, as a variant asks for them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visgen.embedding.guidance.bags import Bags
from visgen.embedding.guidance.learned_pooling import (
    EqualScores,
    GatedScores,
    GuidedEmbedding,
    LinearProjection,
    LinearScores,
    TwoLayerProjection,
    Unchanged,
    main_directions,
    pool_bags,
)
from visgen.embedding.guidance.options import PROJECTIONS
from visgen.embedding.options import LEARNED_POOLINGS


def build_model(
    bags: Bags, known: np.ndarray, guidance: Mapping[str, Any], scores: str, seed: int
) -> GuidedEmbedding:
    """Return an embedding that has learned nothing yet.

    Parameters
    ----------
    bags, known, guidance, scores, seed
        As in `visgen.embedding.guidance.fitting.fit_guidance`.

    Raises
    ------
    ValueError
        If scores or the projection are unknown.
    """
    generator = torch.Generator().manual_seed(seed)
    n_features = bags.features.shape[1]
    with torch.no_grad():
        pooled = pool_bags(bags, bags.features.new_zeros(len(bags.features)))
        vectors = pooled[torch.tensor(known, device=pooled.device)]
    match scores:
        case "equal":
            scorer = EqualScores()
        case "attention":
            scorer = LinearScores(n_features, _spread(vectors))
        case "gated_attention":
            hidden = guidance["hidden"]
            scorer = GatedScores(n_features, _spread(vectors), hidden, generator)
        case _:
            raise ValueError(
                f"scores are {scores!r}, expected equal, {', '.join(LEARNED_POOLINGS)}"
            )
    match guidance["projection"]:
        case "none":
            projection = Unchanged()
        case "linear":
            projection = LinearProjection(*main_directions(vectors, guidance["components"])[:2])
        case "two_layer":
            directions = main_directions(vectors, guidance["components"])
            projection = TwoLayerProjection(*directions, guidance["hidden"], generator)
        case other:
            raise ValueError(f"projection is {other!r}, expected one of {', '.join(PROJECTIONS)}")
    return GuidedEmbedding(scorer, projection)


def _spread(vectors: Tensor) -> float:
    """Return the length of a typical departure from the mean taxon."""
    return (vectors - vectors.mean(dim=0)).square().sum(dim=1).mean().sqrt().item()
