"""Training a classifier on some images and asking it about others."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin

from visgen.classification.classifiers.fitting import Fitting
from visgen.classification.classifiers.importances import Importances
from visgen.classification.classifiers.resampling import TrainingRows
from visgen.classification.trained import IMPORTANCE_COLUMNS

_BLOCK = 1024  # images asked about at a time


class Answers(NamedTuple):
    """What a classifier says of images.

    Attributes
    ----------
    probabilities
        (n_images, n_taxa) float32.
    predicted
        (n_images,) numbers of taxa.
    rows
        What it was trained on.
    importances
        As `visgen.classification.classifiers.importances.Importances.table` returns them; no
        rows of methods that are not trees.
    reservations
        In words, what its scores are to be read with.
    """

    probabilities: np.ndarray
    predicted: np.ndarray
    rows: TrainingRows
    importances: pd.DataFrame
    reservations: list[str]


def fit_and_ask(
    matrix: np.ndarray,
    training: pd.DataFrame,
    asked: np.ndarray,
    n_taxa: int,
    options: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
) -> Answers:
    """Balance, transform, train, and predict.

    Parameters
    ----------
    matrix
        (n, n_features) float32, every image and repeat; left as it is.
    training
        The rows to train on, as in
        `visgen.classification.classifiers.resampling.resample_training`.
    asked
        Rows of the matrix to predict.
    n_taxa
        Number of taxa; a taxon that `training` lacks gets the probability 0.
    options
        A classifier of the config, as its schema describes it.
    seed
        Of everything random.
    threads
        Threads that grow trees. Linear algebra keeps to those that it was given before. The result
        does not depend on it.

    Returns
    -------
    Answers
        Of equal probabilities the taxon of the smaller number is predicted; a baseline draws
        its own.

    Raises
    ------
    NoSpreadError
        If the spread within taxa is needed and no two training rows of a taxon differ.
    """
    fitting = Fitting(matrix, training, options, seed=seed, threads=threads)
    present = fitting.present
    if fitting.steps is None:
        (baseline,) = fitting.each(lambda fitted: fitted)
        nothing = np.zeros((len(asked), 1))
        probabilities = _spread(baseline.predict_proba(nothing), present, n_taxa)
        none = pd.DataFrame(columns=IMPORTANCE_COLUMNS[2:])
        return Answers(probabilities, baseline.predict(nothing), fitting.rows, none, [])

    def ask(fitted: ClassifierMixin) -> tuple[np.ndarray, np.ndarray | None]:
        """Return (n_images, n_present) probabilities, and (n_columns,) importances of a tree."""
        answers = [
            fitted.predict_proba(fitting.steps.apply(matrix[asked[start : start + _BLOCK]]))
            for start in range(0, len(asked), _BLOCK)
        ]
        probabilities = np.concatenate(answers) if answers else np.empty((0, len(present)))
        return probabilities, getattr(fitted, "feature_importances_", None)

    total = np.zeros((len(asked), len(present)))
    importances = Importances(*fitting.steps.columns(fitting.n_columns))
    for probabilities, of_tree in fitting.each(ask):
        total += probabilities
        if of_tree is not None:
            importances.add(of_tree)
    probabilities = _spread(total / fitting.n_members, present, n_taxa)
    return Answers(
        probabilities,
        probabilities.argmax(axis=1),
        fitting.rows,
        importances.table(),
        fitting.reservations,
    )


def _spread(probabilities: np.ndarray, present: Sequence[int], n_taxa: int) -> np.ndarray:
    """Return probabilities with a column for every taxon, (n_images, n_taxa) float32."""
    if len(present) == n_taxa:
        return probabilities.astype(np.float32)
    spread = np.zeros((len(probabilities), n_taxa), np.float32)
    spread[:, present] = probabilities
    return spread
