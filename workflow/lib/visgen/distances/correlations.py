"""Correlations of two distance matrices without a test, for many matrices against one."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from visgen.distances.permutation_tests.association import unit
from visgen.distances.permutation_tests.mantel_within import centred_pairs, pairs_within
from visgen.distances.permutation_tests.matrices import METHODS, group_codes
from visgen.scikit_bio import DistanceMatrix


def correlations(
    genetic: DistanceMatrix, groups: Mapping[str, pd.Series], methods: Sequence[str] = METHODS
) -> Callable[[np.ndarray], dict[Hashable, float]]:
    """Return what correlates visual with phylogenetic distances, over all pairs and within groups.

    Parameters
    ----------
    genetic
        (n_taxa, n_taxa).
    groups
        By step: group of each taxon, index taxon; taxa without one are left out of the step.
    methods
        ``pearson``, and ``spearman`` for ranks.

    Returns
    -------
    callable
        From (n_taxa, n_taxa) visual distances, or what rises with them, to correlations by
        evaluator, part and metric. Those within groups that have none are left out.
    """
    everyone = np.ravel_multi_index(np.triu_indices(len(genetic.ids), k=1), genetic.shape)
    of_tree = genetic.data.ravel()
    pairs = {method: _centred(of_tree[everyone], method) for method in methods}
    within = {}
    for step, of_step in groups.items():
        where = np.flatnonzero([taxon in of_step.index for taxon in genetic.ids])
        codes = group_codes(of_step, tuple(genetic.ids[i] for i in where))
        first, second = np.nonzero(pairs_within(codes))
        inside = np.ravel_multi_index((where[first], where[second]), genetic.shape)
        for method in methods:
            centred = centred_pairs(of_tree[inside], codes[first], method)
            if centred is not None:
                within[step, method] = (inside, codes[first], centred)

    def correlate(visual: np.ndarray) -> dict[Hashable, float]:
        flat = visual.ravel()
        found: dict[Hashable, float] = {
            ("mantel", "all", method): float(pairs[method] @ _centred(flat[everyone], method))
            for method in methods
        }
        for (step, method), (inside, group, centred) in within.items():
            other = centred_pairs(flat[inside], group, method)
            r = np.nan if other is None else float(centred @ other)
            found["mantel_within", step, method] = r
        return found

    return correlate


def _centred(pairs: np.ndarray, method: str) -> np.ndarray:
    pairs = rankdata(pairs) if method == "spearman" else pairs
    return unit(pairs - pairs.mean())
