"""Fits with taxa held out, to the true distances and under nulls."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from visgen.distances.matrices import cosine_square
from visgen.embedding.folds import CLADES, kinds_of
from visgen.embedding.guidance.bags import Bags
from visgen.embedding.guidance.fitting import Fit, in_bag_order, summarise
from visgen.embedding.guidance.taxon_embedder import TaxonEmbedder
from visgen.embedding.held_out.files import FIT_COLUMNS, PERMUTED_COLUMNS
from visgen.embedding.held_out.fresh_looks import (
    draws_of,
    pooled_looks,
    score_fresh,
    unguided_folds,
)
from visgen.embedding.held_out.nulls import (
    Question,
    beyond_chance,
    beyond_ranks,
    dealt_specimens,
    permuted_bags,
)
from visgen.embedding.held_out.scoring import Fold
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.new_specimens import Looks


def fit_folds(
    embedder: TaxonEmbedder, genetic: DistanceMatrix, folds: pd.DataFrame
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Hold out each fold of either kind in turn and fit to the others.

    Parameters
    ----------
    embedder
        Its taxa are those of `folds`.
    genetic
        Distances, at least of these taxa.
    folds
        Index taxon; a column of fold numbers for each kind, null where left out; group_number,
        of the group of the rank above.

    Returns
    -------
    visual
        By kind, (n_folds, n_taxa, n_taxa) float32: distances with fold 1, 2, ... held out, taxa
        in the order of `folds`.
    fits
        Columns `FIT_COLUMNS`, no row without guidance.
    """
    folds = folds.loc[list(embedder.bags.taxa)]
    distances = in_bag_order(genetic, embedder.bags)
    visual, rows = {}, []
    for kind in kinds_of(folds):
        made = []
        for number, held_out, vectors, fit in _each_fold(embedder, distances, folds, kind):
            made.append(visual_distances(vectors).astype(np.float32))
            if fit is not None:
                rows.append({"kind": kind, "fold": number} | summarise(fit, ~held_out))
        visual[kind] = np.stack(made)
    return visual, pd.DataFrame(rows, columns=FIT_COLUMNS)


def refit_nulls(
    embedder: TaxonEmbedder,
    specimens: pd.Series,
    genetic: DistanceMatrix,
    folds: pd.DataFrame,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Fit and score again under the nulls.

    Parameters
    ----------
    embedder, genetic, folds
        As in `fit_folds`.
    specimens
        Specimen of each image, index id; others may be in it.
    permutations
        How often, of each null.
    seed
        Of the permutations; the first ones stay the same when more are asked for.

    Returns
    -------
    DataFrame
        Columns `PERMUTED_COLUMNS`; under each of `visgen.embedding.held_out.scoring.NULLS` every
        score of `visgen.embedding.held_out.scoring.score_folds`, under those of
        `visgen.embedding.held_out.within.NULLS_WITHIN` the score of their step; the latter not of
        guided variants, each of whose fits is a training. Random vectors use no images, so that
        no specimens are dealt to them.
    """
    folds = folds.loc[list(embedder.bags.taxa)]
    distances = in_bag_order(genetic, embedder.bags)
    questions, rows = [beyond_chance(folds)], []
    if embedder.variant["guidance"] is None:
        questions += beyond_ranks(distances, folds)
    for question in questions:
        permuted, dealt = question.nulls
        for number, order in permuted_bags(question, permutations, seed):
            moved = distances[np.ix_(order, order)]
            scores = _scores(embedder, moved, folds.iloc[order], question)
            rows += [(permuted, number, *row) for row in scores]
        if embedder.variant["pooling"] == "random":
            continue
        images = embedder.images
        for number, places in dealt_specimens(question, images, specimens, permutations, seed):
            scores = _scores(embedder.redealt(places), distances, folds, question)
            rows += [(dealt, number, *row) for row in scores]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def refit_fresh(
    embedder: TaxonEmbedder,
    specimens: pd.Series,
    genetic: DistanceMatrix,
    folds: pd.DataFrame,
    *,
    refits: int,
    seed: int,
) -> pd.DataFrame:
    """Score fresh looks of the same taxa by an unguided variant.

    Parameters
    ----------
    embedder, specimens, genetic, folds
        As in `refit_nulls`.
    refits
        About how many.
    seed
        Of the draws.

    Returns
    -------
    DataFrame
        Columns `PERMUTED_COLUMNS`; null one of `visgen.embedding.held_out.fresh_looks.FRESH`. No
        row of random vectors, of whitened ones, whose directions each fold chooses anew, and of
        guided variants, each of whose fits is a training.
    """
    variant = embedder.variant
    is_plain = variant["guidance"] is None and not variant["whiten"]
    if variant["pooling"] == "random" or not is_plain:
        return pd.DataFrame(columns=PERMUTED_COLUMNS)
    folds = folds.loc[list(embedder.bags.taxa)]
    distances, kinds = in_bag_order(genetic, embedder.bags), kinds_of(folds)
    looks = looks_in_bags(embedder.images, variant["pooling"], specimens, distances, seed)

    def fit(vectors: np.ndarray) -> dict[str, dict[str, list[Fold]]]:
        return {"own": unguided_folds(vectors, distances, folds, kinds, variant["centre"])}

    rows = score_fresh(looks, fit, draws=draws_of(refits), seed=seed)
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def looks_in_bags(
    bags: Bags, pooling: str, specimens: pd.Series, distances: np.ndarray, seed: int
) -> Looks:
    """Return what fresh looks of the taxa of bags are drawn from.

    Parameters
    ----------
    bags
        Of images.
    pooling
        As in `visgen.embedding.held_out.fresh_looks.pooled_looks`.
    specimens
        Specimen of each image, index id; others may be in it.
    distances
        (n_taxa, n_taxa), in the order of the bags.
    seed
        Of specimens drawn anew.
    """
    table, taxa, views = bags.listed()
    individuals = specimens.loc[bags.ids.get_level_values("id")].reset_index(drop=True)
    return pooled_looks(table, taxa, individuals, views, pooling, distances, seed)


def visual_distances(vectors: np.ndarray) -> np.ndarray:
    """Return cosine distances between the vectors of taxa, (n_taxa, n_taxa).

    Raises
    ------
    ValueError
        If a vector is not finite.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("a taxon's vector is not finite: a fit has run away")
    return cosine_square(vectors)


def fitted_folds(
    embedder: TaxonEmbedder, distances: np.ndarray, folds: pd.DataFrame, kind: str
) -> list[Fold]:
    """Return distances with fold 1, 2, ... of a kind held out; taxa in the order of the bags."""
    return [
        Fold(distances, visual_distances(vectors), held_out)
        for _, held_out, vectors, _ in _each_fold(embedder, distances, folds, kind)
    ]


def _scores(
    embedder: TaxonEmbedder, distances: np.ndarray, folds: pd.DataFrame, question: Question
) -> Iterator[tuple[str, str, str, float]]:
    """Yield kind, part, metric and value."""
    for kind in question.kinds:
        fitted = fitted_folds(embedder, distances, folds, kind)
        for (part, metric), value in question.scores(fitted).items():
            yield kind, part, metric, value


def _each_fold(
    embedder: TaxonEmbedder, distances: np.ndarray, folds: pd.DataFrame, kind: str
) -> Iterator[tuple[int, np.ndarray, np.ndarray, Fit | None]]:
    """Yield number of a fold, held-out taxa, vectors of all taxa, and the fit."""
    # What tells when to stop is as strange to the fit as what is held out.
    groups = folds["group_number"].to_numpy() if kind == CLADES else None
    for number in range(1, int(folds[kind].max()) + 1):
        held_out = (folds[kind] == number).to_numpy(bool)
        fit = embedder.fit(distances, ~held_out, groups)
        yield number, held_out, embedder.vectors(fit, ~held_out), fit
