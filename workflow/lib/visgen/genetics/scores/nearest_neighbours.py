"""Whether the nearest other sequence is of the same taxon (leave one out)."""

from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.bootstrap import rescaled_weights
from visgen.genetics.vectors.files import SequenceVectors
from visgen.metrics import EXPECTED
from visgen.shares import wilson

_BLOCK = 2**23  # similarities, or values of vectors, at a time: 64 MiB
_TIED = 1e-12  # cosines closer than this are equal: rounding must not break ties
_SAMPLES = 100  # bootstrap samples at a time


class NearestNeighbours(NamedTuple):
    """Sequences of taxa with at least two of them, and who stands next to them."""

    taxon: np.ndarray  # (n_sequences,) number of the taxon
    right: np.ndarray  # (n_sequences,) share of the nearest sequences that are of this taxon


def unit_vectors(vectors: SequenceVectors) -> np.ndarray:
    """Return the vectors scaled to unit length, (n_sequences, n_features).

    Raises
    ------
    ValueError
        If a vector is zero; it names the sequence.
    """
    lengths = np.linalg.norm(vectors.values, axis=1)
    if not lengths.all():
        raise ValueError(
            f"sequence {str(vectors.names[np.argmin(lengths)])!r}: its vector is zero and has no "
            "cosine; refuse such sequences by the config keys genetics.filters.min_length or "
            "max_ambiguous, or take shorter words in genetics.kmers or genetics.sgt"
        )
    return vectors.values / lengths[:, None]


def nearest_neighbours(unit: np.ndarray, taxon: np.ndarray, kept: np.ndarray) -> NearestNeighbours:
    """Find the nearest other sequence by cosine distance.

    Parameters
    ----------
    unit
        (n_sequences, n_features), rows of unit length.
    taxon
        (n_sequences,) number of the taxon of each.
    kept
        (n_kept,) positions of the sequences that count; the others are left where they are,
        since a matrix without them would be a second one.

    Returns
    -------
    NearestNeighbours
        In the order of `kept`, without sequences that are alone in their taxon: these cannot be
        right, but they can be the neighbours of others. Several may be equally near, as where
        taxa share a sequence; then `right` is a fraction.
    """
    asked = kept[np.bincount(taxon[kept])[taxon[kept]] > 1]
    others = np.ones(len(unit), dtype=bool)
    others[kept] = False
    right = np.empty(len(asked))
    rows = max(1, _BLOCK // max(unit.shape))
    for start in range(0, len(asked), rows):  # in blocks: no matrix of all pairs
        block = asked[start : start + rows]
        similar = unit[block] @ unit.T  # (n_rows, n_sequences)
        similar[np.arange(len(block)), block] = -np.inf
        similar[:, others] = -np.inf
        nearest = similar >= similar.max(axis=1, keepdims=True) - _TIED
        same = nearest & (taxon[block, None] == taxon)
        right[start : start + rows] = same.sum(axis=1) / nearest.sum(axis=1)
    return NearestNeighbours(taxon[asked], right)


def score_neighbours(vectors: SequenceVectors, *, bootstraps: int, seed: int) -> list[dict]:
    """Score how well vectors of sequences tell taxa apart.

    Parameters
    ----------
    vectors
        Of the sequences.
    bootstraps
        Samples of sequences within taxa, for the interval of the balanced accuracy.
    seed
        Of the samples.

    Returns
    -------
    list of dict
        Evaluator, metric, value, ci_low, ci_high, n (sequences), part. Evaluators:
        loo_nearest_neighbour; loo_nearest_neighbour_distinct, where equal vectors of a taxon
        count once, since a copy of a sequence finds itself. Metrics: accuracy (share of
        sequences; Wilson's interval, as if sequences were independent) and balanced_accuracy
        (mean over taxa; rescaled bootstrap; no interval where all samples are equal). Beside
        each its null permuted_labels, what is expected of names dealt at random. Nothing where
        no taxon has two sequences.

    Raises
    ------
    ValueError
        If a vector is zero.
    """
    taxon = pd.factorize(vectors.taxa, sort=True)[0]
    unit, distinct = unit_vectors(vectors), _distinct(vectors.values, taxon)
    rows = []
    for suffix, kept in (("", np.arange(len(taxon))), ("_distinct", distinct)):
        if np.bincount(taxon[kept]).max() < 2:
            continue
        found = nearest_neighbours(unit, taxon, kept)
        shared = {"evaluator": f"loo_nearest_neighbour{suffix}", "part": "sequences"}
        shared |= {"n": len(found.taxon)}
        rows += [shared | row for row in _scores(found, bootstraps, seed)]
        rows += [shared | row for row in _expected(taxon[kept])]
    return rows


def expected_accuracies(taxon: np.ndarray) -> tuple[float, float]:
    """Return accuracy and balanced accuracy expected of labels in random order.

    Whatever the neighbour of a sequence of a taxon with m of the n sequences is, it has the
    same label with probability (m − 1) / (n − 1).

    Parameters
    ----------
    taxon
        (n_sequences,) number of the taxon of each, sequences alone in their taxon included.

    Returns
    -------
    accuracy, balanced_accuracy
        Over the taxa with at least two sequences.
    """
    sizes = np.bincount(taxon)
    sizes = sizes[sizes > 1]
    chance = (sizes - 1) / (len(taxon) - 1)
    return float(np.average(chance, weights=sizes)), float(chance.mean())


def _distinct(values: np.ndarray, taxon: np.ndarray) -> np.ndarray:
    """Return the positions of the first of each group of equal vectors of a taxon, in order."""
    first: dict[tuple[int, bytes], int] = {}
    for place, (own, row) in enumerate(zip(taxon.tolist(), values, strict=True)):
        digest = sha256((row + 0.0).tobytes()).digest()  # the sum leaves no negative zeros
        first.setdefault((own, digest), place)
    return np.array(list(first.values()), dtype=int)


def _scores(found: NearestNeighbours, bootstraps: int, seed: int) -> list[dict]:
    taxon = pd.factorize(found.taxon, sort=True)[0]
    sizes = np.bincount(taxon)
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, bootstraps, _SAMPLES):  # in blocks, to bound memory
        weights = rescaled_weights(taxon, min(_SAMPLES, bootstraps - start), rng)
        # Weights of a taxon sum to its size, so each sequence brings 1 / (size · n_taxa).
        drawn.extend(weights @ (found.right / sizes[taxon]) / len(sizes))
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (np.nan, np.nan)
    if high - low < _TIED:  # all right, or all wrong: there is no spread to see
        low, high = np.nan, np.nan
    accuracy = float(found.right.mean())
    balanced = float((np.bincount(taxon, found.right) / sizes).mean())
    intervals = wilson(accuracy, len(taxon)), (float(low), float(high))
    return [
        {"metric": metric, "value": value, "ci_low": ci_low, "ci_high": ci_high}
        for metric, value, (ci_low, ci_high) in zip(
            ("accuracy", "balanced_accuracy"), (accuracy, balanced), intervals, strict=True
        )
    ]


def _expected(taxon: np.ndarray) -> list[dict]:
    null = {"role": EXPECTED, "against": "permuted_labels"}
    metrics = ("accuracy", "balanced_accuracy")
    return [
        null | {"metric": metric, "value": value}
        for metric, value in zip(metrics, expected_accuracies(taxon), strict=True)
    ]
