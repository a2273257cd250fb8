"""All scores of the genetic half as one table."""

import logging
from collections.abc import Mapping

import pandas as pd

from visgen.distances.matrices import cosine_distances
from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.genetics.anchors.likeness import score_likeness
from visgen.genetics.scores.monophyly import score_monophyly
from visgen.genetics.scores.nearest_neighbours import score_neighbours
from visgen.genetics.scores.tree_comparison import compare_trees
from visgen.genetics.vectors.files import SequenceVectors
from visgen.metrics import metrics_table
from visgen.scikit_bio import DistanceMatrix, TreeNode

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
            found = found + score_against_distances(table, distances, permutations, seed)
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
    vectors: SequenceVectors, distances: DistanceMatrix, permutations: int, seed: int
) -> list[dict]:
    """Test whether taxa with similar sequences are close by descent (Mantel 1967).

    Parameters
    ----------
    vectors
        Their means over the sequences of a taxon are compared by cosine distance.
    distances
        Between taxa.
    permutations, seed
        Of the test.

    Returns
    -------
    list of dict
        Evaluator mantel, metrics pearson and spearman, value, ci_low, ci_high, p, n (taxa),
        n_permutations, part. Nothing where the two share fewer than five taxa or one is constant.
    """
    means = pd.DataFrame(vectors.values).groupby(vectors.taxa).mean()
    shared = [taxon for taxon in means.index if taxon in set(distances.ids)]
    if len(shared) < MIN_TAXA:
        logger.info("%d taxa have sequences and distances; %d are needed", len(shared), MIN_TAXA)
        return []
    matrices = cosine_distances(means.loc[shared]), distances.filter(shared)
    rows = []
    for method in ("pearson", "spearman"):
        try:
            test = mantel(*matrices, method, permutations, seed=seed)
        except ValueError as error:  # a star tree, say
            logger.info("no Mantel test: %s", error)
            return []
        row = {"evaluator": "mantel", "metric": method, "part": "taxa", "n": test.n_taxa}
        row |= {"value": test.r, "ci_low": test.ci_low, "ci_high": test.ci_high, "p": test.p}
        rows.append(row | {"n_permutations": permutations})
    return rows
