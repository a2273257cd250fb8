"""Choosing a classifier's options by cross-validation inside the training part."""

import logging
from collections.abc import Iterator, Mapping
from itertools import product
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from visgen.classification.classifiers.asking import fit_and_ask
from visgen.features.within_covariance import NoSpreadError

log = logging.getLogger(__name__)

#: Of successive halving: one of so many combinations goes on, with so many times as much.
_FACTOR = 3


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

    With ``tune.halving`` they are tried in rounds, by successive halving (Jamieson & Talwalkar
    2016): the best third, at least one, goes on to a round with three times as much of what is
    named, up to a third of all there is. Four combinations cost 28 % of as many full trials, nine
    22 %. This is not scikit-learn's ``HalvingGridSearchCV``, which draws images without regard to
    specimens, ends on a round with everything, and averages scores of folds.

    Parameters
    ----------
    matrix, n_taxa, options, seed, threads
        As in `visgen.classification.classifiers.asking.fit_and_ask`.
    training
        As there, with the column specimen.

    Returns
    -------
    options
        With the best values; of equals the first of the grid.
    trials
        Options (as text), balanced_accuracy (mean recall of the taxa over all folds, clean
        images only), n_specimens, chosen; with halving a row for each round that a combination was
        in, chosen in the last. Empty without a grid.

    Raises
    ------
    NoSpreadError
        If the spread within taxa is needed, and no two rows of a taxon differ in a fold.
    """
    grid, halving = options["tune"]["grid"], options["tune"]["halving"]
    if not grid:
        return dict(options), []
    choices = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    table: list[dict[str, Any]] = []
    for share in _shares(len(choices)) if halving else [1.0]:
        part = _part_of(training, share, seed) if halving == "specimens" else training
        fewer = {"trees": ceil(share * options["trees"])} if halving == "trees" else {}
        fold = _folds(part, options["tune"]["folds"], seed)
        trials = []
        for choice in choices:
            tried = {**options, **choice, **fewer}
            recall = _cross_validated(matrix, part, fold, n_taxa, tried, seed=seed, threads=threads)
            log.info("%s: balanced accuracy %.4f", _in_words(choice | fewer), recall)
            trials.append(
                {
                    "options": _in_words(choice | fewer),
                    "balanced_accuracy": recall,
                    "n_specimens": part["specimen"].nunique(),
                    "chosen": False,
                }
            )
        recalls = np.nan_to_num([trial["balanced_accuracy"] for trial in trials], nan=-1)
        order = np.argsort(-recalls, kind="stable")
        table += trials
        best, chosen = trials[order[0]], choices[order[0]]
        choices = [choices[i] for i in sorted(order[: ceil(len(choices) / _FACTOR)])]
    best["chosen"] = True
    return {**options, **chosen}, table


def _shares(n_choices: int) -> list[float]:
    """Return which share each round has, until one combination is left; the next would have all.

    >>> [round(share, 3) for share in _shares(4)]
    [0.111, 0.333]
    """
    n_rounds = 0
    while n_choices > 1:
        n_choices, n_rounds = ceil(n_choices / _FACTOR), n_rounds + 1
    return [1 / _FACTOR**left for left in range(max(n_rounds, 1), 0, -1)]


def _part_of(training: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Return the rows of a share of each taxon's specimens, of two where it has as many.

    A larger share has the specimens of a smaller one too.
    """
    specimens = training.drop_duplicates("specimen")
    rng = np.random.default_rng([seed, 1])
    by_taxon = specimens.iloc[rng.permutation(len(specimens))].groupby("taxon")["specimen"]
    place, n = by_taxon.cumcount(), by_taxon.transform("size")
    kept = specimens.loc[place.index[place < np.ceil(share * n).clip(lower=2)], "specimen"]
    return training[training["specimen"].isin(kept)]


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
