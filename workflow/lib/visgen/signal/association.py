"""How much look follows descent: correlations of distances with intervals, and their power."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.distances.correlations import correlations
from visgen.metrics import EXPECTED
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.expectation import expected_interval, fresh_statistics, power
from visgen.signal.new_specimens import looks_of

#: Null: look that is wholly inherited, by Brownian motion.
BROWNIAN = "brownian_motion"
#: Evaluator of r with the interval that new specimens of the same taxa give.
NEW_SPECIMENS = "new_specimens"
#: Metric: how often wholly inherited look would be told from look that is not inherited at all.
POWER = "power"
_Z_95 = 1.959963984540054


class Redrawn(NamedTuple):
    """Vectors of taxa, and the same by specimens drawn anew.

    Attributes
    ----------
    vectors
        (n_taxa, n_features), index taxon, before the mean over taxa is subtracted.
    again
        The same by specimens drawn anew (`visgen.signal.new_specimens.redrawn_vectors`).
    n_specimens
        Index taxon.
    centred
        Whether distances are taken after the mean over taxa is subtracted.
    """

    vectors: pd.DataFrame
    again: Sequence[pd.DataFrame]
    n_specimens: pd.Series
    centred: bool


def add_intervals(
    rows: Sequence[Mapping[str, Any]],
    genetic: DistanceMatrix,
    redrawn: Redrawn,
    groups: Mapping[str, pd.Series],
    seed: int,
) -> list[dict[str, Any]]:
    """Give correlations of distances the interval of their expectation over fresh looks.

    Parameters
    ----------
    rows
        Evaluator, metric, part and value, as `visgen.distances.agreement.score_agreement` makes
        them; those of evaluators ``mantel`` and ``mantel_within`` are given an interval.
    genetic
        (n_taxa, n_taxa).
    redrawn
        At least of these taxa.
    groups
        By step: group of each taxon, index taxon.
    seed
        Of the draws.

    Returns
    -------
    list of dict
        The rows, with ci_low and ci_high where fresh vectors have the correlation; and more of
        them: for each evaluator and part the null `BROWNIAN` of Pearson's r, mean and 95 % range
        of fresh draws at signal 1, and the metric `POWER`, how often those exceed 97.5 % of draws
        at signal 0; and evaluator `NEW_SPECIMENS`, r with the interval that new specimens of
        these very taxa give (bootstrap of specimens; taxa of one specimen do not vary in it).
    """
    taxa = list(genetic.ids)
    vectors, *again = (one.loc[taxa].to_numpy(float) for one in (redrawn.vectors, *redrawn.again))
    n_specimens = redrawn.n_specimens.loc[taxa].to_numpy(float)
    correlate = correlations(genetic, groups)

    def measure(vectors: np.ndarray, mean: np.ndarray) -> dict[Hashable, float]:
        departures = vectors - mean if redrawn.centred else vectors
        unit = departures / np.linalg.norm(departures, axis=1, keepdims=True)
        return correlate(-(unit @ unit.T))

    looks = looks_of(genetic.data, vectors, again, n_specimens)
    fresh = fresh_statistics(looks, lambda drawn: measure(drawn, drawn.mean(axis=0)), seed=seed)
    found = []
    for row in rows:
        key = (row["evaluator"], row.get("part", "all"), row["metric"])
        found.append(dict(row))
        if key not in fresh:
            continue
        low, high = expected_interval(fresh[key], row["value"])
        found[-1] |= {"ci_low": low, "ci_high": high}
        if row["metric"] == "pearson":
            shared = {k: row[k] for k in ("evaluator", "part", "n") if k in row}
            low, high = np.percentile(fresh[key][-1], [2.5, 97.5])
            null = {"metric": "pearson", "role": EXPECTED, "against": BROWNIAN}
            null |= {"value": float(fresh[key][-1].mean()), "ci_low": low, "ci_high": high}
            found += [shared | null, shared | {"metric": POWER, "value": power(fresh[key])}]
    if again and (n_specimens > 1).any():
        # Also of taxa without a place in the tree, as the distances are.
        means = [one.mean(axis=0).to_numpy() for one in (redrawn.vectors, *redrawn.again)]
        r, *others = (
            measure(*one)["mantel", "all", "pearson"]
            for one in zip((vectors, *again), means, strict=True)
        )
        half = _Z_95 * float(np.std(others, ddof=1))
        row = {"evaluator": NEW_SPECIMENS, "metric": "pearson", "value": r, "n": len(taxa)}
        found.append(row | {"ci_low": r - half, "ci_high": r + half})
    return found
