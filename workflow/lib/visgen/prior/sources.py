"""Distances between the study's taxa from each source of relatives."""

from collections.abc import Mapping, Sequence

import pandas as pd

from visgen.distances.matrices import cosine_distances, load_distances
from visgen.distances.taxon_distances import taxon_distances
from visgen.genetics.anchors.averages import average_sequences
from visgen.genetics.vectors.files import read_study_vectors
from visgen.prior.options import TAXONOMY
from visgen.prior.relatives import Relatives, fill_from_taxonomy, relatives_of, taxonomy_steps
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import lineage

_VECTORS = ("kmers", "sgt")


def read_sources(
    paths: Mapping[str, str | None],
    taxa: Sequence[str],
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    rank: str,
    tree_rank: str | None,
) -> tuple[dict[str, DistanceMatrix], pd.DataFrame]:
    """Return how far apart taxa are by each source; taxa that one lacks lean on the taxonomy.

    Parameters
    ----------
    paths
        By source: its distances, or the vectors of its sequences; None of the taxonomy.
    taxa
        Of `rank`, all that relatives are wanted of.
    specimens
        The ranks, a row an image or a taxon.
    ranks
        Coarse to fine.
    rank, tree_rank
        Of the taxa, and of the tips of the tree.

    Returns
    -------
    distances
        By source, (n_taxa, n_taxa), taxa sorted.
    lacking
        relatives, taxon: those that a source knows nothing of.

    Raises
    ------
    ValueError
        If a source knows fewer than three of the taxa.
    """
    steps = taxonomy_steps(lineage(specimens, ranks, rank).loc[sorted(taxa)])
    found, rows = {}, []
    for source, path in paths.items():
        if source == TAXONOMY:
            found[source] = steps
            continue
        if source in _VECTORS:
            vectors = read_study_vectors(path, taxa)
            own = cosine_distances(average_sequences(vectors, "mean"))
        else:
            own = load_distances(path)
        if source == "tree" and tree_rank != rank:
            table = taxon_distances(own, specimens, ranks, tree_rank, rank)
            own = DistanceMatrix(table.to_numpy(), list(table.index))
        found[source], lacking = fill_from_taxonomy(source, own, steps)
        rows += [(source, taxon) for taxon in lacking]
    return found, pd.DataFrame(rows, columns=["relatives", "taxon"])


def relatives_among(
    distances: Mapping[str, DistanceMatrix],
    lacking: pd.DataFrame,
    taxa: Sequence[str],
) -> dict[str, Relatives]:
    """Return how some of the taxa covary by each source.

    Parameters
    ----------
    distances, lacking
        As `read_sources` returns them.
    taxa
        Names, in the order that is wanted.
    """
    among = set(taxa)
    return {
        source: relatives_of(
            source,
            matrix.filter(list(taxa)),
            sorted(among & set(lacking.loc[lacking["relatives"] == source, "taxon"])),
        )
        for source, matrix in distances.items()
    }
