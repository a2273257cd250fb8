"""Anchors given to other taxa: the null that a genetic claim has to beat."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def deal_taxa(taxa: Sequence[str], index: int, seed: int) -> pd.Series:
    """Assign each taxon another one, so that each is assigned once.

    Parameters
    ----------
    taxa : sequence of str
        The taxa, each once; their order plays no part.
    index : int
        Number of the permutation, not negative; each index is a draw of its own.
    seed : int
        Seed of all of them, not negative.

    Returns
    -------
    Series
        Index taxon, sorted; the other taxon. Uniform over all assignments without a taxon that
        keeps itself; few taxa have few (3 taxa two, 4 taxa nine), which then repeat.

    Raises
    ------
    ValueError
        If there are fewer than two taxa or one occurs twice.
    """
    names = pd.Index(sorted(taxa), name="taxon")
    if len(names) < 2:
        raise ValueError(f"{len(names)} taxa cannot be permuted, expected at least 2")
    if not names.is_unique:
        raise ValueError(f"taxon {names[names.duplicated()][0]!r} occurs twice")
    rng = np.random.default_rng([seed, index])
    own = np.arange(len(names))
    dealt = rng.permutation(own)
    while (dealt == own).any():  # more than a third of all draws pass
        dealt = rng.permutation(own)
    return pd.Series(names[dealt], names, name="anchor_of")


def permute_anchors(anchors: pd.DataFrame, index: int, seed: int) -> pd.DataFrame:
    """Give every taxon the anchor of another.

    Parameters
    ----------
    anchors : DataFrame, (n_taxa, size)
        Taxon names as index.
    index, seed
        As in `deal_taxa`, which decides whose anchor each gets.

    Returns
    -------
    DataFrame, (n_taxa, size)
        The same vectors; names in the same order.

    Raises
    ------
    ValueError
        As in `deal_taxa`.

    Examples
    --------
    >>> anchors = pd.DataFrame([[0.6, 0.8], [1.0, 0.0]], ["Arca noae", "Pinna nobilis"])
    >>> permute_anchors(anchors, index=0, seed=1).T.to_dict("list")  # two taxa can only swap
    {'Arca noae': [1.0, 0.0], 'Pinna nobilis': [0.6, 0.8]}
    """
    dealt = deal_taxa(anchors.index, index, seed)
    return anchors.loc[dealt.loc[anchors.index]].set_axis(anchors.index)
