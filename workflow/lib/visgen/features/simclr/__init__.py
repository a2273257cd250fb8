"""Weights learned without labels from the study's own images (Chen et al. 2020)."""
