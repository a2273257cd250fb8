"""All scores of the genetic half as one table."""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.distances.agreement import score_mantel
from visgen.distances.matrices import cosine_distances
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.distances.steps import taxa_by_step
from visgen.genetics.anchors.likeness import score_likeness
from visgen.genetics.scores.monophyly import score_monophyly
from visgen.genetics.scores.nearest_neighbours import score_neighbours
from visgen.genetics.scores.tree_comparison import compare_trees
from visgen.genetics.vectors.files import SequenceVectors
from visgen.metrics import metrics_table
from visgen.scikit_bio import DistanceMatrix, TreeNode
from visgen.signal.association import Redrawn, add_intervals
from visgen.signal.new_specimens import redrawn_vectors

logger = logging.getLogger(__name__)


def score_sequences(
    vectors: Mapping[str, SequenceVectors],
    distances: DistanceMatrix | None,
    inferred: TreeNode | None,
    given: TreeNode | None,
    lineage: pd.DataFrame,
    anchors: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    rank: str,
    permutations: int,
    bootstraps: int,
    seed: int,
) -> pd.DataFrame:
    """Score vectors of sequences, an inferred tree and sets of anchors.

    Parameters
    ----------
    vectors
        By variant: sgt, kmers.
    distances
        Between taxa, if there are any.
    inferred, given
        The tree that was inferred and the tree that the user gave, tips are taxa.
    lineage
        Index taxon, one column for each rank above (`visgen.specimens.taxonomy.lineage`).
    anchors
        By name of the set: anchors and their table, as
        `visgen.genetics.anchors.measuring.measure_anchors` returns them.
    rank
        Of the sequences' taxa.
    permutations, bootstraps, seed
        Of the tests and intervals.

    Returns
    -------
    DataFrame
        Columns of the contract, experiment genetics. Variants sgt and kmers have nearest
        neighbours and, with distances, Mantel tests; variant tree has the comparison with the
        given tree and, for each rank above, monophyly (its rank is the rank above). Sets of
        anchors have how alike they are, and no variant. What cannot be scored is told in the log.
    """
    rows = []
    for variant, table in vectors.items():
        found = score_neighbours(table, bootstraps=bootstraps, seed=seed)
        if not found:
            logger.info("%s: no taxon has two sequences, so no nearest neighbour", variant)
        if distances is not None:
            found = found + score_against_distances(table, distances, lineage, permutations, seed)
        rows += [{"variant": variant, "rank": rank} | row for row in found]
    if inferred is not None and given is not None:
        found = compare_trees(inferred, given, permutations=permutations, seed=seed)
        if not found:
            logger.info("inferred and given tree share fewer than %d taxa", MIN_TAXA)
        rows += [{"variant": "tree", "rank": rank} | row for row in found]
    if inferred is not None:
        for above in lineage.columns:
            found = score_monophyly(inferred, lineage[above], seed=seed)
            if not found:
                logger.info("no %s has two taxa in the tree and others beside it", above)
            rows += [{"variant": "tree", "rank": above} | row for row in found]
    for name, (values, table) in anchors.items():
        found = score_likeness(values, table)
        rows += [{"anchors": name, "rank": rank} | row for row in found]
    return metrics_table([{"experiment": "genetics", "seed": seed} | row for row in rows])


def score_against_distances(
    vectors: SequenceVectors,
    distances: DistanceMatrix,
    lineage: pd.DataFrame,
    permutations: int,
    seed: int,
) -> list[dict]:
    """Test whether taxa with similar sequences are close by descent (Mantel 1967), step by step.

    Parameters
    ----------
    vectors
        Their means over the sequences of a taxon are compared by cosine distance.
    distances
        Between taxa.
    lineage
        As in `score_sequences`.
    permutations, seed
        Of the tests.

    Returns
    -------
    list of dict
        Evaluators mantel and mantel_within, metrics pearson and spearman, value, ci_low, ci_high,
        p, n (taxa), n_permutations, part, and what `visgen.signal.association.add_intervals` adds:
        sequences stand for specimens. Nothing where the two share fewer than five taxa or one is
        constant.
    """
    table = pd.DataFrame(vectors.values)
    taxa = pd.Series(vectors.taxa, name="taxon")
    means = table.groupby(taxa).mean()
    shared = [taxon for taxon in means.index if taxon in set(distances.ids)]
    if len(shared) < MIN_TAXA:
        logger.info("%d taxa have sequences and distances; %d are needed", len(shared), MIN_TAXA)
        return []
    genetic, steps = distances.filter(shared), {}
    if len(lineage.columns):
        above = lineage.reindex(shared)
        steps = taxa_by_step(above.iloc[:, 0], above.iloc[:, -1])
    scores, omitted = score_mantel(
        genetic, cosine_distances(means.loc[shared]), steps, permutations=permutations, seed=seed
    )
    for item in omitted:
        logger.info("no %s test of sequences: %s", item["evaluator"], item["reason"])
    if not scores:
        return []
    kept = taxa.isin(shared)
    own, of_taxa = table[kept].reset_index(drop=True), taxa[kept].reset_index(drop=True)

    def embed(places: np.ndarray) -> pd.DataFrame:
        return own.iloc[places].groupby(of_taxa.iloc[places].to_numpy()).mean()

    redrawn = Redrawn(
        embed(np.arange(len(own))),
        redrawn_vectors(embed, of_taxa, pd.Series(own.index), seed=seed),
        of_taxa.value_counts(),
        centred=False,
    )
    found = add_intervals(scores, genetic, redrawn, steps, seed)
    return [{"part": "taxa"} | row for row in found]
