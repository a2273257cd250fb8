"""Taxa on a tree, and traits that follow it to a known share."""

import numpy as np
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform


def tree_distances(n_taxa, seed):
    """Return ultrametric (n_taxa, n_taxa) distances of a clustering of random points."""
    points = np.random.default_rng(seed).normal(size=(n_taxa, 3))
    return squareform(cophenet(linkage(points, "average")))


def evolve(distances, n_traits, signal, rng):
    """Return (n_taxa, n_traits) standard normal traits of Pagel's λ = signal."""
    covariance = 1 - distances / distances.max()
    covariance = signal * covariance + (1 - signal) * np.eye(len(distances))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return root @ rng.normal(size=(len(distances), n_traits))
