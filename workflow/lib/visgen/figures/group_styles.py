"""Colours and marks of the groups that taxa belong to, the same in every figure of a study."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import pandas as pd
from matplotlib.lines import Line2D

from visgen.figures.colours import COLOURS
from visgen.names import shortened
from visgen.specimens.taxonomy import group_above

#: More groups than this and the smallest share one grey.
MAX_GROUPS = 20
#: What taxa are called that the study does not know, and those whose group is a gap.
UNKNOWN, UNPLACED = "not in the study", "no group"
_LETTERS = 30  # of a name in a legend, where several stand side by side
_GREY, _PALE = "0.55", "0.8"
# Further marks where the colours are used up: six hues are told apart, twenty not. Black is left
# to what is of no group.
_STYLES = [(colour, marker) for marker, colour in product("os^D", COLOURS[:6])]


class Style(NamedTuple):
    """How the taxa of a group are drawn."""

    colour: str
    marker: str
    label: str


def colouring(specimens: pd.DataFrame, ranks: Sequence[str], rank: str) -> pd.Series:
    """Return what decides the colour of each taxon: its taxon of the rank above, or itself.

    Parameters
    ----------
    specimens : DataFrame
        One row an image, with the ranks; gaps are null.
    ranks : list of str
        The ranks, coarse to fine.
    rank : str
        One of them; taxa of the coarsest have colours of their own.

    Returns
    -------
    Series
        Index taxon, sorted, null where the taxon above is a gap; its name is the rank of the
        groups.

    Raises
    ------
    ValueError
        When ``rank`` is not one of the ranks.
    """
    groups = group_above(specimens, ranks, rank)
    place = list(ranks).index(rank)
    if place == 0:
        return pd.Series(groups.index, index=groups.index, name=rank)
    return groups.rename(ranks[place - 1])


def group_of_each(taxa: Sequence[str], groups: pd.Series) -> list[str]:
    """Return the group of each taxon in turn, `UNKNOWN` and `UNPLACED` where it has none."""
    known = groups.astype(object).where(groups.notna(), UNPLACED).to_dict()
    return [known.get(taxon, UNKNOWN) for taxon in taxa]


def group_styles(members: Sequence[str], groups: pd.Series) -> dict[str, Style]:
    """Choose a colour and a mark for every group that is drawn.

    Parameters
    ----------
    members : list of str
        The group of each thing to draw, as `group_of_each` returns them.
    groups : Series
        The group of each of the study's taxa, as `colouring` returns it.

    Returns
    -------
    dict of str to Style
        By name, groups without a member left out. Colours and marks follow from the study's
        groups, so that its figures agree whatever they draw; labels say how many members a group
        has here. Of more than `MAX_GROUPS` groups all but the `MAX_GROUPS` - 1 with most taxa (of
        equals the first by name) share a grey and a label; what has no group is pale and comes
        last.
    """
    sizes = pd.Series(members, dtype="str").value_counts().to_dict()
    without = {name: sizes.pop(name) for name in (UNPLACED, UNKNOWN) if name in sizes}
    n_taxa = groups.value_counts().to_dict()
    largest = sorted(n_taxa, key=lambda name: (-n_taxa[name], name))
    n_own = len(largest) if len(largest) <= MAX_GROUPS else MAX_GROUPS - 1
    styles = {
        name: Style(*style, f"{shortened(name, _LETTERS)} ({sizes[name]:,})")
        for name, style in zip(sorted(largest[:n_own]), _STYLES, strict=False)
        if name in sizes
    }
    rest = [name for name in sorted(largest[n_own:]) if name in sizes]
    n_rest = sum(sizes[name] for name in rest)
    styles |= dict.fromkeys(rest, Style(_GREY, "P", f"{len(rest)} other groups ({n_rest:,})"))
    marks = {UNPLACED: "v", UNKNOWN: "X"}
    return styles | {
        name: Style(_PALE, marks[name], f"{name} ({n:,})") for name, n in without.items()
    }


def legend_entries(styles: dict[str, Style], size: float) -> list[Line2D]:
    """Return a mark with its label for each style, `size` points wide."""
    return [
        Line2D(
            [], [], ls="", marker=style.marker, ms=size, mew=0, c=style.colour, label=style.label
        )
        for style in dict.fromkeys(styles.values())
    ]
