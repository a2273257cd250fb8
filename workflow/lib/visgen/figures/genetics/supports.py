"""Bootstrap supports printed beside the inner nodes of a tree."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from visgen.figures.free_places import write_where_free
from visgen.scikit_bio import TreeNode

#: Supports under this, in per cent, are not printed.
MIN_SUPPORT = 50
# Where a support may stand beside its node: offset in points, alignment.
_PLACES = (
    ((-2, 0.5), ("right", "bottom")),
    ((-2, -1), ("right", "top")),
    ((2, 0), ("left", "center")),
)


def write_supports(
    axes: Axes, tree: TreeNode, across: dict[TreeNode, float], down: dict[TreeNode, float]
) -> int:
    """Print supports of `MIN_SUPPORT` and more beside their nodes, those near the root first.

    The layout of the figure must be settled, since numbers that would cover another are left out.

    Parameters
    ----------
    axes, tree
        Where and what; names of inner nodes are supports in per cent, or none.
    across, down
        As `positions` returns them.

    Returns
    -------
    int
        How many are left out for want of room.

    Raises
    ------
    ValueError
        If the name of an inner node is not a number from 0 to 100.
    """
    taken: list[Bbox] = []
    n_left = 0
    for node in tree.levelorder(include_self=False):
        if node.is_tip() or not node.name:
            continue
        support = _support(node)
        if support < MIN_SUPPORT:
            continue
        n_left += not write_where_free(
            axes,
            f"{support:.0f}",
            (across[node], down[node]),
            _PLACES,
            taken,
            fontsize=5.5,
            color="0.25",
        )
    return n_left


def _support(node: TreeNode) -> float:
    """Return the support that names an inner node."""
    try:
        support = float(node.name)
    except ValueError:
        support = np.nan
    if not 0 <= support <= 100:
        tips = [tip.name for tip in node.tips()]
        raise ValueError(
            f"the tree's inner node above {tips[0]!r} and {tips[-1]!r} is named {node.name!r}, "
            "expected its bootstrap support, a number from 0 to 100"
        )
    return support
