"""How typical of its taxon a photograph is, and which one stands for a specimen."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

_ROWS = 4096  # in memory beside the matrix


def first_photographs(labels: pd.DataFrame, rank: str | None = None) -> pd.DataFrame:
    """Return the labels of the first photograph of each specimen.

    Parameters
    ----------
    labels
        Index id, sorted; specimen and the ranks.
    rank
        At which it is labelled; None: the first, labelled or not.
    """
    labelled = labels if rank is None else labels[labels[rank].notna()]
    return labelled[~labelled["specimen"].duplicated()]


def oddness(features: pd.DataFrame, taxa: pd.Series) -> pd.Series:
    """Return how far each image is from the mean of its taxon.

    Parameters
    ----------
    features
        (n_images, n_features), index id.
    taxa
        Taxon of each image, index id; gaps null.

    Returns
    -------
    Series
        Euclidean distance, index id; images without features or without a taxon are left out.

    Examples
    --------
    >>> features = pd.DataFrame({"x": [0.0, 4.0, 5.0]}, index=["a", "b", "c"])
    >>> oddness(features, pd.Series("Arca noae", index=["a", "b", "c"])).tolist()
    [3.0, 1.0, 2.0]
    """
    taxa = taxa.reindex(features.index)
    values, far = features.to_numpy(), np.full(len(features), np.nan)
    for members in taxa.groupby(taxa).indices.values():
        blocks = np.split(members, range(_ROWS, len(members), _ROWS))
        mean = sum(values[block].sum(axis=0, dtype=np.float64) for block in blocks) / len(members)
        for block in blocks:
            far[block] = np.linalg.norm(values[block] - mean, axis=1)
    return pd.Series(far, features.index, dtype=float).dropna()


def typical_first(photographs: pd.DataFrame, odd: pd.Series) -> pd.DataFrame:
    """Return photographs, the most typical first; those whose oddness is not known come last.

    Parameters
    ----------
    photographs
        Index id, sorted: so are those that are as typical.
    odd
        As `oddness` returns it.
    """
    return photographs.loc[odd.reindex(photographs.index).sort_values(kind="stable").index]


def most_typical(photographs: pd.DataFrame, odd: pd.Series, rank: str) -> pd.Series:
    """Return the image of each taxon that is most typical, index taxon, sorted."""
    ordered = typical_first(photographs, odd).dropna(subset=rank)
    found = ordered[~ordered[rank].duplicated()]
    return pd.Series(found.index, found[rank].to_numpy(), dtype="str").sort_index()


def evenly(items: Sequence, n: int) -> list:
    """Return n of some items, spread evenly from the first to the last; all where there are less.

    >>> evenly("abcdefg", 3), evenly("ab", 3), evenly("abc", 1)
    (['a', 'd', 'g'], ['a', 'b'], ['a'])
    """
    if len(items) <= n:
        return list(items)
    return (
        [items[round(place)] for place in np.linspace(0, len(items) - 1, n)]
        if n > 1
        else [items[0]]
    )
