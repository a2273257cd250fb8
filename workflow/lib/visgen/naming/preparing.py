"""How names are learned, as a study's configuration has it: from its labels to a head."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.classification.classifiers.options import NETWORK
from visgen.classification.lineages.known import Lineages
from visgen.naming.classifier_head import ClassifierHead, train_classifiers
from visgen.naming.joint_head import JointHead, train_joint_head
from visgen.naming.labelled import Labelled
from visgen.naming.model import study_lineages
from visgen.naming.network_head import network_head
from visgen.naming.parts import TrainHead
from visgen.naming.prior_head import PriorHead, train_prior_head
from visgen.naming.trained_network import TrainedNetwork
from visgen.prior.looks import Looks
from visgen.prior.sources import read_sources

#: From labelled specimens, perhaps not all of a study, to their lineages and what learns to name.
Prepare = Callable[[Labelled], tuple[Lineages, TrainHead]]


def by_classifier(options: Mapping[str, Any], *, seed: int, threads: int) -> Prepare:
    """Return how a classifier of every rank, or a network for all, is trained.

    Parameters
    ----------
    options
        A classifier of the config.
    seed, threads
        As `visgen.naming.classifier_head.train_classifiers` takes them.
    """

    def prepare(labelled: Labelled) -> tuple[Lineages, TrainHead]:
        lineages = study_lineages(labelled.taxa)

        def train_head(specimens: Labelled, looks: Looks) -> ClassifierHead | JointHead:
            if options["method"] == NETWORK:
                return train_joint_head(specimens, lineages.taxa, options, seed=seed)
            return train_classifiers(specimens, lineages.taxa, options, seed=seed, threads=threads)

        return lineages, train_head

    return prepare


def by_relatives(
    source: str,
    path: str | None,
    taxonomy: pd.DataFrame,
    ranks: Sequence[str],
    rank: str,
    tree_rank: str | None,
) -> Prepare:
    """Return how looks of taxa are learned with the help of their relatives.

    Parameters
    ----------
    source, path
        Of distances, and where they lie; as `visgen.prior.sources.read_sources` takes them.
    taxonomy, ranks, rank, tree_rank
        As there. Specimens without a name at `rank` teach nothing.

    Raises
    ------
    ValueError
        From what is returned: if the source cannot be used.
    """

    def prepare(labelled: Labelled) -> tuple[Lineages, TrainHead]:
        lineages = study_lineages(labelled.taxa)
        taxa, names = lineages.taxa[rank], lineages.names[rank]
        study = read_sources({source: path}, list(taxa), taxonomy, ranks, rank, tree_rank)
        if source not in study.distances:
            raise ValueError(f"relatives by {source}: {study.omitted['reason'].iloc[0]}")
        relatives = study.among(list(taxa))[source]

        def train_head(specimens: Labelled, looks: Looks) -> PriorHead:
            named = looks._replace(taxa=[names[number] for number in looks.taxa])
            return train_prior_head(named, taxa, relatives, rank)

        return lineages, train_head

    return prepare


def by_network(network: TrainedNetwork, rank: str) -> Prepare:
    """Return how a network that was trained already is taken for a head.

    Parameters
    ----------
    network
        That recognises taxa of the rank.
    rank
        The finest of names.

    Raises
    ------
    ValueError
        From what is returned: as `visgen.naming.network_head.network_head`.
    """

    def prepare(labelled: Labelled) -> tuple[Lineages, TrainHead]:
        lineages = study_lineages(labelled.taxa)
        head = network_head(network.tensors, network.taxa, lineages.taxa[rank], rank)
        return lineages, lambda specimens, looks: head

    return prepare


def with_name(labelled: Labelled, rank: str) -> Labelled:
    """Return the specimens that have a name at a rank."""
    return labelled.of(labelled.taxa[rank].notna().to_numpy())
