"""Fits with taxa held out, to the true distances and under two nulls.

Permuted bags: the bags of images change places among the taxa, and all is done again, fits
included. What is left of the agreement is what guidance gives to any bags. But a bag takes its
size along: large bags have vectors with less noise and look alike, so that where taxa with many
images are also relatives, this null alone rejects without any signal.

Dealt specimens: specimens are dealt to the taxa at random, as many to each as it has, and all is
done again: what is left is what the numbers of images give.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from tqdm import tqdm

from visgen.distances.agreement import deal_specimens
from visgen.distances.matrices import cosine_square
from visgen.embedding.folds import CLADES, KINDS
from visgen.embedding.guidance.bags import Bags
from visgen.embedding.guidance.fitting import Fit, in_bag_order, summarise
from visgen.embedding.guidance.taxon_embedder import TaxonEmbedder
from visgen.embedding.held_out.files import FIT_COLUMNS, PERMUTED_COLUMNS
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, PERMUTED_BAGS, Fold, score_folds
from visgen.scikit_bio import DistanceMatrix


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
    """Fit and score again under both nulls.

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
        Columns `PERMUTED_COLUMNS`, null one of `visgen.embedding.held_out.scoring.NULLS`: every
        score of `visgen.embedding.held_out.scoring.score_folds`. Random vectors use no images, so
        that no specimens are dealt to them.
    """
    folds = folds.loc[list(embedder.bags.taxa)]
    distances = in_bag_order(genetic, embedder.bags)
    rows = []
    for number, order in permuted_bags(len(folds), permutations, seed):
        scores = _scores(embedder, distances[np.ix_(order, order)], folds.iloc[order])
        rows += [(PERMUTED_BAGS, number, *row) for row in scores]
    if embedder.variant["pooling"] != "random":
        for number, places in dealt_specimens(embedder.images, specimens, permutations, seed):
            scores = _scores(embedder.redealt(places), distances, folds)
            rows += [(DEALT_SPECIMENS, number, *row) for row in scores]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def permuted_bags(n_taxa: int, permutations: int, seed: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield numbers and orders: bag i takes the place in the tree, and the folds, of order[i]."""
    rng = np.random.default_rng([seed, 2])
    for number in _counted(permutations, "permuted bags"):
        yield number, rng.permutation(n_taxa)


def dealt_specimens(
    images: Bags, specimens: pd.Series, permutations: int, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield numbers and images: place i in the bags goes to the image at the i-th number."""
    # By row, since a table may have several repeats of an image.
    taxa = pd.Series(np.repeat(images.taxa, images.sizes))
    individuals = pd.Series(specimens.loc[images.ids.get_level_values("id")].to_numpy())
    views = None if images.views is None else pd.Series(images.views)
    rng = np.random.default_rng([seed, 3])
    for number in _counted(permutations, "dealt specimens"):
        dealt = deal_specimens(taxa, individuals, rng, views).to_numpy()
        yield number, np.argsort(dealt, kind="stable")


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


def _counted(n: int, what: str) -> Iterator[int]:
    return iter(tqdm(range(1, n + 1), desc=what, mininterval=5))


def _scores(
    embedder: TaxonEmbedder, distances: np.ndarray, folds: pd.DataFrame
) -> Iterator[tuple[str, str, str, float]]:
    """Yield kind, part, metric and value."""
    for kind in kinds_of(folds):
        scores = score_folds(
            Fold(distances, visual_distances(vectors), held_out)
            for _, held_out, vectors, _ in _each_fold(embedder, distances, folds, kind)
        )
        for (part, metric), value in scores.items():
            yield kind, part, metric, value


def kinds_of(folds: pd.DataFrame) -> list[str]:
    """Return the kinds of held-out taxa that folds have."""
    return [kind for kind in KINDS if folds[kind].notna().all()]


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
