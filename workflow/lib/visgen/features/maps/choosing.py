"""Which images a map shows, and by which rank it is coloured."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: More images than this would cover each other, and make a page heavy.
MAX_SHOWN = 3000
#: So many taxa are told apart by their colours at a glance.
MOST_COLOURS = 12


def choose_images(labels: pd.DataFrame, taxa: pd.Series, size: int, seed: int) -> pd.Index:
    """Choose images evenly over taxa: the first specimen of each comes before any second.

    Parameters
    ----------
    labels : DataFrame
        Index id; specimen.
    taxa : Series
        The taxon of each image, index id; images without one count as of one taxon.
    size
        How many images at most.
    seed
        Of the order of a taxon's specimens, and of the taxa in each turn.

    Returns
    -------
    Index
        Ids, sorted; all where there are no more than ``size``. Specimens come with all their
        images, but the last, which fills what is left.
    """
    images = pd.DataFrame(
        {
            "id": labels.index.astype("str"),
            "specimen": labels["specimen"].to_numpy(),
            "taxon": taxa.reindex(labels.index).to_numpy(),
        }
    ).sort_values("id", ignore_index=True)
    specimens = images.drop_duplicates("specimen")
    shuffled = specimens.iloc[np.random.default_rng(seed).permutation(len(specimens))]
    turn = shuffled.groupby("taxon", dropna=False).cumcount()
    order = shuffled["specimen"].iloc[np.argsort(turn, kind="stable")]
    places = pd.Series(np.arange(len(order)), index=order)
    chosen = images.iloc[np.argsort(images["specimen"].map(places), kind="stable")].head(size)
    return pd.Index(sorted(chosen["id"]), name="id")


def rank_to_colour(labels: pd.DataFrame, ranks: Sequence[str]) -> str:
    """Return the coarsest rank with 2 to `MOST_COLOURS` taxa, else that with the fewest above one.

    Parameters
    ----------
    labels : DataFrame
        A column a rank, gaps null.
    ranks
        Coarse to fine; where none has two taxa, the coarsest.

    Examples
    --------
    >>> labels = pd.DataFrame({"order": ["A"] * 3, "genus": ["B", "B", "C"]})
    >>> rank_to_colour(labels, ["order", "genus"])
    'genus'
    """
    n_taxa = {rank: labels[rank].nunique() for rank in ranks}
    several = [rank for rank in ranks if n_taxa[rank] > 1]
    few = [rank for rank in several if n_taxa[rank] <= MOST_COLOURS]
    return next(iter(few), min(several, key=n_taxa.__getitem__, default=ranks[0]))
