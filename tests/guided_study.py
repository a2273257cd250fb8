"""Simulated images of taxa whose look follows a known tree as far as a signal says."""

import numpy as np
import pandas as pd
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.simulate.phylogeny import simulate_phylogeny
from visgen.simulate.traits import branch_loadings, evolve_traits

GUIDANCE = {
    "projection": "linear",
    "components": 32,
    "hidden": 7,
    "loss": "pearson",
    "largest": None,
    "optimiser": "lbfgs",
    "epochs": 100,
    "learning_rate": 0.01,
    "penalty": 0.01,
    "watched": 0.2,
    "patience": 5,
}
UNGUIDED = {"pooling": "mean", "centre": True, "whiten": False}
UNGUIDED |= {"per_taxon": None, "guidance": None}
GUIDED = UNGUIDED | {"guidance": GUIDANCE}
#: Few values of each option of ridge, so that choosing takes little.
RIDGE_OPTIONS = {
    "layers": ["last", "all"],
    "powers": [1, 4],
    "axes": [7, 2],
    "penalties": [0.1, 1.0],
    "residuals": [0.4, 0.0],
    "criterion": "both",
    "signed_root": False,
}


def simulate_features(n_taxa, signal, seed, n_features=41):
    """Return features of images, their taxa, distances and families.

    Twelve traits follow the tree as far as the signal says, twenty stronger ones are each
    taxon's own; features are mixtures of both, of three to nine images a taxon.
    """
    tree, genetic, taxonomy = simulate_tree(n_taxa, seed)
    rng = np.random.default_rng([seed, 3])
    traits = evolve_traits(tree, 12, signal, 0.0, seed).to_numpy()
    own = 1.5 * rng.standard_normal((n_taxa, 20))
    means = np.hstack([traits, own]) @ rng.standard_normal((32, n_features)) / 32**0.5
    return *images_of(means, genetic.ids, rng), genetic, taxonomy["family"]


def simulate_tree(n_taxa, seed):
    """Return a tree, its distances and the taxonomy, index species in the same order."""
    tree, taxonomy = simulate_phylogeny(n_taxa, seed)
    loadings = branch_loadings(tree)
    covariance = loadings.to_numpy() @ loadings.to_numpy().T
    genetic = DistanceMatrix(tidy(2 * (1 - covariance)), list(loadings.index))
    return tree, genetic, taxonomy.set_index("species").loc[list(loadings.index)]


def images_of(means, names, rng):
    """Return features of three to nine images a taxon around its mean, and the taxa of images."""
    sizes = rng.integers(3, 10, len(means))
    images = np.repeat(means, sizes, axis=0)
    images += rng.standard_normal(images.shape)
    ids = [f"image {i:04d}" for i in range(len(images))]
    features = pd.DataFrame(
        images.astype(np.float32),
        index=pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"]),
    )
    return features, pd.Series(np.repeat(list(names), sizes), index=ids)


def coarse_images(n_taxa, seed, n_features=41):
    """Return images of taxa that look like their subclass, and else like themselves alone.

    Features, taxa, distances and taxonomy.
    """
    _, genetic, taxonomy = simulate_tree(n_taxa, seed)
    rng = np.random.default_rng([seed, 7])
    subclass = pd.factorize(taxonomy["subclass"])[0]
    means = rng.standard_normal((subclass.max() + 1, n_features))[subclass]
    means = means + rng.standard_normal(means.shape)
    return *images_of(means, genetic.ids, rng), genetic, taxonomy
