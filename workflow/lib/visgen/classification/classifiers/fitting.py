"""Fitting the members of a classifier to training images, one after the other."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from threadpoolctl import threadpool_limits

from visgen.classification.classifiers.convergence import catch_failures
from visgen.classification.classifiers.feature_steps import FeatureSteps
from visgen.classification.classifiers.methods import build_members, each_member
from visgen.classification.classifiers.options import BASELINE_METHODS, SUITABLE
from visgen.classification.classifiers.resampling import balance_training
from visgen.classification.classifiers.transforms import fit_scaler

log = logging.getLogger(__name__)

Told = TypeVar("Told")

_BLOCK = 1024  # rows at a time
_LARGE = 10**8  # multiplications from which linear algebra uses the threads that it has
_MEMBER = ("trees", "max_features", "min_samples_leaf", "C", "class_weight", "gamma", "neighbours")


class Fitting:
    """Training rows, balanced and transformed, to which the members of a classifier are fitted.

    Parameters
    ----------
    matrix, training, options, seed, threads
        As of `visgen.classification.classifiers.asking.fit_and_ask`.

    Attributes
    ----------
    method
        Of the options.
    rows
        What is trained on.
    present
        (n_present,) numbers of the taxa that are in training, sorted.
    steps
        Fitted; None of a baseline, which does not see the features.
    n_columns
        Number of columns after the steps; 1 of a baseline.
    n_members
        Number of members whose probabilities are averaged.
    reservations
        In words, what scores are to be read with; known when all members were fitted.

    Raises
    ------
    NoSpreadError
        If ``whiten`` is asked for, and no two training rows of a taxon differ.
    """

    def __init__(
        self,
        matrix: np.ndarray,
        training: pd.DataFrame,
        options: Mapping[str, Any],
        *,
        seed: int,
        threads: int,
    ):
        self.rows = balance_training(training, options["resample"], seed)
        taxon = pd.Series(training["taxon"].to_numpy(), training["position"])
        self._y = taxon.loc[self.rows.positions].to_numpy()
        self.present = np.unique(self._y)
        self.reservations: list[str] = []
        self.method, self._threads = options["method"], threads
        given = {key: options[key] for key in _MEMBER if key in options}
        self._members = build_members(self.method, seed=seed, **given)
        self.n_members = len(self._members)
        if self.method in BASELINE_METHODS:
            self.steps, self._x, self.n_columns = None, np.zeros((len(self._y), 1)), 1
            return
        x = matrix[self.rows.positions]
        if options["resample"] is not None and options["resample"]["with"] == "noise":
            _add_noise(x, self.rows.altered, options["resample"]["noise"], seed)
        transform = options["transform"]
        self.steps = FeatureSteps(
            SUITABLE.get(self.method, []) if transform is None else transform,
            options["best_features"],
            options["pca"],
            seed=seed,
            threads=threads,
        )
        self._x = self.steps.fit(x, self._y)
        self.n_columns = self._x.shape[1]

    def each(self, use: Callable[[ClassifierMixin], Told]) -> Iterator[Told]:
        """Yield what `use` makes of each fitted member, in their order.

        Raises
        ------
        NoSpreadError
            If a member needs the spread within taxa, and no two training rows of a taxon differ.
        """

        def fit(member: ClassifierMixin) -> tuple[Told, int]:
            # A copy is fitted, so that no tree outlives its use.
            fitted = clone(member, safe=False).fit(self._x, self._y)
            return use(fitted), int(np.max(getattr(fitted, "n_iter_", 0)))

        # Two threads waiting for each other over a small product take many times longer than one.
        limit = None if self._x.size * len(self.present) > _LARGE else 1
        with threadpool_limits(limit), catch_failures() as failures:
            # Taxa are numbers on purpose, however many of them there are.
            warnings.filterwarnings("ignore", message="The number of unique classes is greater")
            for told, n_steps in each_member(self._members, fit, threads=self._threads):
                steps_taken = n_steps
                yield told
        if failures:
            log.warning("%s: %s", self.method, failures[0])
            self.reservations.append(
                f"{self.method} did not converge in {steps_taken} steps: its scores stand, but "
                "could be better"
            )


def _add_noise(x: np.ndarray, noisy: np.ndarray, scale: float, seed: int) -> None:
    """Add Gaussian noise to some rows in place, in standard deviations of each feature."""
    rng = np.random.default_rng(seed)
    deviation = (scale * np.sqrt(fit_scaler(x, with_std=True).var_)).astype(np.float32)
    rows = np.flatnonzero(noisy)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        x[block] += deviation * rng.standard_normal((len(block), x.shape[1]), np.float32)
