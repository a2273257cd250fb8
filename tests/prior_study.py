"""Images of taxa whose looks follow relatives to a known share."""

import numpy as np
from signal_study import evolve, tree_distances
from visgen.prior.looks import Looks
from visgen.prior.relatives import relatives_of
from visgen.scikit_bio import DistanceMatrix


def taxon_names(n):
    return [f"t{i:03d}" for i in range(n)]


def relatives(name, distances, **more):
    return relatives_of(name, DistanceMatrix(distances, taxon_names(len(distances))), **more)


def looks_of_taxa(true, n_images, seed):
    """Return looks of images that vary by 1 around (n_taxa, n_axes) true looks."""
    code = np.repeat(np.arange(len(true)), n_images)
    images = true[code] + np.random.default_rng(seed).normal(size=(len(code), true.shape[1]))
    means = np.stack([images[code == i].mean(axis=0) for i in range(len(true))])
    return Looks(taxon_names(len(true)), np.asarray(n_images), means, images, code)


def study(n_taxa=29, n_axes=37, signal=0.8, variance=2.0, seed=1):
    """Return distances of taxa and looks of their images, of one or three each."""
    distances = tree_distances(n_taxa, seed)
    rng = np.random.default_rng(seed)
    true = np.sqrt(variance) * evolve(distances, n_axes, signal, rng)
    return distances, looks_of_taxa(true, rng.choice([1, 3], n_taxa), seed)
