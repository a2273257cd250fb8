"""Whether true relatives do better than permuted ones."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from visgen.distances.permutation_tests.matrices import NOISE
from visgen.prior.evidence import Evidence
from visgen.prior.fitting import (
    PriorFit,
    fit_prior,
    nearest_relative,
    prior_covariance,
)
from visgen.prior.posterior import Weights, posterior_weights
from visgen.prior.relatives import Relatives

Measure = Callable[[Weights], dict[str, float]]


def relative_orders(
    taxa: Sequence[str],
    permutations: int,
    seed: int,
    groups: pd.Series | None = None,
    everyone: Sequence[str] | None = None,
) -> np.ndarray:
    """Return orders of the taxa, the first of them as it is.

    Parameters
    ----------
    taxa
        (n_taxa,), as relatives have them.
    permutations, seed
        How many, and of what draws.
    groups
        Group of a taxon, index taxon: taxa are permuted within groups alone (Anderson & ter Braak
        2003), those without one stay. None permutes all.
    everyone
        All taxa of the study, these among them: splits that lack some then permute the others
        alike, so that means over splits are of one permutation each. None for these alone.

    Returns
    -------
    array
        (permutations + 1, n_taxa).

    Raises
    ------
    ValueError
        If no group has two taxa.
    """
    names = pd.Index(list(taxa) if everyone is None else list(everyone))
    # Members of a group change places by the order of numbers that each taxon draws.
    drawn = np.random.default_rng(seed).random((permutations, len(names)))
    drawn = drawn[:, names.get_indexer(pd.Index(list(taxa)))]
    code = np.zeros(len(taxa), int)
    if groups is not None:
        code = pd.factorize(groups.reindex(list(taxa)))[0]
        alone = code < 0
        code[alone] = code.max() + 1 + np.arange(alone.sum())
        if np.bincount(code).max() < 2:
            raise ValueError("no group has two taxa: there is nothing to permute within groups")
    orders = np.tile(np.arange(len(taxa)), (permutations + 1, 1))
    for group in np.unique(code):
        members = np.flatnonzero(code == group)
        orders[1:, members] = members[np.argsort(drawn[:, members], axis=1)]
    return orders


def measure_orders(
    evidence: Evidence,
    relatives: Sequence[Relatives],
    orders: np.ndarray,
    measure: Measure,
) -> pd.DataFrame:
    """Fit the prior anew in each order of the taxa of the last relatives, and measure it.

    So permuted relatives that tell nothing fall silent, and do no harm: the others, the taxonomy
    say, stay as they are and have all that they had without. Of several splits of the same taxa
    take the same orders: rows can then be averaged, and `one_sided` be asked once.

    Parameters
    ----------
    evidence
        Of the taxa with images.
    relatives
        Of all taxa; those before the last are the bar.
    orders
        (n_orders, n_taxa), of `relative_orders`.
    measure
        From weights of all taxa to numbers by name.

    Returns
    -------
    DataFrame
        One row an order: what `measure` returns; pi, nearest_relative, scale (of the last) and
        log_likelihood of the fit.
    """
    first = fit_prior(evidence, relatives[:-1])
    fixed = [None] * (len(relatives) - 1)
    rows = []
    for order in orders:
        of_kinds = [*fixed, order]
        fit = fit_prior(evidence, relatives, of_kinds, first)
        prior = prior_covariance(fit, relatives, of_kinds)
        weights = posterior_weights(prior, evidence.n_images, evidence.known)
        rows.append(measure(weights) | _told(fit, prior))
    return pd.DataFrame(rows)


def one_sided(values: np.ndarray) -> float:
    """Return the share of values that are as large as the first, which counts, too.

    Raises
    ------
    ValueError
        If a value is NaN.
    """
    if np.isnan(values).any():
        raise ValueError(
            f"{np.isnan(values).sum()} of {len(values)} values are not defined: no p of them"
        )
    return float((values >= values[0] - NOISE).mean())


def _told(fit: PriorFit, prior: np.ndarray) -> dict[str, float]:
    return {
        "pi": fit.pi,
        "nearest_relative": nearest_relative(prior),
        "scale": fit.scales[-1],
        "log_likelihood": fit.log_likelihood,
    }
