"""Taxa that are withheld from learning, so that there are specimens that must be called new."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.naming.labelled import Labelled
from visgen.naming.novelty import KNOWN, NEW
from visgen.naming.preparing import Prepare
from visgen.specimens.taxonomy import group_above

#: The finest ranks, at most, of which taxa are withheld.
N_RANKS = 3
#: Taxa of the coarsest rank that have to stay known.
_MIN_KNOWN = 2


class Withheld(NamedTuple):
    """What is learned from without some taxa, and what all its specimens are.

    Attributes
    ----------
    labelled
        Specimens, of withheld taxa too.
    prepare
        As `visgen.naming.scoring.score_naming` takes it.
    kind
        As `withhold` returns it.
    """

    labelled: Labelled
    prepare: Prepare
    kind: pd.Series


def withhold(taxa: pd.DataFrame, share: float, seed: int) -> pd.Series:
    """Draw whole taxa to be withheld, at each of up to three of the finest ranks.

    Parameters
    ----------
    taxa
        (n_specimens, n_ranks) columns coarse to fine, gaps null; index specimen.
    share
        Of the taxa of a rank, in (0, 1): so many are withheld, at least one, or as many as can be.
    seed
        Of the draw.

    Returns
    -------
    Series
        (n_specimens,) what each specimen is, index specimen: ``known``, or ``new <rank>``, of the
        rank at which its taxon is withheld. A withheld taxon belongs to one of the rank above that
        stays known by another taxon; of the coarsest rank at least two stay.

    Raises
    ------
    ValueError
        If share is not between 0 and 1.

    Notes
    -----
    The coarser ranks are drawn first, the finer ones of what they leave. A taxon of which nobody
    can say what it belongs to is never withheld. A specimen without a name at the rank stays known
    by its coarser names, though it may be of a taxon that is withheld.

    Examples
    --------
    >>> taxa = pd.DataFrame({"genus": ["A", "A", "B"], "species": ["A a", "A b", "B c"]}, [5, 6, 7])
    >>> withhold(taxa, 0.1, seed=1).to_dict()  # of two genera none can go, and B has one species
    {5: 'known', 6: 'new species', 7: 'known'}
    """
    if not 0 < share < 1:
        raise ValueError(f"share of taxa to withhold: found {share}, expected it between 0 and 1")
    ranks = list(taxa.columns)
    kind = pd.Series(KNOWN, taxa.index, dtype=object, name="kind")
    rng = np.random.default_rng([seed, 19])
    for rank in ranks[-N_RANKS:]:
        left = taxa[kind == KNOWN]
        wanted = max(1, round(share * taxa[rank].nunique()))
        groups = group_above(left, ranks, rank)
        order = groups.index[rng.permutation(len(groups))]
        least = _MIN_KNOWN if rank == ranks[0] else 1
        taken = _take(groups.loc[order].dropna(), wanted, least)
        kind[taxa[rank].isin(taken) & (kind == KNOWN)] = NEW.format(rank)
    return kind


def _take(groups: pd.Series, wanted: int, least: int) -> list[str]:
    """Take taxa in turn, each if at least so many of its group stay."""
    left = groups.value_counts().to_dict()
    taken: list[str] = []
    for taxon, group in groups.items():
        if len(taken) < wanted and left[group] > least:
            taken.append(taxon)
            left[group] -= 1
    return taken
