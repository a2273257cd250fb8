"""Names of poolings, for those who check a configuration without loading PyTorch."""

#: Poolings of images that only guidance can learn: how much an image counts.
LEARNED_POOLINGS = ("attention", "gated_attention")
