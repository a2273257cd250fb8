"""Whether images that a network finds most alike are of one taxon, and what chance would give."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from visgen.metrics import EXPECTED, metrics_table

#: Deals of the taxa to the specimens.
DEALS = 999
#: What is scored, and the null: the taxa of the specimens are dealt anew.
SAME_TAXON, DEALT = "same_taxon", "dealt_taxa"
EVALUATOR, AXES = "nearest_image", "pca"
EXPERIMENT, PART = "features", "mapped"
_FEWEST = 2  # taxa, and specimens
_ROWS = 500  # distances at a time


def score_map(
    values: np.ndarray,
    labels: pd.DataFrame,
    ranks: Sequence[str],
    shares: Sequence[float],
    backbone: str,
    seed: int,
) -> pd.DataFrame:
    """Score, at every rank, whether the nearest image of another specimen is of the same taxon.

    In all features, not in the plane.

    Parameters
    ----------
    values
        (n_images, n_features), as `visgen.features.maps.planes.standardised` returns them.
    labels : DataFrame
        One row an image, in the same order: specimen and the ranks, gaps null. A specimen whose
        images have several taxa counts as of that with most images.
    ranks
        Ranks with fewer than two taxa or specimens, or without two specimens of one taxon, have
        no score.
    shares
        Of the variance along the first axes; a row each.
    backbone, seed
        Of the rows, and of the deals.

    Returns
    -------
    DataFrame
        Columns of the contract, see docs/metrics.md: evaluators ``pca`` and ``nearest_image``.
    """
    common = {"experiment": EXPERIMENT, "backbone": backbone, "part": PART}
    rows = [
        {"evaluator": AXES, "metric": f"variance_{axis}", "value": float(share), "n": len(values)}
        for axis, share in enumerate(shares, 1)
    ]
    for rank in ranks:
        named = labels[rank].notna().to_numpy()
        taxa = labels[named].groupby("specimen")[rank].agg(lambda names: names.mode().iloc[0])
        if min(taxa.nunique(), len(taxa)) < _FEWEST:
            continue
        specimens = taxa.index.get_indexer(labels["specimen"][named])
        nearest = specimens[nearest_of_others(values[named], specimens)]
        codes = pd.factorize(taxa, sort=True)[0]
        if expected_share(codes) == 0:  # each specimen is alone in its taxon
            continue
        found = float((codes[specimens] == codes[nearest]).mean())
        draw = np.random.default_rng(seed)
        deals = [draw.permutation(codes) for _ in range(DEALS)]
        dealt = np.array([(deal[specimens] == deal[nearest]).mean() for deal in deals])
        p = (1 + int((dealt >= found).sum())) / (1 + DEALS)
        low, high = np.quantile(dealt, [0.025, 0.975])
        row = {"rank": rank, "evaluator": EVALUATOR, "metric": SAME_TAXON, "n": int(named.sum())}
        row |= {"seed": seed, "n_permutations": DEALS}
        expected = {"role": EXPECTED, "against": DEALT, "value": expected_share(codes)}
        rows.append(row | {"value": found, "p": p})
        rows.append(row | expected | {"ci_low": float(low), "ci_high": float(high)})
    return metrics_table([common | row for row in rows])


def nearest_of_others(values: np.ndarray, specimens: np.ndarray) -> np.ndarray:
    """Return the place of the nearest image of another specimen, (n_images,); of equals the first.

    Parameters
    ----------
    values
        (n_images, n_features); distances are Euclidean.
    specimens
        (n_images,), of two specimens at least.
    """
    nearest = []
    for start in range(0, len(values), _ROWS):
        rows = slice(start, start + _ROWS)
        distances = cdist(values[rows], values)
        distances[specimens[rows, None] == specimens] = np.inf
        nearest.append(distances.argmin(axis=1))
    return np.concatenate(nearest)


def expected_share(codes: np.ndarray) -> float:
    """Return how often two specimens are of one taxon where taxa are dealt to them at random.

    Parameters
    ----------
    codes
        The taxon of each specimen, as a number.

    Examples
    --------
    >>> expected_share(np.array([0, 0, 1, 1]))  # one of the three others is of the same taxon
    0.3333333333333333
    """
    counts, n = np.bincount(codes), len(codes)
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))
