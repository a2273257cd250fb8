"""Colours and marks of images on a map, rank by rank."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from visgen.figures.group_styles import MAX_GROUPS, UNPLACED, Style, group_styles
from visgen.specimens.taxonomy import taxonomic_order


class RankStyles(NamedTuple):
    """How images are drawn by a rank.

    Attributes
    ----------
    rank
        The rank that decides: the one asked for, or one above it.
    members
        The group of each image in turn.
    styles
        Of each group that has an image, in the order of the taxonomy.
    """

    rank: str
    members: list[str]
    styles: dict[str, Style]


def styles_by_rank(labels: pd.DataFrame, ranks: Sequence[str], rank: str) -> RankStyles:
    """Choose a colour and a mark for every image, by its taxon of a rank.

    Parameters
    ----------
    labels : DataFrame
        One row an image, with the ranks; gaps are null.
    ranks
        Coarse to fine.
    rank
        One of them. Where it has more than `visgen.figures.group_styles.MAX_GROUPS` taxa, the
        finest rank above with no more of them decides, if there is one.
    """
    above = list(ranks[: list(ranks).index(rank) + 1])
    few = [one for one in above if 0 < labels[one].nunique() <= MAX_GROUPS]
    deciding = few[-1] if few else rank
    order = taxonomic_order(labels, ranks, deciding)
    members = labels[deciding].fillna(UNPLACED).tolist()
    styles = group_styles(members, pd.Series(order, index=order, name=deciding, dtype="str"))
    uses = Counter(styles.values())
    places = {name: place for place, name in enumerate(order)}
    # What shares a grey comes behind, what has no group last.
    drawn = sorted(styles, key=lambda name: (uses[styles[name]] > 1, places.get(name, len(order))))
    return RankStyles(deciding, members, {name: styles[name] for name in drawn})
