"""Simulated vectors of taxa whose every part is known: studies whose intervals should cover."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from scipy.cluster.hierarchy import average, fcluster
from scipy.spatial.distance import squareform
from scipy.stats import wishart
from skbio import TreeNode
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.fresh_traits import FreshTraits
from visgen.signal.new_specimens import Looks
from visgen.simulate.phylogeny import simulate_phylogeny

N_AXES, NOISE = 60, 5.0
TAXA_A_GROUP = 6
VARIANCES = 1 / np.arange(1, N_AXES + 1.0)  # of axes of look


class World(NamedTuple):
    """Taxa, and what their specimens vary by.

    Attributes
    ----------
    name
        Of the tree.
    genetic
        (n_taxa, n_taxa) distances along it.
    groups
        Group of each taxon, index taxon.
    n_specimens
        (n_taxa,), very unequal.
    noise
        (n_axes, n_axes) covariance of the specimens of a taxon.
    """

    name: str
    genetic: DistanceMatrix
    groups: pd.Series
    n_specimens: np.ndarray
    noise: np.ndarray


def world(name: str, genetic: DistanceMatrix) -> World:
    """Draw numbers of specimens, very unequal, and how specimens of a taxon differ."""
    rng = np.random.default_rng(7)
    n_taxa = len(genetic.ids)
    n_specimens = np.maximum(3, np.exp(rng.normal(2.3, 1, n_taxa)).round())
    axes, _ = np.linalg.qr(rng.standard_normal((N_AXES, N_AXES)))
    noise = axes * np.arange(1, N_AXES + 1.0) ** -0.7 @ axes.T
    # A specimen differs from its taxon's mean by more than taxa do from each other.
    noise *= NOISE * VARIANCES.sum() * genetic.data.max() / 2 / np.trace(noise)
    cut = fcluster(average(squareform(genetic.data)), n_taxa // TAXA_A_GROUP, "maxclust")
    groups = pd.Series(cut.astype(str), list(genetic.ids))
    return World(name, genetic, groups, n_specimens, noise)


def worlds(words: Sequence[str]) -> list[World]:
    """Return the trees of a command line, or two that are drawn.

    Parameters
    ----------
    words
        NAME=FILE, a file in Newick format (``.nwk``) or a table of distances between taxa.
    """
    if not words:
        drawn = [(n, simulate_phylogeny(n, seed=n)[0]) for n in (74, 150)]
        return [
            world(f"{n} simulated species", distances_of(TreeNode.read([tree.as_string("newick")])))
            for n, tree in drawn
        ]
    found = []
    for name, path in (word.split("=", 1) for word in words):
        if Path(path).suffix == ".nwk":
            genetic = distances_of(TreeNode.read(path))
        else:
            table = pd.read_csv(path, sep=None, engine="python", index_col=0)
            genetic = DistanceMatrix(table.to_numpy(float), list(map(str, table.index)))
        found.append(world(name, genetic))
    return found


def distances_of(tree: TreeNode) -> DistanceMatrix:
    """Return the distances between all tips."""
    found = tree.tip_tip_distances()
    return DistanceMatrix(found.data, found.ids)


class Model(NamedTuple):
    """What the studies of a world are drawn from at a signal.

    Attributes
    ----------
    here
        The world.
    signal
        Pagel's λ.
    true
        Fresh traits with the true covariances.
    """

    here: World
    signal: float
    true: FreshTraits

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return (n_taxa, n_axes) vectors of a study."""
        return self.true.draw(self.signal, np.diag(np.sqrt(VARIANCES)), rng)


def model_of(here: World, signal: float) -> Model:
    """Return what studies are drawn from."""
    still = np.zeros((len(here.genetic.ids), N_AXES))
    return Model(here, signal, FreshTraits(here.genetic.data, still, here.noise, here.n_specimens))


def study_of(model: Model, number: int) -> tuple[np.ndarray, Looks]:
    """Return the vectors of a study, and what it makes fresh looks of.

    Parameters
    ----------
    model
        What it is drawn from.
    number
        Of the study, which is its seed.

    Returns
    -------
    vectors
        (n_taxa, n_axes).
    looks
        With covariances that are estimated: that of specimens from as many of them as there are.
    """
    rng, here = np.random.default_rng([1, number]), model.here
    vectors = model.draw(rng)
    spare = int(here.n_specimens.sum()) - len(vectors)
    within = wishart.rvs(spare, here.noise / spare, random_state=rng)
    centred = vectors - vectors.mean(axis=0)
    traits = FreshTraits(here.genetic.data, centred, within, here.n_specimens)
    return vectors, Looks(traits, np.eye(N_AXES), np.zeros(N_AXES), 0.0)
