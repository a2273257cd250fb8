"""Brackets beside a tree for groups that are clades of it, bars for groups that are not."""

from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from visgen.figures.group_bars import BAR_WIDTH, Run, draw_group_bar
from visgen.figures.group_styles import UNKNOWN, UNPLACED
from visgen.scikit_bio import TreeNode

_SHORT = 0.36  # rows from the outer tips of a clade to the ends of its bracket


def groups_that_are_clades(tree: TreeNode, members: Sequence[str]) -> set[str]:
    """Return the groups whose tips are all the tips below one node.

    Parameters
    ----------
    tree
        Rooted.
    members
        The group of each tip, in the order of the tips.

    Returns
    -------
    set of str
        A group of one tip is a clade; tips without a group, or not in the study, are none.
    """
    sizes = {group: members.count(group) for group in {*members} - {UNKNOWN, UNPLACED}}
    below: dict[TreeNode, tuple[set[str], int]] = {}
    of_tip = iter(members)
    found = set()
    for node in tree.postorder():
        children = [below[child] for child in node.children]
        groups = set().union(*(own for own, _ in children)) if children else {next(of_tip)}
        below[node] = groups, sum(n for _, n in children) or 1
        (group, *others) = groups
        if not others and sizes.get(group) == below[node][1]:
            found.add(group)
    return found


def draw_clades(
    axes: Axes,
    runs: Sequence[Run],
    colours: Sequence[str],
    clades: Collection[str],
    row: float,
    inch: float,
    x: float,
) -> None:
    """Draw a bracket for each stretch that is a clade, a bar for each other one.

    Parameters
    ----------
    axes, runs, colours, row, inch, x
        As in `visgen.figures.group_bars.draw_group_bar`.
    clades
        Groups that are clades.
    """
    others = [place for place, (name, _, _) in enumerate(runs) if name not in clades]
    draw_group_bar(
        axes, [runs[place] for place in others], [colours[place] for place in others], row, inch, x
    )
    along = x + BAR_WIDTH * inch * np.array([0, 1, 1, 0])
    for (name, start, length), colour in zip(runs, colours, strict=True):
        if name in clades:
            ends = np.array([start - _SHORT] * 2 + [start + length - 1 + _SHORT] * 2)
            axes.add_artist(
                Line2D(
                    along,
                    ends,
                    c=colour,
                    lw=1.6,
                    solid_capstyle="butt",
                    solid_joinstyle="miter",
                    transform=axes.get_yaxis_transform(),
                    clip_on=False,
                )
            )
