"""Vectors of taxa fitted to phylogenetic distances."""
