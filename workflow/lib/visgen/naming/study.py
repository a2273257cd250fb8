"""What a script reads of a study to learn names from: its labelled specimens, and how."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from visgen.classification.evaluators import ALL_RANKS
from visgen.distances.matrices import load_distances
from visgen.distances.taxon_distances import taxon_distances
from visgen.features.tables import read_features
from visgen.naming.candidate_names import alignment_distances
from visgen.naming.labelled import Labelled, labelled_specimens
from visgen.naming.preparing import Prepare, by_classifier, by_relatives, with_name
from visgen.specimens.records import read_labels
from visgen.tables import of_rank, read_table


class NamingStudy(NamedTuple):
    """What names are learned from.

    Attributes
    ----------
    labelled
        Specimens.
    prepare
        How names are learned.
    distances
        Phylogenetic distances between taxa of a rank, which is the name of the index; None without
        a tree.
    relatives
        Distances of the source of the prior, between taxa of the finest rank; None without a
        prior, or where it has none.
    described
        What names are taken from, for people.
    """

    labelled: Labelled
    prepare: Prepare
    distances: pd.DataFrame | None
    relatives: pd.DataFrame | None
    described: str


def read_study(
    features: Sequence[Path],
    labels: Sequence[str],
    ranks: Sequence[str],
    *,
    chosen: Sequence[str],
    classifiers: Mapping[str, Mapping[str, Any]],
    source: str | None,
    relatives: Sequence[str],
    taxonomy: str,
    tree: Sequence[str],
    tree_rank: str | None,
    seed: int,
    threads: int,
) -> NamingStudy:
    """Read what names are learned from.

    Parameters
    ----------
    features, labels
        Tables of features, clean images alone, and of labels of the ranks.
    ranks
        Of names, coarse to fine.
    chosen, classifiers
        The table of classifiers that validation chose, and the options of all; nothing with a
        prior.
    source, relatives
        Of the prior: where relatives are known from, and its file; nothing with classifiers.
    taxonomy
        As `visgen.specimens.taxonomy.tabulate_taxa` made it.
    tree, tree_rank
        Distances between tips and their rank; nothing without a tree of one of the ranks.
    seed, threads
        Of classifiers.
    """
    labelled = labelled_specimens(
        read_features(features).droplevel("repeat"), read_labels(labels), ranks
    )
    taxa = read_table(taxonomy)
    if source is not None:
        path = relatives[0] if relatives else None
        prepare = by_relatives(source, path, taxa, ranks, ranks[-1], tree_rank)
        labelled, described = with_name(labelled, ranks[-1]), f"prior, relatives by {source}"
    else:
        name = _chosen_name(read_table(chosen[0]), chosen[0])
        prepare = by_classifier(_without_repeats(classifiers[name]), seed=seed, threads=threads)
        described = f"classifier {name}"
    distances = None
    if tree:
        own = load_distances(tree[0])
        distances = taxon_distances(own, of_rank(taxa, tree_rank), ranks, tree_rank, tree_rank)
        distances.index.name = tree_rank
    of_source = distances if source == "tree" and tree_rank == ranks[-1] else None
    if source == "alignment":
        of_source = alignment_distances(relatives[0], labelled.taxa[ranks[-1]].dropna())
    return NamingStudy(labelled, prepare, distances, of_source, described)


def _chosen_name(chosen: pd.DataFrame, path: str) -> str:
    """Return the classifier for all ranks together; of one rank alone, its own."""
    for rank in (ALL_RANKS, *chosen["rank"]):
        if (chosen["rank"] == rank).any():
            return of_rank(chosen, rank)["variant"].iloc[0]
    raise ValueError(f"{path}: no classifier was chosen, since no rank can be tested")


def _without_repeats(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a classifier that learns from clean images alone."""
    resample = options["resample"]
    if resample is None or resample["with"] != "repeats":
        return dict(options)
    return {**options, "resample": {**resample, "with": "copies"}}
