"""Taxa that a study knows by its tree or its sequences alone: what a new specimen may be."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from visgen.classification.lineages.known import Lineages
from visgen.distances.matrices import load_distances
from visgen.distances.study_names import read_study_distances, read_study_tree
from visgen.distances.trees import patristic_distances
from visgen.genetics.sequences.accepted import read_accepted
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import lineage
from visgen.spellings import match_case
from visgen.tables import of_rank

log = logging.getLogger(__name__)

#: Candidates that are kept at most: covariances of all of them are fitted.
MOST = 1000


class Offered(NamedTuple):
    """Taxa without labelled specimens, and where they belong.

    Attributes
    ----------
    above
        (n_candidates, n_coarser_ranks) names, gaps null; index taxon, sorted; the index is called
        as their rank.
    distances
        (n_placed, n_placed) between taxa of the tree, labelled ones and candidates, named; None
        without a tree of their rank.
    relatives
        The same of the source of the prior; None where it has no distances to candidates.
    """

    above: pd.DataFrame
    distances: pd.DataFrame | None
    relatives: pd.DataFrame | None


def unlabelled_taxa(
    names: Iterable[str], lineages: Lineages, taxonomy: pd.DataFrame
) -> pd.DataFrame:
    """Return the names that no labelled specimen has, and where they belong.

    Parameters
    ----------
    names
        At the finest rank, as the study spells them.
    lineages
        Of the labelled specimens.
    taxonomy
        As `visgen.specimens.taxonomy.tabulate_taxa` returns it. A name that it lacks belongs to
        the taxon above of which it has the name as its first word, as species bear that of their
        genus; else nobody knows where to.

    Returns
    -------
    DataFrame
        As `Offered.above`. Of more than `MOST`, those that belong to a taxon that is known, and
        then the first by name.
    """
    *coarser, rank = lineages.ranks
    wanted = sorted(set(names) - set(lineages.taxa[rank]))
    own = lineage(of_rank(taxonomy, rank), lineages.ranks, rank)
    above = own.reindex(pd.Index(wanted, name=rank, dtype="str"))
    if coarser:
        genera = lineage(of_rank(taxonomy, coarser[-1]), lineages.ranks, coarser[-1])
        genera[coarser[-1]] = genera.index
        words = pd.Series([name.split()[0] for name in wanted], above.index, dtype="str")
        bears = words.isin(genera.index) & ~above.index.isin(own.index)
        bears &= words != above.index  # no species, if one word alone
        above.loc[bears, coarser] = genera[coarser].loc[words[bears]].to_numpy()
    if len(above) > MOST:
        placed = above.notna().sum(axis=1).sort_values(ascending=False, kind="stable")
        log.info("%d candidates, of which the first %d are kept", len(above), MOST)
        above = above.loc[placed.index[:MOST]].sort_index()
    return above


def read_offered(
    lineages: Lineages,
    taxonomy: pd.DataFrame,
    synonyms: Mapping[str, str],
    *,
    tree: Sequence[str],
    distances: Sequence[str],
    sequences: Sequence[str],
    relatives: Sequence[str],
    source: str | None,
) -> Offered:
    """Read which taxa of the tree and of the sequences have no labelled specimen.

    Parameters
    ----------
    lineages, taxonomy
        As `unlabelled_taxa` takes them.
    synonyms
        As `visgen.name_tables.read_synonyms` returns it.
    tree, distances
        The tree, or else the table of distances, of taxa of the finest rank; nothing without.
    sequences
        Accepted sequences of such taxa.
    source, relatives
        Of the prior, and its file, as `visgen.naming.study.read_study` takes them.
    """
    rank = lineages.ranks[-1]
    labelled = list(lineages.taxa[rank])
    grown, given, tips = None, None, []
    if tree:
        grown = read_study_tree(tree[0], labelled, synonyms)
        tips = [tip.name for tip in grown.tips()]
    elif distances:
        given = read_study_distances(distances[0], labelled, synonyms)
        tips = list(given.ids)
    found = [one.taxon for path in sequences for one in read_accepted(path)]
    spelled = match_case(found, [*labelled, *tips], "sequences")
    above = unlabelled_taxa([*tips, *spelled.values()], lineages, taxonomy)
    wanted = {*labelled, *above.index}
    placed = [tip for tip in tips if tip in wanted]
    table = None
    if not above.index.isin(placed).any():
        pass  # nothing is asked of a tree that has no candidate
    elif grown is not None:
        table = _named(patristic_distances(grown, placed), placed)
    else:
        table = _named(given, placed)
    of_source = table if source == "tree" else None
    if source == "alignment":
        own = alignment_distances(relatives[0], [*labelled, *tips])
        kept = own.index.isin(list(wanted))
        of_source = own.loc[kept, kept]
    return Offered(above, table, of_source)


def alignment_distances(path: str | Path, taxa: Iterable[str]) -> pd.DataFrame:
    """Read distances on the alignment, between all that was sequenced.

    Parameters
    ----------
    path
        As `visgen.distances.matrices.write_distances` wrote it.
    taxa
        Names whose spelling counts.

    Returns
    -------
    DataFrame
        (n_taxa, n_taxa), named.
    """
    own = load_distances(path)
    spelled = match_case(own.ids, taxa, str(path))
    names = [spelled[name] for name in own.ids]
    return pd.DataFrame(own.data, names, names)


def _named(matrix: DistanceMatrix, taxa: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(matrix.data, matrix.ids, matrix.ids).loc[taxa, taxa]
