"""How far visual distance follows phylogenetic distance, as rows of scores."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

from visgen.distances.permutation_tests.distance_correlation import distance_correlation
from visgen.distances.permutation_tests.mantel import MantelResult, mantel
from visgen.distances.permutation_tests.mantel_within import mantel_within
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.distances.permutation_tests.partial_mantel import other_group, partial_mantel
from visgen.distances.permutation_tests.procrustes import procrustes
from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.scikit_bio import DistanceMatrix

OMITTED_COLUMNS = ["evaluator", "reason"]
#: Evaluator that sets the true deal of specimens to taxa beside random ones, and their name.
DEALS = "dealt_specimens"


def score_agreement(
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    groups: pd.Series,
    *,
    permutations: int,
    seed: int,
) -> tuple[list[dict], list[dict]]:
    """Test two distance matrices, over all pairs and within the groups of the rank above.

    Parameters
    ----------
    genetic, visual
        (n_taxa, n_taxa), the same taxa.
    groups
        Taxon of the rank above, index taxon; taxa without one are no group and are left out
        of the test within groups.
    permutations
        Of each test.
    seed
        Of the permutations.

    Returns
    -------
    scores
        Evaluator, metric, value, ci_low, ci_high, p, n (taxa), n_permutations: mantel and
        mantel_within (pearson, spearman), partial_mantel (pearson, given which taxa share a
        group), and of the square roots of both distances, which are Euclidean,
        distance_correlation (bias_corrected, a square) and procrustes (correlation); beside the
        last two their null permuted_taxa, the mean over permutations.
    omitted
        Evaluator and reason of the tests that these taxa do not allow.
    """
    n_taxa = len(genetic.ids)
    if n_taxa < MIN_TAXA:
        reason = f"{n_taxa} taxa have images and a place in the tree; {MIN_TAXA} are needed"
        return [], [{"evaluator": "mantel", "reason": reason}]
    rows = []
    try:
        for method in ("pearson", "spearman"):
            test = mantel(genetic, visual, method, permutations, seed=seed)
            interval = {"ci_low": test.ci_low, "ci_high": test.ci_high}
            rows.append(_row("mantel", method, test.r, test.p, n_taxa, permutations) | interval)
    except ValueError as error:  # a star tree, say
        return [], [{"evaluator": "mantel", "reason": str(error)}]
    beside, omitted = _other_measures(genetic, visual, permutations, seed)
    rows += beside
    placed = groups.reindex(list(genetic.ids)).dropna()
    sizes = placed.value_counts()
    if len(placed) < MIN_TAXA or len(sizes) < 2 or sizes.max() < 3:
        reason = (
            f"{len(placed)} taxa fall into {len(sizes)} at the rank above, the largest with "
            f"{sizes.max() if len(sizes) else 0} of them; {MIN_TAXA} taxa in two, and three of "
            "them in one, are needed"
        )
        within = ("mantel_within", "partial_mantel")
        return rows, [*omitted, *({"evaluator": test, "reason": reason} for test in within)]
    inner, outer = genetic.filter(list(placed.index)), visual.filter(list(placed.index))
    try:
        for method in ("pearson", "spearman"):
            test = mantel_within(inner, outer, placed, method, permutations, seed=seed)
            r, p = test.r_within, test.p_within
            rows.append(_row("mantel_within", method, r, p, test.n_taxa, permutations))
    except ValueError as error:  # polytomies within the groups, say
        omitted.append({"evaluator": "mantel_within", "reason": str(error)})
    try:
        others = other_group(placed, inner.ids)
        test = partial_mantel(inner, outer, others, "pearson", permutations, seed=seed)
        rows.append(
            _row("partial_mantel", "pearson", test.value, test.p, test.n_taxa, permutations)
        )
    except ValueError as error:
        omitted.append({"evaluator": "partial_mantel", "reason": str(error)})
    return rows, omitted


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


def mantel_in_scores(scores: pd.DataFrame, variant: str) -> MantelResult | None:
    """Return the Mantel test (Pearson) of a variant from a table of scores; None if left out."""
    own = of_role(scores, SCORE)
    rows = own[
        (own["variant"] == variant) & (own["evaluator"] == "mantel") & (own["metric"] == "pearson")
    ]
    if rows.empty:
        return None
    row = rows.iloc[0]
    n_taxa = int(row["n"])
    n_pairs = n_taxa * (n_taxa - 1) // 2
    return MantelResult(row["value"], row["p"], n_taxa, n_pairs, row["ci_low"], row["ci_high"])


def score_against_deals(
    genetic: DistanceMatrix,
    taxa: pd.Series,
    specimens: pd.Series,
    measure: Callable[[pd.Series], DistanceMatrix],
    *,
    views: pd.Series | None = None,
    permutations: int,
    seed: int,
) -> list[dict]:
    """Ask whether the agreement needs the images at all, or only their numbers.

    Taxa with few images have noisy vectors and stand far from all others; where such taxa also
    sit on long branches, distances correlate though no image resembles any other, and a Mantel
    test, which takes taxa as exchangeable, rejects. Here the specimens are dealt to the taxa at
    random, as many to each as it has, and vectors and distances are made anew.

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
    views
        View of each image where views are joined, else None.
    permutations
        Number of deals.
    seed
        Of the deals.

    Returns
    -------
    list of dict
        Evaluator and null `DEALS`, metric pearson, n (taxa), n_permutations (deals): r of the
        true deal with its one-sided p, and the null, the mean r of the random deals with their
        95 % range as ci.
    """
    pairs = genetic.condensed_form()

    def agreement(labels: pd.Series) -> float:
        return pearsonr(pairs, measure(labels).filter(genetic.ids).condensed_form()).statistic

    rng = np.random.default_rng(seed)
    r = agreement(taxa)
    null = np.array(
        [agreement(deal_specimens(taxa, specimens, rng, views)) for _ in range(permutations)]
    )
    p = (1 + np.sum(null >= r)) / (permutations + 1)
    low, high = np.percentile(null, [2.5, 97.5])
    shared = {"evaluator": DEALS, "metric": "pearson", "n": len(genetic.ids)}
    shared |= {"n_permutations": permutations}
    of_deals = {"role": EXPECTED, "against": DEALS, "value": float(null.mean())}
    return [
        shared | {"value": float(r), "p": float(p)},
        shared | of_deals | {"ci_low": float(low), "ci_high": float(high)},
    ]


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
