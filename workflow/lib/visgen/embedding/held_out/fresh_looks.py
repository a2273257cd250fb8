"""Held-out scores of fresh looks of the same taxa: how much scores vary, and gains with them.

Looks evolve anew on the tree and are photographed anew (`visgen.signal.fresh_traits`), everything
is fitted and scored again, and the interval of a score is of what it would be on average.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil

import numpy as np
import pandas as pd

from visgen.distances.matrices import cosine_square
from visgen.embedding.held_out.scoring import Fold, moments, pooled
from visgen.embedding.held_out.within import WITHIN, score_within, step_groups
from visgen.embedding.redrawn import pooled_from
from visgen.signal.expectation import SIGNALS, expected_interval, power, reach
from visgen.signal.new_specimens import Looks, looks_of, redrawn_vectors

#: Null in the tables of refits: fresh looks at each signal, and what unguided vectors of the same
#: looks score.
FRESH = {signal: f"fresh_looks_{signal:g}" for signal in SIGNALS}
FRESH_UNGUIDED = {signal: f"{name}_unguided" for signal, name in FRESH.items()}
#: Scores of any fresh looks; those of the steps in `WITHIN` come to them where they are asked.
SCORED = (
    ("held_out_held_out", "pearson"),
    ("held_out_known", "pearson"),
    ("held_out_known", "pearson_double_centred"),
)
_FEWEST = 8  # draws at a signal

#: From vectors (n_taxa, n_axes) to folds by kind of held-out taxa, by name of a null.
Fitter = Callable[[np.ndarray], Mapping[str, Mapping[str, Sequence[Fold]]]]


def draws_of(refits: int) -> int:
    """Return the fresh looks at each signal that go with a number of refits; none without."""
    return max(ceil(refits / len(SIGNALS)), _FEWEST) if refits else 0


def pooled_looks(
    features: pd.DataFrame,
    taxa: pd.Series,
    specimens: pd.Series,
    views: pd.Series | None,
    pooling: str,
    distances: np.ndarray,
    seed: int,
) -> Looks:
    """Return what fresh looks are drawn from.

    Parameters
    ----------
    features
        (n_images, n_features), index 0, 1, ...
    taxa, specimens, views
        Of each image, same index; views None where they are not joined.
    pooling
        One of `visgen.embedding.options.FIXED_POOLINGS` but random.
    distances
        (n_taxa, n_taxa), along the tree, taxa sorted by name.
    seed
        Of specimens drawn anew.
    """
    embed = pooled_from(features, taxa, views, pooling, seed)
    again = redrawn_vectors(embed, taxa, specimens, views, seed=seed)
    vectors = embed(np.arange(len(taxa))).to_numpy(float)
    n_specimens = specimens.groupby(taxa).nunique().sort_index().to_numpy(float)
    return looks_of(distances, vectors, [one.to_numpy(float) for one in again], n_specimens)


def score_fresh(looks: Looks, fit: Fitter, *, draws: int, seed: int) -> list[tuple]:
    """Draw fresh looks at every signal, fit and score them.

    Parameters
    ----------
    looks
        What they are drawn from.
    fit
        Makes folds of vectors, by ``own`` and, where there is guidance, ``unguided``.
    draws
        At each signal.
    seed
        Of the draws.

    Returns
    -------
    list of tuple
        Null, number of the draw, kind, part, metric and value.
    """
    rng = np.random.default_rng([seed, 10])
    rows = []
    for signal in SIGNALS if draws else ():
        root = looks.traits.trait_root(signal)
        names = {"own": FRESH[signal], "unguided": FRESH_UNGUIDED[signal]}
        for number in range(1, draws + 1):
            for which, kinds in fit(looks.draw(signal, root, rng)).items():
                rows += [(names[which], number, *row) for row in _scores(kinds)]
    return rows


def unguided_folds(
    vectors: np.ndarray,
    distances: np.ndarray,
    folds: pd.DataFrame,
    kinds: Sequence[str],
    centred: bool,
) -> dict[str, list[Fold]]:
    """Return the folds of vectors that no guidance changes.

    Parameters
    ----------
    vectors
        (n_taxa, n_axes).
    distances
        (n_taxa, n_taxa), along the tree.
    folds
        A column of fold numbers for each kind; group_number and coarsest_number, of the groups
        of steps.
    kinds
        Of `folds`.
    centred
        Whether the mean of known taxa is subtracted.
    """
    made, groups = {}, step_groups(folds)
    for kind in kinds:
        made[kind] = []
        for number in range(1, int(folds[kind].max()) + 1):
            held_out = (folds[kind] == number).to_numpy(bool)
            shown = vectors - vectors[~held_out].mean(axis=0) if centred else vectors
            made[kind].append(Fold(distances, cosine_square(shown), held_out, groups))
    return made


def fresh_limits(
    permuted: pd.DataFrame, scores: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return 95 % limits of what scores are on average over fresh looks, by part and metric.

    Parameters
    ----------
    permuted
        Of one kind of held-out taxa: columns null, permutation, part, metric, value.
    scores
        Of the study, by part and metric.

    Returns
    -------
    dict
        Of those in `SCORED` and `WITHIN` that have fresh looks.
    """
    limits = {}
    for key in _scored(scores):
        fresh = _matrix(permuted, FRESH, key)
        if fresh is not None:
            low, high = expected_interval(fresh, scores[key])
            if np.isfinite(low):
                limits[key] = (low, high)
    return limits


def fresh_power(
    permuted: pd.DataFrame, scores: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """Return how often wholly inherited look would be seen by each score, by part and metric.

    Parameters
    ----------
    permuted, scores
        As in `fresh_limits`.

    Returns
    -------
    dict
        `visgen.signal.expectation.power`, of those in `SCORED` and `WITHIN` that have fresh looks.
    """
    found = {key: _matrix(permuted, FRESH, key) for key in _scored(scores)}
    told = {key: power(fresh) for key, fresh in found.items() if fresh is not None}
    return {key: value for key, value in told.items() if np.isfinite(value)}


def gain_limits(
    permuted: pd.DataFrame, key: tuple[str, str], score: float, gain: float
) -> tuple[float, float]:
    """Return 95 % limits of a gain over unguided vectors.

    As far to both sides as gains reach in fresh looks whose score is on average that of the study.

    Parameters
    ----------
    permuted
        As in `fresh_limits`.
    key
        Part and metric.
    score, gain
        Of the study.

    Returns
    -------
    low, high
        NaN without fresh looks.
    """
    own, unguided = (_matrix(permuted, names, key) for names in (FRESH, FRESH_UNGUIDED))
    if own is None or unguided is None:
        return np.nan, np.nan
    means, sds = own.mean(axis=1), (own - unguided).std(axis=1, ddof=1)
    if not (np.isfinite(means).all() and np.isfinite(sds).all() and sds.all()):
        return np.nan, np.nan
    (half,) = reach(means, sds, own.shape[1])(np.array([score]))
    return float(gain - half), float(gain + half)


def _matrix(
    permuted: pd.DataFrame, names: Mapping[float, str], key: tuple[str, str]
) -> np.ndarray | None:
    """Return (n_signals, draws) of one score; None where there are no fresh looks."""
    part, metric = key
    here = permuted[(permuted["part"] == part) & (permuted["metric"] == metric)]
    of_signals = [
        here[here["null"] == name].sort_values("permutation")["value"].to_numpy(float)
        for name in names.values()
    ]
    return np.stack(of_signals) if len(of_signals[0]) else None


def _scored(scores: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [key for key in (*SCORED, *WITHIN.values()) if key in scores]


def _scores(kinds: Mapping[str, Sequence[Fold]]) -> Iterator[tuple[str, str, str, float]]:
    for kind, folds in kinds.items():
        for part, metric in SCORED:
            yield kind, part, metric, pooled(moments(fold, part, metric) for fold in folds)
        for step, groups in folds[0].groups.items():
            value = score_within(folds, groups)
            if not np.isnan(value):  # else these folds have no pair within groups
                yield kind, *WITHIN[step], value
