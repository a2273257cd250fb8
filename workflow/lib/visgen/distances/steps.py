"""Steps that a claim of agreement goes by, once it is beyond chance.

Look that carries nothing but the means of the coarsest rank agrees with any tree in which that rank
is monophyletic, beyond chance and for taxa that are held out too. So each step asks within the
groups of a rank alone, and is gated by the step before it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: Beyond the coarsest rank, and beyond the rank above the tips of the tree.
WITHIN_COARSEST, WITHIN_ABOVE = STEPS = ("within_coarsest", "within_above")


def groups_by_step(coarsest: np.ndarray, above: np.ndarray) -> dict[str, np.ndarray]:
    """Return the groups within which each step asks.

    Parameters
    ----------
    coarsest, above
        Number of each taxon's group of the coarsest rank and of the rank above, (n_taxa,) each.

    Returns
    -------
    dict
        By step, in the order of `STEPS`. Groups of the coarsest rank that are those of the rank
        above are asked about once, as ``within_above``, and one group of all taxa not at all: what
        is within it is what is beyond chance.

    Examples
    --------
    >>> list(groups_by_step(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2])))
    ['within_coarsest', 'within_above']
    >>> list(groups_by_step(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3])))
    ['within_above']
    >>> list(groups_by_step(np.array([0, 0, 0]), np.array([0, 0, 0])))
    []
    """
    groups = dict(zip(STEPS, (coarsest, above), strict=True))
    numbers = {step: np.unique(of_step, return_inverse=True)[1] for step, of_step in groups.items()}
    n_both = len(np.unique(np.column_stack(list(numbers.values())), axis=0))
    n_groups = {step: len(np.unique(number)) for step, number in numbers.items()}
    if all(n == n_both for n in n_groups.values()):
        del groups[WITHIN_COARSEST]
    return {step: of_step for step, of_step in groups.items() if n_groups[step] > 1}


def taxa_by_step(coarsest: pd.Series, above: pd.Series) -> dict[str, pd.Series]:
    """Return the groups within which each step asks, by name.

    Parameters
    ----------
    coarsest, above
        Taxon of the coarsest rank and of the rank above, index taxon, the same in both; gaps where
        a taxon has none.

    Returns
    -------
    dict
        By step, as `groups_by_step` chooses them; taxa without a group are left out.
    """
    groups = {WITHIN_COARSEST: coarsest, WITHIN_ABOVE: above}
    alone = pd.Series([f" {taxon}" for taxon in above.index], above.index)  # no name of a group
    numbers = [pd.factorize(of_step.fillna(alone))[0] for of_step in groups.values()]
    return {step: groups[step].dropna() for step in groups_by_step(*numbers)}


def ranks_by_step(ranks: Sequence[str], rank: str) -> dict[str, str]:
    """Return the rank within whose groups each step asks.

    Parameters
    ----------
    ranks
        From coarse to fine.
    rank
        Of the tips of the tree.

    Examples
    --------
    >>> ranks_by_step(["order", "family", "genus"], "genus")
    {'within_coarsest': 'order', 'within_above': 'family'}
    >>> ranks_by_step(["order", "family", "genus"], "family"), ranks_by_step(["genus"], "genus")
    ({'within_above': 'order'}, {})
    """
    above = list(ranks[: list(ranks).index(rank)])
    steps = {WITHIN_COARSEST: above[:1], WITHIN_ABOVE: above[-1:]}
    if len(above) == 1:
        del steps[WITHIN_COARSEST]
    return {step: names[0] for step, names in steps.items() if names}
