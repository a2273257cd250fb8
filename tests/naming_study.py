"""Labelled specimens of species that lie near their genus, as genera near their family."""

import numpy as np
import pandas as pd
from visgen.naming.classifier_head import train_classifiers
from visgen.naming.joint_head import train_joint_head
from visgen.naming.labelled import labelled_specimens
from visgen.naming.model import study_lineages
from visgen.naming.prior_head import train_prior_head
from visgen.prior.relatives import relatives_of, taxonomy_steps
from visgen.specimens.taxonomy import lineage

RANKS = ["family", "genus", "species"]
#: Of families, genera in their family, species in their genus, specimens in their species, images.
SPREAD = (9.0, 5.0, 4.0, 0.5, 0.2)
PLAIN = {"ranks": None, "resample": None, "transform": None, "best_features": None, "pca": None}
#: Options of a small network.
NETWORK = {
    **{"towers": "shared", "hidden": [31], "dropout": 0.0, "hierarchy": "free"},
    **{"loss": "cross_entropy", "beta": 0.9, "gamma": 2.0, "tau": 1.0, "rank_weights": {}},
    **{"discount": 0.0, "soft_labels": None, "augment": "none", "mixup": 0.0},
    **{"optimiser": "adamw", "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 0.01},
    **{"batch_size": 32, "epochs": 30, "patience": None, "size": 8, "per_taxon": 3},
}


def centres(n_families=2, n_genera=2, n_species=3, n_features=7, seed=1):
    """Return the names of species, a row each, and their (n_species, n_features) centres."""
    rng = np.random.default_rng(seed)
    names, found = [], []
    for f in range(n_families):
        family = SPREAD[0] * rng.normal(size=n_features)
        for g in range(n_genera):
            genus = family + SPREAD[1] * rng.normal(size=n_features)
            for s in range(n_species):
                names.append((f"F{f}", f"G{f}{g}", f"G{f}{g} s{s}"))
                found.append(genus + SPREAD[2] * rng.normal(size=n_features))
    return pd.DataFrame(names, columns=RANKS, dtype="str"), np.array(found)


def draw(names, means, counts, seed, spread=SPREAD[3]):
    """Return features and labels of images, as tables, one to three images a specimen.

    Parameters
    ----------
    counts
        (n_species,) specimens of each.
    """
    rng = np.random.default_rng([seed, 5])
    rows, x = [], []
    for species, count in enumerate(counts):
        for _ in range(count):
            specimen = f"s{len({row[1] for row in rows}):03d}"
            centre = means[species] + spread * rng.normal(size=means.shape[1])
            for image in range(rng.integers(1, 4)):
                rows.append((f"{specimen}_{image}", specimen, *names.iloc[species]))
                x.append(centre + SPREAD[4] * rng.normal(size=means.shape[1]))
    labels = pd.DataFrame(rows, columns=["id", "specimen", *RANKS]).set_index("id")
    return pd.DataFrame(np.array(x, np.float32), labels.index), labels.astype("str")


def labelled_study(count=7, seed=1, spread=SPREAD[3], **sizes):
    """Return labelled specimens, as many of each species."""
    names, means = centres(**sizes)
    features, labels = draw(names, means, [count] * len(names), seed, spread)
    return labelled_specimens(features, labels, RANKS)


def by_classifiers(lineages, method="nearest_centroid", **options):
    """Return what trains a head of classifiers."""
    wanted = {**PLAIN, "method": method, **options}
    if method == "network":
        return lambda labelled, looks: train_joint_head(labelled, lineages.taxa, wanted, seed=1)
    return lambda labelled, looks: train_classifiers(
        labelled, lineages.taxa, wanted, seed=1, threads=1
    )


def by_prior(labelled, lineages, rank="species"):
    """Return what trains a head by a prior of the taxonomy, where all have a name at the rank."""
    steps = taxonomy_steps(lineage(labelled.taxa, RANKS, rank))
    relatives = relatives_of("taxonomy", steps)
    names = lineages.names[rank]

    def train(_, looks):
        named = looks._replace(taxa=[names[number] for number in looks.taxa])
        return train_prior_head(named, lineages.taxa[rank], relatives, rank)

    return train


def lineages_of(labelled):
    return study_lineages(labelled.taxa)
