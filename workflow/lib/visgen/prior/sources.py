"""Distances between the study's taxa from each source of relatives."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.distances.matrices import cosine_distances, load_distances, tidy
from visgen.distances.taxon_distances import taxon_distances
from visgen.genetics.anchors.averages import average_sequences
from visgen.genetics.vectors.files import read_study_vectors
from visgen.prior.options import TAXONOMY
from visgen.prior.relatives import (
    Relatives,
    check_known,
    fill_from_taxonomy,
    relatives_of,
    taxonomy_steps,
)
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import lineage
from visgen.spellings import match_case
from visgen.tables import of_rank

_VECTORS = ("kmers", "sgt")


class StudyRelatives(NamedTuple):
    """How far apart the study's taxa are.

    Attributes
    ----------
    distances
        By source, (n_taxa, n_taxa), the same taxa in each.
    lacking
        relatives, taxon: those that a source knows nothing of, and that lean on the taxonomy.
    above
        The taxa above each one, index taxon, coarse to fine.
    omitted
        part (a source) and reason, of those that cannot be used.
    """

    distances: dict[str, DistanceMatrix]
    lacking: pd.DataFrame
    above: pd.DataFrame
    omitted: pd.DataFrame

    def among(self, taxa: Sequence[str]) -> dict[str, Relatives]:
        """Return how some of the taxa covary by each source, in the order given."""
        return {
            source: relatives_of(
                source,
                matrix.filter(list(taxa)),
                sorted(set(taxa) & set(of_source(self.lacking, source)["taxon"])),
            )
            for source, matrix in self.distances.items()
        }

    def nearest(self, known: Collection[str]) -> pd.DataFrame:
        """Return relatives, taxon, nearest: the distance to the nearest other taxon that is known.

        Of a taxon that a source lacks it is null.
        """
        tables = []
        for source, matrix in self.distances.items():
            values = np.array(matrix.data)
            np.fill_diagonal(values, np.inf)
            values[:, ~np.isin(matrix.ids, list(known))] = np.inf
            nearest = pd.Series(values.min(axis=1), list(matrix.ids)).replace(np.inf, np.nan)
            nearest[list(of_source(self.lacking, source)["taxon"])] = np.nan
            tables.append(pd.DataFrame({"taxon": nearest.index, "nearest": nearest.to_numpy()}))
            tables[-1].insert(0, "relatives", source)
        return pd.concat(tables, ignore_index=True)


def read_sources(
    paths: Mapping[str, str | None],
    taxa: Collection[str],
    taxonomy: pd.DataFrame,
    ranks: Sequence[str],
    rank: str,
    tree_rank: str | None,
) -> StudyRelatives:
    """Return how far apart taxa are by each source; taxa that one lacks lean on the taxonomy.

    Parameters
    ----------
    paths
        By source: its distances, or the vectors of its sequences; None of the taxonomy.
    taxa
        Of `rank`, all that relatives are wanted of.
    taxonomy
        As `visgen.specimens.taxonomy.tabulate_taxa` returns it.
    ranks
        Coarse to fine.
    rank, tree_rank
        Of the taxa, and of the tips of the tree.

    Returns
    -------
    StudyRelatives
        Without sources that cannot be used: those that know fewer than three of the taxa, or by
        which no taxon is a nearer relative than another.
    """
    above = lineage(of_rank(taxonomy, rank), ranks, rank).loc[sorted(taxa)]
    steps = taxonomy_steps(above)
    found, rows, omitted = {}, [], []
    for source, path in paths.items():
        try:
            distances, lacking = steps, []
            if source != TAXONOMY:
                own = _own_distances(source, path, taxonomy, above, ranks, rank, tree_rank)
                distances, lacking = fill_from_taxonomy(source, own, steps)
            relatives_of(source, distances)
        except ValueError as error:
            omitted.append((source, str(error)))
            continue
        found[source] = distances
        rows += [(source, taxon) for taxon in lacking]
    return StudyRelatives(
        found,
        pd.DataFrame(rows, columns=["relatives", "taxon"]),
        above,
        pd.DataFrame(omitted, columns=["part", "reason"]),
    )


def _own_distances(
    source: str,
    path: str,
    taxonomy: pd.DataFrame,
    above: pd.DataFrame,
    ranks: Sequence[str],
    rank: str,
    tree_rank: str | None,
) -> DistanceMatrix:
    """Return the distances between the taxa that a source knows."""
    taxa = list(above.index)
    if source in _VECTORS:
        return cosine_distances(average_sequences(read_study_vectors(path, taxa), "mean"))
    own = load_distances(path)
    if source != "tree":
        spelled = match_case(own.ids, taxa, path)
        return DistanceMatrix(own.data, [spelled[name] for name in own.ids])
    if tree_rank == rank:
        return own
    finer = max(rank, tree_rank, key=list(ranks).index)
    table = taxon_distances(own, of_rank(taxonomy, finer), ranks, tree_rank, rank)
    check_known(source, list(own.ids), taxa, len(above.index.intersection(table.index)))
    # The tips of a coarser taxon differ, but it is no distance from itself.
    return DistanceMatrix(tidy(table.to_numpy()), list(table.index))


def of_source(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the rows of a source."""
    return table[table["relatives"] == source]
