"""Sequences as vectors: sequence graph transform and k-mers."""
