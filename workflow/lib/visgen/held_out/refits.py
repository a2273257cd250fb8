"""Fits with taxa held out, to the true distances and to those of permuted bags.

Bags of images are permuted among the taxa and all is done again, fits included: what is left of
the agreement is what guidance gives to any bags, and the p-value of the true one counts how often
that is as much.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from skbio.stats.distance import DistanceMatrix
from tqdm import tqdm

from visgen.guidance.fitting import Fit, in_bag_order
from visgen.guidance.variants import Embedder, cosine_distances_of
from visgen.held_out.folds import KINDS
from visgen.held_out.scoring import Fold, score_folds

FIT_COLUMNS = [
    "kind",
    "fold",
    "n_known",
    "n_watched",
    "epoch",
    "loss_before",
    "loss",
    "watched_loss_before",
    "watched_loss",
    "loss_of_zero",
    "loss_of_constant",
]
PERMUTED_COLUMNS = ["permutation", "kind", "part", "metric", "value"]


def fit_all(embedder: Embedder, genetic: DistanceMatrix) -> Fit:
    """Hold out no taxon; as `fit_folds`, for a guided variant."""
    distances = in_bag_order(genetic, embedder.bags)
    return embedder.fit(distances, np.ones(len(distances), bool))


def fit_folds(
    embedder: Embedder, genetic: DistanceMatrix, folds: pd.DataFrame
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Hold out each fold of either kind in turn and fit to the others.

    Parameters
    ----------
    embedder
        Its taxa are those of `folds`. A `visgen.guidance.fine_tuning.FineTuner` does as well.
    genetic
        Distances, at least of these taxa.
    folds
        Index taxon; a column of fold numbers for each kind, null where left out.

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
    for kind in _kinds(folds):
        made = []
        for number, held_out, vectors, fit in _each_fold(embedder, distances, folds[kind]):
            made.append(cosine_distances_of(vectors).astype(np.float32))
            if fit is not None:
                rows.append({"kind": kind, "fold": number} | summarise(fit, ~held_out))
        visual[kind] = np.stack(made)
    return visual, pd.DataFrame(rows, columns=FIT_COLUMNS)


def refit_permuted(
    embedder: Embedder,
    genetic: DistanceMatrix,
    folds: pd.DataFrame,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Permute the bags among the taxa, fit and score again.

    Parameters
    ----------
    embedder, genetic, folds
        As in `fit_folds`.
    permutations
        How often.
    seed
        Of the permutations; the first ones stay the same when more are asked for.

    Returns
    -------
    DataFrame
        Columns `PERMUTED_COLUMNS`: every score of `visgen.held_out.scoring.score_folds`.
    """
    folds = folds.loc[list(embedder.bags.taxa)]
    distances = in_bag_order(genetic, embedder.bags)
    rng = np.random.default_rng(seed)
    rows = []
    for number in tqdm(range(1, permutations + 1), desc="permutations", mininterval=5):
        # Bag i takes the place in the tree, and so in the folds, of taxon order[i].
        order = rng.permutation(len(folds))
        moved, placed = distances[np.ix_(order, order)], folds.iloc[order]
        for kind in _kinds(folds):
            scores = score_folds(
                Fold(moved, cosine_distances_of(vectors), held_out)
                for _, held_out, vectors, _ in _each_fold(embedder, moved, placed[kind])
            )
            rows += [(number, kind, *key, value) for key, value in scores.items()]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def summarise(fit: Fit, known: np.ndarray) -> dict:
    """Return one row on a fit: losses before and after, beside those of constants."""
    before, after = fit.history.iloc[0], fit.history.iloc[fit.epoch]
    return {
        "n_known": int(known.sum()),
        "n_watched": len(fit.watched),
        "epoch": fit.epoch,
        "loss_before": before["loss"],
        "loss": after["loss"],
        "watched_loss_before": before["watched_loss"],
        "watched_loss": after["watched_loss"],
        "loss_of_zero": fit.constants.zero,
        "loss_of_constant": fit.constants.best,
    }


def _kinds(folds: pd.DataFrame) -> list[str]:
    return [kind for kind in KINDS if folds[kind].notna().all()]


def _each_fold(
    embedder: Embedder, distances: np.ndarray, fold: pd.Series
) -> Iterator[tuple[int, np.ndarray, np.ndarray, Fit | None]]:
    """Yield number of a fold, held-out taxa, vectors of all taxa, and the fit."""
    for number in range(1, int(fold.max()) + 1):
        held_out = (fold == number).to_numpy(bool)
        fit = embedder.fit(distances, ~held_out)
        yield number, held_out, embedder.vectors(fit, ~held_out), fit
