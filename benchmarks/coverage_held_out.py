"""Intervals of held-out scores of ridge and of its gains, of simulated looks."""

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import pandas as pd
from coverage_studies import World
from visgen.embedding.folds import KINDS, deal_folds
from visgen.embedding.held_out.files import PERMUTED_COLUMNS
from visgen.embedding.held_out.fresh_looks import (
    SCORED,
    fresh_limits,
    gain_limits,
    score_fresh,
    unguided_folds,
)
from visgen.embedding.held_out.scoring import Fold, moments, pooled
from visgen.embedding.ridge.fitting import fit_ridge
from visgen.embedding.ridge.held_out import place_folds
from visgen.embedding.ridge.kernels import gram_matrices
from visgen.signal.new_specimens import Looks

N_FOLDS = 5
#: Around the middle of what ridge chooses from by default, few so that a fit takes little.
OPTIONS = {
    "powers": [1, 4],
    "axes": [8],
    "penalties": [0.1, 1],
    "residuals": [0.4, 0],
    "criterion": "both",
}
_WORDS = {
    ("held_out_known", "pearson_double_centred"): "held-out with known, centred",
    ("held_out_held_out", "pearson"): "among held-out",
}


class Statistic(NamedTuple):
    """A score of a kind of held-out taxa, or its gain over unguided vectors."""

    kind: str
    key: tuple[str, str]
    is_gain: bool

    def __str__(self) -> str:
        return f"{self.kind}, {_WORDS[self.key]}: {'gain' if self.is_gain else 'r'}"


class HeldOut:
    """Ridge and unguided vectors of the taxa of a world, taxa held out."""

    #: Fresh looks at each signal: those of 39 refits or fewer, and of 99.
    draws = (8, 20)
    truths = 600

    def __init__(self, here: World):
        self.distances = here.genetic.data
        folds, omitted = deal_folds(here.genetic, here.genetic.ids, here.groups, N_FOLDS, 1)
        if len(omitted):
            raise ValueError(f"{here.name}: {omitted['reason'].iloc[0]}")
        self.folds = folds.loc[list(here.genetic.ids)]
        self.tree = place_folds(self.distances, self.folds, OPTIONS, 1)

    def fit(self, vectors: np.ndarray) -> dict[str, dict[str, list[Fold]]]:
        """Return folds by kind of ridge (``own``) and of ``unguided`` vectors, (n_taxa, n_axes)."""
        grams = {"all": gram_matrices(vectors, [vectors.shape[1]])}
        own = {
            kind: [
                Fold(
                    self.distances,
                    fit_ridge(grams, known, OPTIONS).distances,
                    (self.folds[kind] == number).to_numpy(bool),
                )
                for number, known in enumerate(of_kind, start=1)
            ]
            for kind, of_kind in self.tree.known.items()
        }
        unguided = unguided_folds(vectors, self.distances, self.folds, KINDS, True)
        return {"own": own, "unguided": unguided}

    def scores(self, vectors: np.ndarray) -> dict[Hashable, float]:
        """Return scores and gains by `Statistic`."""
        fits, found = self.fit(vectors), {}
        for kind in KINDS:
            for key in _WORDS:
                own, unguided = (
                    pooled(moments(fold, *key) for fold in fits[which][kind])
                    for which in ("own", "unguided")
                )
                found[Statistic(kind, key, False)] = own
                found[Statistic(kind, key, True)] = own - unguided
        return found

    def limits(
        self, vectors: np.ndarray, looks: Looks, seed: int
    ) -> dict[tuple[Hashable, int], tuple[float, float]]:
        """Return limits by `Statistic` and number of draws, those of fewer being the first ones."""
        scores, limits = self.scores(vectors), {}
        rows = score_fresh(looks, self.fit, draws=max(self.draws), seed=seed)
        fresh = pd.DataFrame(rows, columns=PERMUTED_COLUMNS)
        for draws in self.draws:
            for kind in KINDS:
                some = fresh[(fresh["kind"] == kind) & (fresh["permutation"] <= draws)]
                own = {key: scores.get(Statistic(kind, key, False), np.nan) for key in SCORED}
                of_scores = fresh_limits(some, own)
                for key in _WORDS:
                    score, gain = (Statistic(kind, key, is_gain) for is_gain in (False, True))
                    limits[score, draws] = of_scores.get(key, (np.nan, np.nan))
                    limits[gain, draws] = gain_limits(some, key, own[key], scores[gain])
        return limits
