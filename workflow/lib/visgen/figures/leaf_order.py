"""The order of taxa in figures: that of the leaves of their tree."""

from collections.abc import Sequence
from operator import itemgetter

import pandas as pd

from visgen.genetics.trees.rooting import root_at_midpoint
from visgen.genetics.trees.taxon_tree import collapse_unresolved
from visgen.scikit_bio import DistanceMatrix, TreeNode, nj

_FEWEST = 3  # taxa that a tree has


def ladderised(tree: TreeNode) -> TreeNode:
    """Return a copy of a tree whose smaller clades come first, of equals that of the first name."""
    tree = tree.copy()
    size: dict[TreeNode, tuple[int, str]] = {}
    for node in tree.postorder():
        if node.is_tip():
            size[node] = (1, node.name)
            continue
        node.children.sort(key=size.__getitem__)
        below = [size[child] for child in node.children]
        size[node] = (sum(n for n, _ in below), min(name for _, name in below))
    return tree


def leaf_order(distances: DistanceMatrix, groups: pd.Series) -> list[str]:
    """Return the taxa in the order of the leaves of the tree that their distances belong to.

    Neighbour joining finds the tree of path lengths (Saitou & Nei 1987) and one near to other
    distances. It is rooted at its midpoint and ladderised, so that every clade of the tree, or all
    but it, stands together, whatever the names.

    Parameters
    ----------
    distances : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), between the leaves.
    groups : Series
        The group of each taxon, taxon names as index. The order is a ring that has to begin
        somewhere: where the root parts a group, it begins beside that group.

    Returns
    -------
    list of str
        All taxa; where distances are all zero or there are fewer than three taxa, as they were.
    """
    taxa = list(distances.ids)
    if len(taxa) < _FEWEST or not distances.data.any():
        return taxa
    # In units of the largest distance: what is no branch depends on the unit.
    tree = nj(DistanceMatrix(distances.data / distances.data.max(), taxa))
    collapse_unresolved(tree)
    order = [tip.name for tip in ladderised(root_at_midpoint(tree)).tips()]
    members = groups.reindex(order).tolist()
    begin = len(order)
    if members[0] == members[-1] and len(set(members)) > 1:
        begin = next(i for i in range(len(order), 0, -1) if members[i - 1] != members[0])
    return order[begin:] + order[:begin]


def among_relatives(leaves: Sequence[str], taxa: Sequence[str], groups: pd.Series) -> list[str]:
    """Return taxa of which not all are in a tree: those in its order, the others beside relatives.

    Parameters
    ----------
    leaves
        In their order; those that are none of the taxa are left out.
    taxa
        All to be ordered.
    groups : Series
        The group of each taxon, taxon names as index.

    Returns
    -------
    list of str
        A taxon without a place follows the last leaf of its group; one whose group has none comes
        at the end.

    Examples
    --------
    >>> groups = pd.Series({"a1": "A", "a2": "A", "b1": "B", "c1": "C"})
    >>> among_relatives(["a2", "b1"], ["a1", "a2", "b1", "c1"], groups)
    ['a2', 'a1', 'b1', 'c1']
    """
    placed = [taxon for taxon in leaves if taxon in set(taxa)]
    last = {groups[taxon]: i for i, taxon in enumerate(placed)}
    rest = [taxon for taxon in taxa if taxon not in set(placed)]
    behind = [last.get(groups[taxon], len(placed)) for taxon in rest]
    places = [*range(len(placed)), *behind]
    return [
        taxon for _, taxon in sorted(zip(places, [*placed, *rest], strict=True), key=itemgetter(0))
    ]
