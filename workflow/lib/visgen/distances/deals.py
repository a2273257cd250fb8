"""Specimens dealt to taxa at random, which tells whether numbers of images agree by themselves."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from visgen.distances.correlations import correlations
from visgen.metrics import EXPECTED
from visgen.scikit_bio import DistanceMatrix

#: Evaluator that sets the true deal of specimens to taxa beside random ones, and their name.
DEALS = "dealt_specimens"


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
