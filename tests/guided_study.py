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
    tree, taxonomy = simulate_phylogeny(n_taxa, seed)
    loadings = branch_loadings(tree)
    covariance = loadings.to_numpy() @ loadings.to_numpy().T
    genetic = DistanceMatrix(tidy(2 * (1 - covariance)), list(loadings.index))
    rng = np.random.default_rng([seed, 3])
    traits = evolve_traits(tree, 12, signal, 0.0, seed).to_numpy()
    own = 1.5 * rng.standard_normal((n_taxa, 20))
    means = np.hstack([traits, own]) @ rng.standard_normal((32, n_features)) / 32**0.5
    sizes = rng.integers(3, 10, n_taxa)
    images = np.repeat(means, sizes, axis=0)
    images += rng.standard_normal(images.shape)
    ids = [f"image {i:04d}" for i in range(len(images))]
    features = pd.DataFrame(
        images.astype(np.float32),
        index=pd.MultiIndex.from_product([ids, [0]], names=["id", "repeat"]),
    )
    taxa = pd.Series(np.repeat(loadings.index, sizes), index=ids)
    families = taxonomy.set_index("species")["family"]
    return features, taxa, genetic, families
