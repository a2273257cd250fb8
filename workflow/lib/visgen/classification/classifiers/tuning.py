"""Choosing a classifier's options by cross-validation inside the training part."""

import logging
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from visgen.classification.classifiers.fitting import fit_and_ask
from visgen.features.within_covariance import NoSpreadError

log = logging.getLogger(__name__)

TUNING_COLUMNS = ["seed", "rank", "options", "balanced_accuracy", "n_specimens", "chosen"]


def choose_options(
    matrix: np.ndarray,
    training: pd.DataFrame,
    n_taxa: int,
    options: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Try every combination of ``tune.grid`` and return the best.

    The inner half of a nested cross-validation: folds hold whole specimens of the training part,
    resampling and transforms happen inside each, and the test part is not seen.

    Parameters
    ----------
    matrix, n_taxa, options, seed, threads
        As in `visgen.classification.classifiers.fitting.fit_and_ask`.
    training
        As there, with the column specimen.

    Returns
    -------
    options
        With the best values; of equals the first of the grid.
    trials
        Options (as text), balanced_accuracy (mean recall of the taxa over all folds, clean
        images only), n_specimens, chosen. Empty without a grid.

    Raises
    ------
    NoSpreadError
        If the spread within taxa is needed, and no two rows of a taxon differ in a fold.
    """
    grid = options["tune"]["grid"]
    if not grid:
        return dict(options), []
    fold = _folds(training, options["tune"]["folds"], seed)
    trials = []
    for values in product(*grid.values()):
        choice = dict(zip(grid, values, strict=True))
        recall = _cross_validated(
            matrix, training, fold, n_taxa, {**options, **choice}, seed=seed, threads=threads
        )
        trials.append((choice, recall))
        log.info("%s: balanced accuracy %.4f", _in_words(choice), recall)
    best = max(range(len(trials)), key=lambda i: trials[i][1])
    n_specimens = training["specimen"].nunique()
    table = [
        {
            "options": _in_words(choice),
            "balanced_accuracy": recall,
            "n_specimens": n_specimens,
            "chosen": i == best,
        }
        for i, (choice, recall) in enumerate(trials)
    ]
    return {**options, **trials[best][0]}, table


def _folds(training: pd.DataFrame, n_folds: int, seed: int) -> np.ndarray:
    """Return the fold of each row: whole specimens, those of a taxon dealt in turn."""
    specimens = training.drop_duplicates("specimen")
    shuffled = specimens.iloc[np.random.default_rng(seed).permutation(len(specimens))]
    dealt = shuffled.sort_values("taxon", kind="stable")["specimen"]
    fold = pd.Series(np.arange(len(dealt)) % n_folds, dealt.to_numpy())
    return fold.loc[training["specimen"]].to_numpy()


def _cross_validated(
    matrix: np.ndarray,
    training: pd.DataFrame,
    fold: np.ndarray,
    n_taxa: int,
    options: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
) -> float:
    """Return the mean recall of the taxa over the clean images of all folds."""
    truth, predicted = [], []
    for inner, held_out in _parts(training, fold):
        if inner["taxon"].nunique() < 2 or held_out.empty:
            continue
        asked = held_out["position"].to_numpy()
        try:
            answers = fit_and_ask(matrix, inner, asked, n_taxa, options, seed=seed, threads=threads)
        except NoSpreadError as error:
            raise NoSpreadError(f"in a fold of tune {error}") from error
        truth.append(held_out["taxon"].to_numpy())
        predicted.append(answers.predicted)
    if not truth:
        return float("nan")
    truth, predicted = np.concatenate(truth), np.concatenate(predicted)
    n = np.bincount(truth, minlength=n_taxa)
    right = np.bincount(truth[truth == predicted], minlength=n_taxa)
    return float(np.mean(right[n > 0] / n[n > 0]))


def _parts(training: pd.DataFrame, fold: np.ndarray) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    for i in np.unique(fold):
        held_out = training[(fold == i) & (training["repeat"] == 0)]
        yield training[fold != i], held_out


def _in_words(choice: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in choice.items())
