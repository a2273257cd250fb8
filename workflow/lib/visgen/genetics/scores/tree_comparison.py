"""How far two trees of the same taxa agree, beside trees with shuffled tips."""

import logging

import numpy as np

from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.distances.trees import patristic_distances
from visgen.metrics import EXPECTED
from visgen.scikit_bio import TreeNode

SHUFFLES = 99
logger = logging.getLogger(__name__)


def compare_trees(
    inferred: TreeNode, given: TreeNode, *, permutations: int, seed: int
) -> list[dict]:
    """Compare an inferred tree with a given one over the taxa that they share.

    Roots do not matter: branches are compared by the two parts that they cut the taxa into.

    Parameters
    ----------
    inferred, given
        Tips are taxa; branches have lengths.
    permutations
        Of the Mantel test of path lengths.
    seed
        Of permutations and shuffles.

    Returns
    -------
    list of dict
        Evaluator tree_comparison, metric, value, ci_low, ci_high, p, n (taxa), n_permutations,
        part: robinson_foulds (Robinson & Foulds 1981; branches in one tree only, as a share of
        all; 0 is best), clades_found (share of the given tree's inner branches that the inferred
        one has), both with p, the share of shuffled trees that do as well, and beside them their
        null shuffled_tips, mean and 95 % range over 99 shuffles of the inferred tree's tips;
        pearson and spearman, the Mantel test of path lengths. Trees without inner branches have
        neither of the first measures; without five shared taxa, nothing.
    """
    shared = sorted({tip.name for tip in inferred.tips()} & {tip.name for tip in given.tips()})
    if len(shared) < MIN_TAXA:
        return []
    ours, theirs = inferred.shear(shared).biparts(), given.shear(shared).biparts()
    rows = []
    measures = {"robinson_foulds": robinson_foulds, "clades_found": clades_found}
    shuffled = _shuffled(ours, shared, seed) if ours and theirs else []
    for metric, measure in measures.items() if shuffled else ():
        value = measure(ours, theirs)
        null = np.array([measure(branches, theirs) for branches in shuffled])
        sign = -1 if metric == "robinson_foulds" else 1
        p = float((1 + np.sum(sign * null >= sign * value)) / (SHUFFLES + 1))
        low, high = (float(limit) for limit in np.percentile(null, [2.5, 97.5]))
        of_null = {"role": EXPECTED, "against": "shuffled_tips", "ci_low": low, "ci_high": high}
        rows += [
            _row(metric, value, len(shared), SHUFFLES) | {"p": p},
            _row(metric, float(null.mean()), len(shared), SHUFFLES) | of_null,
        ]
    lengths = patristic_distances(inferred, shared), patristic_distances(given, shared)
    for method in ("pearson", "spearman"):
        try:
            test = mantel(*lengths, method, permutations, seed=seed)
        except ValueError as error:  # all path lengths equal, say
            logger.info("no Mantel test of path lengths: %s", error)
            break
        rows.append(_row(method, test.r, len(shared), permutations) | {"p": test.p})
    return rows


def robinson_foulds(ours: frozenset, theirs: frozenset) -> float:
    """Return the share of branches that only one of two trees has.

    Parameters
    ----------
    ours, theirs
        The inner branches of each tree, as the smaller part of the taxa that each cuts off.
    """
    return len(ours ^ theirs) / (len(ours) + len(theirs))


def clades_found(ours: frozenset, theirs: frozenset) -> float:
    """Return the share of the branches of the second tree that the first has."""
    return len(ours & theirs) / len(theirs)


def _shuffled(ours: frozenset, taxa: list[str], seed: int) -> list[frozenset]:
    """Return the branches of our tree with its taxa in random order, SHUFFLES times."""
    rng = np.random.default_rng(seed)
    everyone = frozenset(taxa)
    shuffled = []
    for _ in range(SHUFFLES):
        name = dict(zip(taxa, rng.permutation(taxa).tolist(), strict=True))
        moved = (frozenset(name[taxon] for taxon in part) for part in ours)
        shuffled.append(frozenset(_smaller(part, everyone) for part in moved))
    return shuffled


def _smaller(part: frozenset, everyone: frozenset) -> frozenset:
    """Return the smaller part, of equal ones the first by name, as scikit-bio has it."""
    if 2 * len(part) < len(everyone):
        return part
    other = everyone - part
    return other if len(other) < len(part) else min(part, other, key=sorted)


def _row(metric: str, value: float, n: int, n_permutations: int) -> dict:
    row = {"evaluator": "tree_comparison", "metric": metric, "part": "taxa", "value": value}
    return row | {"n": n, "n_permutations": n_permutations}
