"""Taxon vectors without training: made, and set against phylogenetic distances."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr

from visgen.claims import UNDECIDED_AT
from visgen.distances.agreement import score_agreement
from visgen.distances.deals import score_against_deals
from visgen.distances.matrices import NO_TAXA, cosine_distances
from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.embedding.pooling import centre, pool_views, whiten_images
from visgen.embedding.redrawn import pooled_from
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.association import Redrawn, add_intervals
from visgen.signal.new_specimens import redrawn_vectors

#: Random vectors drawn to show what chance gives.
RANDOM_DRAWS = 100


def embed_taxa(
    features: pd.DataFrame,
    taxa: pd.Series,
    variant: Mapping[str, Any],
    seed: int,
    views: pd.Series | None = None,
) -> tuple[pd.DataFrame, DistanceMatrix]:
    """Return one vector a taxon and the cosine distances between them.

    Parameters
    ----------
    features
        (n, n_features), index id; images without a taxon are left out.
    taxa
        Taxon of each image, index id.
    variant
        ``pooling``, as in `visgen.embedding.pooling.pool`, ``centre``, and ``whiten``, whether
        what varies within taxa counts less.
    seed
        Of random vectors.
    views
        View of each image where views are joined, else None.

    Returns
    -------
    vectors
        (n_taxa, n_features), sorted by taxon.
    distances
        (n_taxa, n_taxa) cosine distances, 0 to 2; `NO_TAXA` where no image has a taxon.
    """
    if taxa.empty:
        return pd.DataFrame(index=pd.Index([], name="taxon")), NO_TAXA
    within = taxa.unique() if variant["whiten"] else None
    vectors = pool_views(features.loc[taxa.index], taxa, views, variant["pooling"], seed, within)
    if variant["centre"]:
        vectors = centre(vectors)
    return vectors, cosine_distances(vectors)


def score_variant(
    features: pd.DataFrame,
    taxa: pd.Series,
    specimens: pd.Series,
    variant: Mapping[str, Any],
    visual: DistanceMatrix,
    genetic: DistanceMatrix,
    groups: Mapping[str, pd.Series],
    *,
    views: pd.Series | None = None,
    permutations: int,
    specimen_permutations: int,
    seed: int,
) -> tuple[list[dict], list[dict]]:
    """Test the visual distances of a variant over the taxa that have phylogenetic ones too.

    Parameters
    ----------
    features, taxa, specimens, variant
        What `visual` was made of, as in `embed_taxa`; `taxa` may hold others and gaps; the
        specimen of each image.
    visual, genetic
        Distances between taxa.
    groups
        By step, as `visgen.distances.steps.taxa_by_step` returns them.
    views
        View of each image where views are joined, else None.
    permutations, specimen_permutations
        Of taxa, and of specimens.
    seed
        Of both.

    Returns
    -------
    scores, omitted
        As in `visgen.distances.agreement.score_agreement`, with the intervals of
        `visgen.signal.association.add_intervals`, and `visgen.distances.deals.score_against_deals`.
        Of random vectors, which use no images, the mean r of `RANDOM_DRAWS` draws and the range of
        95 % of them.
    """
    shared = [taxon for taxon in genetic.ids if taxon in visual.ids]
    if len(shared) < MIN_TAXA:
        reason = f"{len(shared)} taxa have vectors and a place in the tree; {MIN_TAXA} are needed"
        return [], [{"evaluator": "mantel", "reason": reason}]
    genetic = genetic.filter(shared)
    if variant["pooling"] == "random":
        return _score_random(features, taxa, variant, genetic, seed), []
    scores, omitted = score_agreement(
        genetic, visual.filter(shared), groups, permutations=permutations, seed=seed
    )
    if scores:
        placed = taxa[taxa.isin(visual.ids)]
        again = _redrawn(features, placed, specimens, variant, views, seed)
        scores = add_intervals(scores, genetic, again, groups, seed)
        scores += score_against_deals(
            genetic,
            placed,
            specimens,
            lambda dealt: embed_taxa(features, dealt, variant, seed, views)[1],
            open_steps(scores, groups),
            views=views,
            permutations=specimen_permutations,
            seed=seed,
        )
    return scores, omitted


def open_steps(
    scores: Sequence[Mapping[str, Any]], groups: Mapping[str, pd.Series]
) -> dict[str, pd.Series]:
    """Return the steps that permuted taxa leave open, which specimens have to be dealt for.

    Parameters
    ----------
    scores
        As `visgen.distances.agreement.score_agreement` returns them.
    groups
        By step.

    Returns
    -------
    dict
        The first of `groups`, up to one whose p, or that over all pairs, is beyond what is left
        undecided (`visgen.claims.UNDECIDED_AT`).
    """
    p = {"all": 0.0}
    for row in scores:
        if row["evaluator"] in ("mantel", "mantel_within") and row.get("p") is not None:
            part = row.get("part", "all")
            p[part] = max(p.get(part, 0.0), row["p"])
    left = {}
    if p["all"] > UNDECIDED_AT:
        return left
    for step, of_step in groups.items():
        if p.get(step, 1.0) > UNDECIDED_AT:
            break
        left[step] = of_step
    return left


def _redrawn(
    features: pd.DataFrame,
    taxa: pd.Series,
    specimens: pd.Series,
    variant: Mapping[str, Any],
    views: pd.Series | None,
    seed: int,
) -> Redrawn:
    """Return the vectors of a variant, and by specimens drawn anew."""
    individuals = specimens.loc[taxa.index]
    viewed = None if views is None else views.loc[taxa.index]
    images = features.loc[taxa.index]
    if variant["whiten"]:  # once, so that specimens drawn anew are told apart along the same axes
        images = whiten_images(images, taxa, viewed)
    embed = pooled_from(images, taxa, viewed, variant["pooling"], seed)
    return Redrawn(
        embed(np.arange(len(taxa))),
        redrawn_vectors(embed, taxa, individuals, viewed, seed=seed),
        individuals.groupby(taxa).nunique(),
        variant["centre"],
    )


def _score_random(
    features: pd.DataFrame,
    taxa: pd.Series,
    variant: Mapping[str, Any],
    genetic: DistanceMatrix,
    seed: int,
) -> list[dict]:
    """Return what chance gives: one draw alone would say little."""
    placed = taxa[taxa.isin(genetic.ids)].sort_values().drop_duplicates()  # an image a taxon
    draws = [
        embed_taxa(features, placed, variant, seed + draw)[1].filter(genetic.ids)
        for draw in range(RANDOM_DRAWS)
    ]
    rows = []
    for metric, correlate in (("pearson", pearsonr), ("spearman", spearmanr)):
        pairs = genetic.condensed_form()
        r = [correlate(pairs, draw.condensed_form()).statistic for draw in draws]
        low, high = np.percentile(r, [2.5, 97.5])
        row = {"evaluator": "mantel", "metric": metric, "value": float(np.mean(r))}
        rows.append(row | {"ci_low": low, "ci_high": high, "n": len(genetic.ids)})
    return rows
