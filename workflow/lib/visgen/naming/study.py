"""What a script reads of a study to learn names from: its labelled specimens, and how."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq

from visgen.classification.evaluators import ALL_RANKS
from visgen.distances.matrices import load_distances
from visgen.distances.taxon_distances import taxon_distances
from visgen.features.tables import read_features
from visgen.naming.candidate_names import alignment_distances
from visgen.naming.labelled import Labelled, join_versions, labelled_specimens
from visgen.naming.options import with_versions_of
from visgen.naming.preparing import Prepare, by_classifier, by_network, by_relatives, with_name
from visgen.naming.trained_network import RunFiles, not_learned_from, read_trained
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
    given: Mapping[str, Sequence[str]],
    ranks: Sequence[str],
    learned: Mapping[str, Any],
    *,
    threads: int,
    run: int = 0,
) -> NamingStudy:
    """Read what names are learned from.

    Parameters
    ----------
    given
        Files: features (tables, clean images alone), labels (of the ranks), taxonomy (as
        `visgen.specimens.taxonomy.tabulate_taxa` made it) and tree (distances between tips, where
        there is one of the ranks); chosen (the table of classifiers that validation chose),
        relatives (the source of the prior, but for taxonomy), or networks with network_images,
        regimes and pooled, one a run each (`visgen.naming.trained_network.RunFiles`), where names
        are taken from these. And versions: tables of features of degraded images, to be learned
        from too.
    ranks
        Of names, coarse to fine.
    learned
        classifiers (options of all), source (where relatives are known from; None without a
        prior), variant (whose network; None without), augment (words of
        `visgen.features.options.DEGRADED` for versions that are learned from too), tree_rank (of
        the tips), seed (of classifiers).
    threads
        Of classifiers.
    run
        Which of the networks is read.
    """
    labels, taxa = read_labels(given["labels"]), read_table(given["taxonomy"])
    tree_rank, source, relatives = learned["tree_rank"], learned["source"], given["relatives"]
    if learned["variant"] is not None:
        labelled, prepare = _of_network(given, labels, ranks, run)
        described = f"the network of the variant {learned['variant']}"
    elif source is not None:
        path = relatives[0] if relatives else None
        prepare = by_relatives(source, path, taxa, ranks, ranks[-1], tree_rank)
        labelled = with_name(_labelled(given, labels, ranks), ranks[-1])
        described = f"prior, relatives by {source}"
    else:
        name = _chosen_name(read_table(given["chosen"][0]), given["chosen"][0])
        options = _without_repeats(learned["classifiers"][name])
        prepare = by_classifier(options, seed=learned["seed"], threads=threads)
        labelled, described = _labelled(given, labels, ranks), f"classifier {name}"
    distances = None
    if given["tree"]:
        own = load_distances(given["tree"][0])
        distances = taxon_distances(own, of_rank(taxa, tree_rank), ranks, tree_rank, tree_rank)
        distances.index.name = tree_rank
    of_source = distances if source == "tree" and tree_rank == ranks[-1] else None
    if source == "alignment":
        of_source = alignment_distances(relatives[0], labelled.taxa[ranks[-1]].dropna())
    described += with_versions_of(learned["augment"])
    return NamingStudy(labelled, prepare, distances, of_source, described)


def _labelled(given: Mapping, labels: pd.DataFrame, ranks: Sequence[str]) -> Labelled:
    features = read_features(given["features"]).droplevel("repeat")
    labelled, versions = labelled_specimens(features, labels, ranks), []
    for path in given["versions"]:
        if not pq.read_metadata(path).num_rows:  # no picture has such a version
            continue
        of_version = read_features([path]).droplevel("repeat")
        versions.append(labelled_specimens(of_version, labels.loc[of_version.index], ranks))
    return labelled._replace(versions=join_versions(versions))


def _of_network(
    given: Mapping, labels: pd.DataFrame, ranks: Sequence[str], run: int
) -> tuple[Labelled, Prepare]:
    """Return specimens by what a network's encoder makes of their images, and its head."""
    pooled = given["pooled"][run] if given["pooled"] else None
    files = (given[name][run] for name in ("networks", "network_images", "regimes"))
    network = read_trained(RunFiles(*files, pooled))
    labelled = (
        _labelled(given, labels, ranks)
        if network.pooled is None
        else labelled_specimens(network.pooled, labels, ranks)
    )
    labelled = with_name(labelled, ranks[-1])
    fresh = not_learned_from(network.part, labels["specimen"]).loc[labelled.taxa.index].to_numpy()
    return labelled._replace(fresh=fresh), by_network(network, ranks[-1])


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
