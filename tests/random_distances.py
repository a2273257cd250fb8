"""Distances between random points, under made-up names."""

import numpy as np
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy


def names(n_taxa):
    return [f"t{i:03d}" for i in range(n_taxa)]


def euclidean(points):
    difference = points[:, None] - points[None]
    return DistanceMatrix(tidy(np.linalg.norm(difference, axis=2)), names(len(points)))


def random_matrix(n_taxa, seed):
    return euclidean(np.random.default_rng(seed).normal(size=(n_taxa, 3)))
