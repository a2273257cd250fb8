"""The drawing of a tree to scale: branches, tips and a scale bar."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from visgen.figures.group_styles import UNKNOWN, UNPLACED, Style
from visgen.names import shortened
from visgen.scikit_bio import TreeNode

#: More tips than this are drawn without their names.
MAX_NAMED = 120
_INK = "0.25"
_DIGIT_SPACE = "\u2007"  # as wide as a digit
_COLUMN = 1.02  # of the depth of the tree: where names begin


def positions(tree: TreeNode) -> tuple[dict[TreeNode, float], dict[TreeNode, float]]:
    """Return where to draw the nodes of a tree.

    Returns
    -------
    across : dict of TreeNode to float
        Path length from the root.
    down : dict of TreeNode to float
        Row: tips have 0, 1, 2 ... in their order, inner nodes stand midway between their children.
    """
    across = {tree: 0.0}
    for node in tree.preorder(include_self=False):
        across[node] = across[node.parent] + node.length
    down = {tip: float(row) for row, tip in enumerate(tree.tips())}
    for node in tree.postorder():
        if node.children:
            down[node] = (down[node.children[0]] + down[node.children[-1]]) / 2
    return across, down


def draw_branches(
    axes: Axes,
    tree: TreeNode,
    across: dict[TreeNode, float],
    down: dict[TreeNode, float],
    members: dict[str, str],
    styles: dict[str, Style],
) -> None:
    """Draw every branch, and at its foot the line that joins its children.

    Parameters
    ----------
    axes, tree
        Where and what.
    across, down
        As `positions` returns them.
    members : dict of str to str
        The group of each tip, by name.
    styles : dict of str to Style
        By group; where all tips below are of one, the branch has its colour.
    """
    groups: dict[TreeNode, set[str]] = {}
    lines, colours = [], []
    for node in tree.postorder():
        below = [groups[child] for child in node.children]
        groups[node] = set().union(*below) if below else {members[node.name]}
        (group, *others) = groups[node]
        # Taxa without a group are not one: only their own branches are pale.
        joined = not others and (node.is_tip() or group not in (UNKNOWN, UNPLACED))
        colour = styles[group].colour if joined else _INK
        if node.parent is not None:
            lines.append([(across[node.parent], down[node]), (across[node], down[node])])
            colours.append(colour)
        if node.children:
            rows = [down[child] for child in node.children]
            lines.append([(across[node], min(rows)), (across[node], max(rows))])
            colours.append(colour)
    axes.add_collection(LineCollection(lines, colors=colours, lw=1.1, capstyle="projecting"))
    axes.set_axis_off()


def draw_tips(
    axes: Axes, tree: TreeNode, across: dict[TreeNode, float], members: Sequence[str]
) -> None:
    """Draw lines from the tips to one column, there their numbers and names up to `MAX_NAMED` tips.

    Parameters
    ----------
    axes, tree
        Where and what.
    across
        As `positions` returns it.
    members : list of str
        The group of each tip, in the order of the tips.
    """
    tips = list(tree.tips())
    column = _COLUMN * max(across.values())
    guides = [[(across[tip], row), (column, row)] for row, tip in enumerate(tips)]
    axes.add_collection(LineCollection(guides, colors="0.85", lw=0.5, ls=":", zorder=0))
    if len(tips) > MAX_NAMED:
        return
    for row, (label, member) in enumerate(zip(tip_labels(tips), members, strict=True)):
        axes.annotate(
            label,
            (column, row),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color="0.5" if member == UNKNOWN else "black",
            annotation_clip=False,
        )


def tip_labels(tips: Sequence[TreeNode]) -> list[str]:
    """Return number and name of each tip, from 1 on in their order; numbers are as wide as another.

    >>> tip_labels([TreeNode("Arca noae"), TreeNode("Pecten maximus")])
    ['1  Arca noae', '2  Pecten maximus']
    """
    width = len(str(len(tips)))
    return [
        f"{str(number).rjust(width, _DIGIT_SPACE)}  {shortened(tip.name)}"
        for number, tip in enumerate(tips, start=1)
    ]


def draw_scale_bar(axes: Axes, depth: float, unit: str) -> None:
    """Draw a bar of a round length, about a fifth of the tree's depth, below the tips."""
    length = _round_length(depth / 5)
    place = axes.get_xaxis_transform()
    axes.plot([0, length], [-0.02, -0.02], c="black", lw=1.2, transform=place, clip_on=False)
    axes.annotate(
        f"{length:g} {unit}",
        (length, -0.02),
        (4, 0),
        xycoords=place,
        textcoords="offset points",
        va="center",
        fontsize=8,
        annotation_clip=False,
    )


def _round_length(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above `most`."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(power * max(step for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)))
