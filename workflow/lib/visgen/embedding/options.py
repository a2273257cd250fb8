"""Which poolings there are, for those who read a configuration without loading PyTorch."""

#: Poolings that are what they are.
FIXED_POOLINGS = {
    "mean": "",
    "median": "element by element",
    "medoid": "the most central image",
    "random": "a null that ignores the images",
}

#: Poolings that only guidance can learn: how much an image counts.
LEARNED_POOLINGS = {
    "attention": "images weighted by a learned linear layer",
    "gated_attention": "by a gated hidden layer",
}

POOLINGS = FIXED_POOLINGS | LEARNED_POOLINGS


def is_learned(pooling: str) -> bool:
    """Return whether a pooling is learned by guidance."""
    return pooling in LEARNED_POOLINGS
