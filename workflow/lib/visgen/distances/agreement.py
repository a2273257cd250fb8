"""How far visual distance follows phylogenetic distance, as rows of scores."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from visgen.distances.correlations import correlations
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
#: Evaluator that sets the true deal of specimens to taxa beside random ones, and their name.
DEALS = "dealt_specimens"


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


def score_against_deals(
    genetic: DistanceMatrix,
    taxa: pd.Series,
    specimens: pd.Series,
    measure: Callable[[pd.Series], DistanceMatrix],
    groups: Mapping[str, pd.Series],
    *,
    views: pd.Series | None = None,
    permutations: int,
    seed: int,
) -> list[dict]:
    """Ask whether the agreement needs the images at all, or only their numbers.

    Taxa with few images have noisy vectors and stand far from all others; where such taxa also
    sit on long branches, distances correlate though no image resembles any other, and a Mantel
    test, which takes taxa as exchangeable, rejects. Here the specimens are dealt to the taxa at
    random, as many to each as it has, and vectors and distances are made anew; for a step within
    groups, they are dealt within these.

    Parameters
    ----------
    genetic
        (n_taxa, n_taxa).
    taxa
        Taxon of each image, index id.
    specimens
        Specimen of each image, index id.
    measure
        From taxa of images to visual distances that hold at least the taxa of `genetic`.
    groups
        As in `score_agreement`.
    views
        View of each image where views are joined, else None.
    permutations
        Number of deals, of all pairs and of each step.
    seed
        Of the deals.

    Returns
    -------
    list of dict
        Evaluator and null `DEALS`, metric pearson, n (taxa), n_permutations (deals), of all pairs
        and with each step as part: r of the true deal with its one-sided p, and the null, the
        mean r of the random deals with their 95 % range as ci.
    """
    rows = []
    for number, part in enumerate(("all", *groups)):
        within = groups.get(part)
        key = ("mantel" if within is None else "mantel_within", part, "pearson")
        correlate = correlations(genetic, {} if within is None else {part: within}, ("pearson",))

        def agreement(labels: pd.Series, correlate=correlate, key=key) -> float:
            return correlate(measure(labels).filter(genetic.ids).data).get(key, np.nan)

        r = agreement(taxa)
        if not np.isfinite(r):
            continue
        dealt = taxa if within is None else taxa[taxa.isin(within.index)]
        rng = np.random.default_rng([seed, 9, number] if number else seed)
        null = np.empty(permutations)
        for draw in range(permutations):
            labels = deal_specimens(dealt, specimens, rng, views, within)
            null[draw] = agreement(labels.combine_first(taxa).loc[taxa.index])
        p = (1 + np.sum(null >= r)) / (permutations + 1)
        low, high = np.percentile(null, [2.5, 97.5])
        n_taxa = len(genetic.ids) if within is None else len(set(within.index) & set(genetic.ids))
        shared = {"evaluator": DEALS, "part": part, "metric": "pearson", "n": n_taxa}
        shared |= {"n_permutations": permutations}
        of_deals = {"role": EXPECTED, "against": DEALS, "value": float(null.mean())}
        rows += [
            shared | {"value": float(r), "p": float(p)},
            shared | of_deals | {"ci_low": float(low), "ci_high": float(high)},
        ]
    return rows


def deal_specimens(
    taxa: pd.Series,
    specimens: pd.Series,
    rng: np.random.Generator,
    views: pd.Series | None = None,
    groups: pd.Series | None = None,
) -> pd.Series:
    """Deal specimens to taxa at random; each taxon keeps its numbers of images and specimens.

    Images of one specimen are alike, and one of many images weighs more: only specimens with
    the same number of images, of each view where views are told apart, change places.

    Parameters
    ----------
    taxa, specimens
        Of each image, index id.
    rng
        Deals.
    views
        Of each image, index id; None does not tell them apart.
    groups
        Of each taxon, index taxon, without gaps: specimens change places within a group only.
        None for one group of all.

    Returns
    -------
    Series
        The taxon dealt to each image, index as `taxa`.
    """
    # A specimen that rows place in two taxa is one of each.
    individual = pd.MultiIndex.from_arrays([specimens.loc[taxa.index], taxa])
    code, individuals = pd.factorize(individual)
    taxon = individuals.get_level_values(1).to_numpy().copy()
    n_images = np.bincount(code)
    if views is not None:
        view = pd.factorize(views.loc[taxa.index], sort=True)[0]
        of_views = np.zeros((len(individuals), view.max() + 1), int)
        np.add.at(of_views, (code, view), 1)
        _, n_images = np.unique(of_views, axis=0, return_inverse=True)
    if groups is not None:
        group = pd.factorize(groups.loc[taxon])[0]
        both = np.column_stack([n_images, group])
        _, n_images = np.unique(both, axis=0, return_inverse=True)
    for size in np.unique(n_images):
        alike = np.flatnonzero(n_images == size)
        taxon[alike] = rng.permutation(taxon[alike])
    return pd.Series(taxon[code], index=taxa.index)
