"""Training a classifier on some images and asking it about others."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from visgen.classification.classifiers.convergence import catch_failures
from visgen.classification.classifiers.importances import IMPORTANCE_COLUMNS, Importances
from visgen.classification.classifiers.methods import build_members, each_member
from visgen.classification.classifiers.options import BASELINE_METHODS, SUITABLE
from visgen.classification.classifiers.resampling import TrainingRows, resample_training
from visgen.classification.classifiers.transforms import FeatureSteps, fit_scaler

log = logging.getLogger(__name__)

_BLOCK = 1024  # images asked about at a time
_LARGE = 10**8  # multiplications from which linear algebra uses the threads that it has
_MEMBER = ("trees", "max_features", "min_samples_leaf", "C", "class_weight", "gamma", "neighbours")


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


class _Told(NamedTuple):
    """What one member says: (n_images, n_taxa), (n_features,) of a tree, steps of its fit."""

    probabilities: np.ndarray
    importances: np.ndarray | None
    n_steps: int


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
    rows = _balanced(training, options["resample"], seed)
    taxon = pd.Series(training["taxon"].to_numpy(), training["position"]).loc[rows.positions]
    y = taxon.to_numpy()
    present = np.unique(y)
    members = build_members(
        options["method"], seed=seed, **{key: options[key] for key in _MEMBER if key in options}
    )
    if options["method"] in BASELINE_METHODS:
        nothing = np.zeros((len(asked), 1))
        baseline = members[0].fit(np.zeros((len(y), 1)), y)
        probabilities = _spread(baseline.predict_proba(nothing), present, n_taxa)
        none = pd.DataFrame(columns=IMPORTANCE_COLUMNS[2:])
        return Answers(probabilities, baseline.predict(nothing), rows, none, [])
    x = matrix[rows.positions]
    if options["resample"] is not None and options["resample"]["with"] == "noise":
        _add_noise(x, rows.altered, options["resample"]["noise"], seed)
    transform = options["transform"]
    steps = FeatureSteps(
        SUITABLE.get(options["method"], []) if transform is None else transform,
        options["best_features"],
        options["pca"],
        seed=seed,
        threads=threads,
    )
    x = steps.fit(x, y)

    def ask(member: Any) -> _Told:
        # A copy is fitted, so that no tree outlives its answers.
        fitted = clone(member, safe=False).fit(x, y)
        answers = [
            fitted.predict_proba(steps.apply(matrix[asked[start : start + _BLOCK]]))
            for start in range(0, len(asked), _BLOCK)
        ]
        return _Told(
            np.concatenate(answers) if answers else np.empty((0, len(present))),
            getattr(fitted, "feature_importances_", None),
            int(np.max(getattr(fitted, "n_iter_", 0))),
        )

    total = np.zeros((len(asked), len(present)))
    importances = Importances(*steps.columns(x.shape[1]))
    # Two threads waiting for each other over a small product take many times longer than one.
    limit = None if x.size * len(present) > _LARGE else 1
    with threadpool_limits(limit), catch_failures() as failures:
        # Taxa are numbers on purpose, however many of them there are.
        warnings.filterwarnings("ignore", message="The number of unique classes is greater")
        for told in each_member(members, ask, threads=threads):
            total += told.probabilities
            if told.importances is not None:
                importances.add(told.importances)
    reservations = []
    if failures:
        log.warning("%s: %s", options["method"], failures[0])
        reservations.append(
            f"{options['method']} did not converge in {told.n_steps} steps: its scores stand, but "
            "could be better"
        )
    probabilities = _spread(total / len(members), present, n_taxa)
    predicted = probabilities.argmax(axis=1)
    return Answers(probabilities, predicted, rows, importances.table(), reservations)


def _balanced(
    training: pd.DataFrame, resample: Mapping[str, Any] | None, seed: int
) -> TrainingRows:
    if resample is None:
        return TrainingRows(training["position"].to_numpy(), training["repeat"].to_numpy() > 0)
    return resample_training(
        training,
        resample["method"],
        resample["to"],
        reduce_first=resample["reduce_first"],
        source=resample["with"],
        augment=resample["augment"],
        seed=seed,
    )


def _add_noise(x: np.ndarray, noisy: np.ndarray, scale: float, seed: int) -> None:
    """Add Gaussian noise to some rows in place, in standard deviations of each feature."""
    rng = np.random.default_rng(seed)
    deviation = (scale * np.sqrt(fit_scaler(x, with_std=True).var_)).astype(np.float32)
    rows = np.flatnonzero(noisy)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        x[block] += deviation * rng.standard_normal((len(block), x.shape[1]), np.float32)


def _spread(probabilities: np.ndarray, present: Sequence[int], n_taxa: int) -> np.ndarray:
    """Return probabilities with a column for every taxon, (n_images, n_taxa) float32."""
    if len(present) == n_taxa:
        return probabilities.astype(np.float32)
    spread = np.zeros((len(probabilities), n_taxa), np.float32)
    spread[:, present] = probabilities
    return spread
