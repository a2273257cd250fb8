"""Where an unrooted tree is given its root. Supports belong to branches and stay with them.

Copies are rooted in place: scikit-bio's way to root into a new tree recurses as deep as the tree.
"""

from collections.abc import Collection

from visgen.scikit_bio import TreeError, TreeNode

_ROUNDING = 1e-9  # of the longest path


def root_by_outgroup(tree: TreeNode, outgroup: Collection[str]) -> TreeNode:
    """Root a tree in the middle of the branch between some tips and all others.

    Parameters
    ----------
    tree
        Supports in the attribute ``support``.
    outgroup
        Names of tips.

    Returns
    -------
    TreeNode
        A new tree; both branches at its root carry the support of the branch they were.

    Raises
    ------
    ValueError
        If the outgroup is empty, all of the tips, or not on one side of a branch.
    """
    tips = [tip.name for tip in tree.tips()]
    inside = sorted(set(tips) & set(outgroup))
    if not inside or len(inside) == len(tips):
        raise ValueError(
            f"config key genetics.tree.outgroup: {len(inside)} of {len(tips)} tips are in the "
            "outgroup; expected some, but not all"
        )
    try:
        return tree.copy().root_by_outgroup(inside, inplace=True)
    except TreeError as error:
        examples = ", ".join(inside[:5]) + (" ..." if len(inside) > 5 else "")
        raise ValueError(
            f"config key genetics.tree.outgroup: the {len(inside)} sequences of the outgroup are "
            f"not together: no branch of the tree parts them from all others ({examples}); name "
            "other taxa, or none for the midpoint"
        ) from error


def root_at_midpoint(tree: TreeNode) -> TreeNode:
    """Root a tree half way between the two tips farthest apart (Farris 1972).

    Where the midpoint is a node, this node is the root and no branch is cut. scikit-bio's method
    of the same name can climb past the root when the halves differ by rounding, so the climb is
    done here.

    Parameters
    ----------
    tree
        With branch lengths; supports in the attribute ``support``.

    Returns
    -------
    TreeNode
        A new tree.

    Raises
    ------
    ValueError
        If all path lengths are zero.
    """
    tree = tree.copy()
    tree.unroot()
    longest, ends = tree.maxdist()
    if longest == 0:
        raise ValueError("all sequences are the same: the tree has no midpoint to root it at")
    ancestor = tree.lca(ends)
    node = max(ends, key=lambda tip: tip.distance(ancestor))
    left = longest / 2
    while node.parent is not ancestor and node.length < left - _ROUNDING * longest:
        left -= node.length
        node = node.parent
    if abs(node.length - left) <= _ROUNDING * longest:
        rooted = tree.root_at(node.parent, reset=False, inplace=True)
        rooted.length = rooted.support = None
        return rooted
    return tree.root_at(node, above=left, reset=False, inplace=True)
