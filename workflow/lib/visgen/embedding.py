"""Taxon vectors without training: made, and set against phylogenetic distances."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from skbio.stats.distance import DistanceMatrix

from visgen.agreement import score_against_shuffled, score_agreement
from visgen.distances import cosine_distances
from visgen.permutation_tests import MIN_TAXA
from visgen.taxon_vectors import centre, pool


def embed_taxa(
    features: pd.DataFrame, taxa: pd.Series, variant: Mapping[str, Any], seed: int
) -> tuple[pd.DataFrame, DistanceMatrix]:
    """Return one vector a taxon and the cosine distances between them.

    Parameters
    ----------
    features
        (n, n_features), index id; images without a taxon are left out.
    taxa
        Taxon of each image, index id.
    variant
        ``pooling``, as in `visgen.taxon_vectors.pool`, and ``centre``.
    seed
        Of random vectors.

    Returns
    -------
    vectors
        (n_taxa, n_features), sorted by taxon.
    distances
        (n_taxa, n_taxa) cosine distances, 0 to 2.
    """
    vectors = pool(features.loc[taxa.index], taxa, variant["pooling"], seed)
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
    groups: pd.Series,
    *,
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
        Taxon of the rank above, index taxon.
    permutations, specimen_permutations
        Of taxa, and of specimens.
    seed
        Of both.

    Returns
    -------
    scores, omitted
        As in `visgen.agreement.score_agreement`, with shuffled specimens where a
        variant uses images.
    """
    shared = [taxon for taxon in genetic.ids if taxon in visual.ids]
    if len(shared) < MIN_TAXA:
        reason = f"{len(shared)} taxa have vectors and a place in the tree; {MIN_TAXA} are needed"
        return [], [{"evaluator": "mantel", "reason": reason}]
    genetic = genetic.filter(shared)
    scores, omitted = score_agreement(
        genetic, visual.filter(shared), groups, permutations=permutations, seed=seed
    )
    if scores and variant["pooling"] != "random":
        scores += score_against_shuffled(
            genetic,
            taxa[taxa.isin(visual.ids)],
            specimens,
            lambda dealt: embed_taxa(features, dealt, variant, seed)[1],
            permutations=specimen_permutations,
            seed=seed,
        )
    return scores, omitted
