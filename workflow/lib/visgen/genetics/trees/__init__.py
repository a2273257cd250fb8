"""From accepted sequences to an alignment, a tree and distances."""
