"""Weights of specimens in bootstrap samples; images of one specimen always share theirs."""

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd

_BLOCK = 100  # bootstrap samples at a time

#: Scores by name and metric, each (samples,), under weights (samples, n_specimens) for scores over
#: all images and for means over taxa.
Scorer = Callable[[np.ndarray, np.ndarray], dict[Hashable, dict[str, np.ndarray]]]


def bayesian_weights(n_specimens: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return weights of the Bayesian bootstrap (Rubin 1981).

    For scores over all images, such as accuracy. Exponential weights instead of numbers of
    draws: no specimen, and so no rare taxon, drops out of a sample.

    Returns
    -------
    ndarray
        (samples, n_specimens), mean 1.
    """
    return rng.standard_exponential((samples, n_specimens))


def rescaled_weights(taxon: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return weights of the rescaled bootstrap within taxa (Rao & Wu 1988).

    For means over taxa, such as balanced accuracy. Of the m specimens of a taxon m − 1 are drawn
    with replacement and weigh m / (m − 1) each, which makes the variance of a taxon's mean
    unbiased; drawing m of m is short of it by the factor (m − 1) / m, a half where m = 2. A taxon
    with one specimen has no variance to estimate: its weight is always 1.

    Parameters
    ----------
    taxon
        (n_specimens,) number of the true taxon of each specimen.
    samples
        Number of samples.

    Returns
    -------
    ndarray
        (samples, n_specimens); those of a taxon always sum to its number of specimens.

    Examples
    --------
    >>> taxon = np.array([0, 0, 0, 1])  # three specimens of one taxon, one of another
    >>> weights = rescaled_weights(taxon, 5, np.random.default_rng(1))
    >>> weights.shape
    (5, 4)
    >>> weights[:, :3].sum(axis=1).tolist(), weights[:, 3].tolist()
    ([3.0, 3.0, 3.0, 3.0, 3.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    weights = np.ones((samples, len(taxon)))
    code = pd.factorize(taxon)[0]  # by the first specimen, so that names decide nothing
    order = np.argsort(code, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
        m = len(members)
        if m > 1:
            draws = rng.multinomial(m - 1, np.full(m, 1 / m), size=samples)
            weights[:, members] = draws * (m / (m - 1))
    return weights


def score_samples(
    score: Scorer, taxon: np.ndarray, *, bootstraps: int, seed: int
) -> tuple[dict[Hashable, dict[str, float]], dict[Hashable, dict[str, np.ndarray]]]:
    """Score specimens as they are, and in bootstrap samples that all names share.

    Parameters
    ----------
    score
        Called with Bayesian weights and with weights rescaled within taxa.
    taxon
        (n_specimens,) number of the true taxon of each specimen.
    bootstraps
        Samples of specimens; 0 for values alone.
    seed
        Of the samples.

    Returns
    -------
    values
        By name and metric.
    samples
        The same, each (bootstraps,).
    """
    once = np.ones((1, len(taxon)))
    values = {
        name: {metric: float(value[0]) for metric, value in found.items()}
        for name, found in score(once, once).items()
    }
    samples = {
        name: {metric: np.empty(bootstraps) for metric in found} for name, found in values.items()
    }
    rng = np.random.default_rng(seed)
    for start in range(0, bootstraps, _BLOCK):  # in blocks, to bound memory
        n = min(_BLOCK, bootstraps - start)
        weights = bayesian_weights(len(taxon), n, rng), rescaled_weights(taxon, n, rng)
        for name, found in score(*weights).items():
            for metric, part in found.items():
                samples[name][metric][start : start + n] = part
    return values, samples


def true_taxon(truth: pd.Series, specimens: pd.Series) -> np.ndarray:
    """Return the number of the true taxon of each specimen, specimens sorted by name.

    A specimen with images under several taxa counts for the one that it has most images of.

    >>> truth = pd.Series(["Pinna nobilis", "Arca noae", "Arca noae", "Pinna nobilis"])
    >>> specimens = pd.Series(["s2", "s1", "s1", "s1"])
    >>> true_taxon(truth, specimens).tolist()  # of s1, then s2; Arca noae is 0
    [0, 1]
    """
    code, _ = pd.factorize(truth, sort=True)
    counts = pd.DataFrame({"specimen": specimens.to_numpy(), "taxon": code}).value_counts()
    most = counts.reset_index().sort_values(["specimen", "count", "taxon"], ascending=[1, 0, 1])
    return most.drop_duplicates("specimen")["taxon"].to_numpy()
