"""How far visual distance follows phylogenetic distance, as rows of scores."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.distances.permutation_tests.distance_correlation import distance_correlation
from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.mantel_within import mantel_within
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.distances.permutation_tests.partial_mantel import other_group, partial_mantel
from visgen.distances.permutation_tests.procrustes import procrustes
from visgen.distances.steps import WITHIN_ABOVE
from visgen.metrics import EXPECTED
from visgen.scikit_bio import DistanceMatrix

OMITTED_COLUMNS = ["evaluator", "reason"]


def score_agreement(
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    groups: Mapping[str, pd.Series],
    *,
    permutations: int,
    seed: int,
) -> tuple[list[dict], list[dict]]:
    """Test two distance matrices, over all pairs and within the groups of each step.

    Parameters
    ----------
    genetic, visual
        (n_taxa, n_taxa), the same taxa.
    groups
        By step, as `visgen.distances.steps.taxa_by_step` returns them; taxa without a group are
        left out of its test.
    permutations
        Of each test.
    seed
        Of the permutations.

    Returns
    -------
    scores
        Evaluator, metric, value, p, n (taxa), n_permutations: mantel and, with the step as part,
        mantel_within (pearson, spearman), partial_mantel (pearson, given which taxa share a
        group of the rank above), and of the square roots of both distances, which are Euclidean,
        distance_correlation (bias_corrected, a square) and procrustes (correlation); beside the
        last two their null permuted_taxa, the mean over permutations.
    omitted
        Evaluator and reason of the tests that these taxa do not allow.
    """
    tests = {"permutations": permutations, "seed": seed}
    rows, omitted = score_mantel(genetic, visual, groups, **tests)
    if not rows:
        return rows, omitted
    found, left_out = _other_measures(genetic, visual, permutations, seed)
    rows, omitted = rows + found, omitted + left_out
    if WITHIN_ABOVE in groups:
        try:
            rows.append(_partial(genetic, visual, groups[WITHIN_ABOVE], permutations, seed))
        except ValueError as error:
            omitted.append({"evaluator": "partial_mantel", "reason": str(error)})
    return rows, omitted


def score_mantel(
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    groups: Mapping[str, pd.Series],
    *,
    permutations: int,
    seed: int,
) -> tuple[list[dict], list[dict]]:
    """Do the Mantel tests of `score_agreement` alone: over all pairs, and within groups.

    Parameters and what is returned are as there.
    """
    n_taxa = len(genetic.ids)
    if n_taxa < MIN_TAXA:
        reason = f"{n_taxa} taxa have images and a place in the tree; {MIN_TAXA} are needed"
        return [], [{"evaluator": "mantel", "reason": reason}]
    rows, omitted = [], []
    try:
        for method in ("pearson", "spearman"):
            test = mantel(genetic, visual, method, permutations, seed=seed)
            rows.append(_row("mantel", method, test.r, test.p, n_taxa, permutations))
    except ValueError as error:  # a star tree, say
        return [], [{"evaluator": "mantel", "reason": str(error)}]
    if not groups:
        reason = "the taxa are all of one group of the rank above"
        omitted.append({"evaluator": "mantel_within", "reason": reason})
    for step, of_step in groups.items():
        found, reasons = _within(genetic, visual, of_step, step, permutations, seed)
        rows += found
        omitted += [{"evaluator": f"mantel_{step}", "reason": why} for why in reasons]
    return rows, omitted


def _within(
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    groups: pd.Series,
    step: str,
    permutations: int,
    seed: int,
) -> tuple[list[dict], list[str]]:
    """Return the rows of a step, or why there are none."""
    placed = groups.reindex(list(genetic.ids)).dropna()
    sizes = placed.value_counts()
    if len(placed) < MIN_TAXA or len(sizes) < 2 or sizes.max() < 3:
        reason = (
            f"{len(placed)} taxa fall into {len(sizes)} groups, the largest with "
            f"{sizes.max() if len(sizes) else 0} of them; {MIN_TAXA} taxa in two, and three of "
            "them in one, are needed"
        )
        return [], [reason]
    inner, outer = genetic.filter(list(placed.index)), visual.filter(list(placed.index))
    rows = []
    for method in ("pearson", "spearman"):
        try:
            test = mantel_within(inner, outer, placed, method, permutations, seed=seed)
        except ValueError as error:  # polytomies within the groups, say
            return rows, [str(error)]
        row = _row("mantel_within", method, test.r_within, test.p_within, test.n_taxa, permutations)
        rows.append(row | {"part": step})
    return rows, []


def _partial(
    genetic: DistanceMatrix, visual: DistanceMatrix, groups: pd.Series, permutations: int, seed: int
) -> dict:
    placed = groups.reindex(list(genetic.ids)).dropna()
    inner, outer = genetic.filter(list(placed.index)), visual.filter(list(placed.index))
    others = other_group(placed, inner.ids)
    test = partial_mantel(inner, outer, others, "pearson", permutations, seed=seed)
    return _row("partial_mantel", "pearson", test.value, test.p, test.n_taxa, permutations)


def _other_measures(
    genetic: DistanceMatrix, visual: DistanceMatrix, permutations: int, seed: int
) -> tuple[list[dict], list[dict]]:
    """Return distance correlation and Procrustes correlation, each beside its null mean."""
    roots = [DistanceMatrix(np.sqrt(matrix.data), matrix.ids) for matrix in (genetic, visual)]
    rows, omitted = [], []
    for evaluator, metric, measure in (
        ("distance_correlation", "bias_corrected", distance_correlation),
        ("procrustes", "correlation", procrustes),
    ):
        try:
            test = measure(*roots, permutations, seed=seed)
        except ValueError as error:  # a star tree of unequal arms, say
            omitted.append({"evaluator": evaluator, "reason": str(error)})
            continue
        row = _row(evaluator, metric, test.value, test.p, test.n_taxa, permutations)
        null = {"role": EXPECTED, "against": "permuted_taxa", "value": test.null_mean, "p": None}
        rows += [row, row | null]
    return rows, omitted


def _row(evaluator: str, metric: str, value: float, p: float, n: int, permutations: int) -> dict:
    row = {"evaluator": evaluator, "metric": metric, "value": value, "p": p}
    return row | {"n": n, "n_permutations": permutations}
