"""Scores of classifiers on the same specimens, with intervals and paired differences."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from visgen.bootstrap import bayesian_weights, score_samples
from visgen.classification.scores.counts import Counts, weighted_scores

#: Scores that differences between classifiers are taken of.
COMPARED = ("accuracy", "balanced_accuracy", "macro_f1", "mcc")

#: Means over taxa; the other scores are over images.
OVER_TAXA = ("balanced_accuracy", "macro_f1", "macro_precision")


def score_variants(
    counts: Mapping[Hashable, Counts],
    taxon: np.ndarray,
    *,
    pairs: Sequence[tuple[Hashable, Hashable]],
    bootstraps: int,
    seed: int,
) -> tuple[dict[Hashable, list[dict]], dict[tuple[Hashable, Hashable], list[dict]]]:
    """Score classifiers on the same specimens, with shared bootstrap samples.

    Parameters
    ----------
    counts
        By variant.
    taxon
        (n_specimens,) number of the true taxon of each specimen, in the order of `counts`.
    pairs
        Variants (one, other) whose difference, one minus other, is scored.
    bootstraps
        Samples of specimens; 0 for values alone.
    seed
        Of the samples.

    Returns
    -------
    scores
        By variant: metric, value, ci_low and ci_high (2.5 and 97.5 percentiles, NaN without
        samples), n (specimens).
    differences
        By pair, the same.

    Notes
    -----
    Scores over images have Bayesian bootstrap weights, means over taxa rescaled bootstrap
    weights within taxa: see `visgen.bootstrap`. Where more than half of the taxa have one
    specimen, which has no variance to estimate, means over taxa get no interval rather than one
    that is too narrow.
    """
    values, samples = score_samples(
        lambda *weights: {name: weighted_scores(part, *weights) for name, part in counts.items()},
        taxon,
        bootstraps=bootstraps,
        seed=seed,
    )
    singletons = np.mean(np.bincount(taxon)[np.unique(taxon)] == 1) > 0.5

    def row(metric: str, value: float, drawn: np.ndarray) -> dict:
        low, high = np.nan, np.nan
        if len(drawn) and not (singletons and metric in OVER_TAXA) and not np.isnan(drawn).all():
            low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return {
            "metric": metric,
            "value": value,
            "ci_low": float(low),
            "ci_high": float(high),
            "n": len(taxon),
        }

    scores = {
        name: [row(metric, value, samples[name][metric]) for metric, value in v.items()]
        for name, v in values.items()
    }
    differences = {
        (one, other): [
            row(
                metric,
                values[one][metric] - values[other][metric],
                samples[one][metric] - samples[other][metric],
            )
            for metric in COMPARED
        ]
        for one, other in pairs
    }
    return scores, differences


def share_with_interval(
    true: np.ndarray, specimens: pd.Series, *, bootstraps: int, seed: int
) -> dict:
    """Return the share of images for which something is true, as a score.

    Parameters
    ----------
    true
        (n_images,) bool.
    specimens
        Specimen of each image.
    bootstraps
        Samples of specimens.
    seed
        Of the samples.

    Returns
    -------
    dict
        value, ci_low, ci_high, n (specimens).
    """
    specimen, names = pd.factorize(specimens, sort=True)
    above, below = np.bincount(specimen, true), np.bincount(specimen)
    weights = bayesian_weights(len(names), bootstraps, np.random.default_rng(seed))
    low, high = np.percentile((weights @ above) / (weights @ below), [2.5, 97.5])
    value = float(above.sum() / below.sum())
    return {"value": value, "ci_low": float(low), "ci_high": float(high), "n": len(names)}
