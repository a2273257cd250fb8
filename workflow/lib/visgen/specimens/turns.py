"""Which images come first where only some can stay: taxa take turns, so that none is lost."""

import numpy as np
import pandas as pd


def take_turns(labels: pd.DataFrame) -> np.ndarray:
    """Return the order in which images are taken, so that taxa of every rank take turns.

    The first images are one of each taxon of the finest rank; among those, one of each taxon of
    the next rank comes first, and so on up. However many are taken, as many taxa are among them
    as can be, first of the finest rank, then of the coarser ones where not even those have room.

    Parameters
    ----------
    labels
        Taxa of each image, a column a rank, coarse to fine, at least one row. Images that share a
        gap are a taxon of their own within the taxon above. Of a taxon's images those that stand
        first are taken first: shuffle them.

    Returns
    -------
    ndarray
        (n_images,) positions in `labels`.

    Examples
    --------
    >>> genus = ["Arca", "Arca", "Arca", "Arca", "Pinna"]
    >>> species = ["noae", "noae", "zebra", "zebra", "nobilis"]
    >>> take_turns(pd.DataFrame({"genus": genus, "species": species})).tolist()
    [0, 4, 2, 1, 3]
    """
    keys: list[np.ndarray] = []
    for n_ranks in range(labels.shape[1], 0, -1):
        within = [labels.iloc[:, i].to_numpy() for i in range(n_ranks)] + keys
        turns = labels.groupby(within, dropna=False, sort=False).cumcount()
        keys.append(turns.to_numpy())
    return np.lexsort(keys[::-1]) if keys else np.arange(len(labels))
