"""From pooled features to embeddings: FC 1000 and FC 256 of Karaderi et al. 2024."""

from torch import nn


def make_projection(n_features: int, hidden: int, size: int) -> nn.Sequential:
    """Return the projection from pooled features to embeddings, its weights not seeded."""
    return nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, size))
