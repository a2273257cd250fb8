"""From a tree of sequences to a tree of taxa, and trees on disk."""

import re
from collections.abc import Mapping
from pathlib import Path

from skbio import TreeNode

_PLAIN = re.compile(r"(?:[^\W_]|[ .-])+")  # letters, digits and what no program gives a meaning


def tree_of_taxa(tree: TreeNode, representatives: Mapping[str, str]) -> TreeNode:
    """Return the rooted tree of the representatives, with tips named after their taxa.

    Path lengths stay as they are. Where the other sequences of a taxon go, several branches may
    become one, which gets the largest of their supports: each bootstrap tree with one of these
    branches has the merged one.

    Parameters
    ----------
    tree
        Rooted, tips are names of sequences, supports in the attribute ``support``.
    representatives
        The taxon of each sequence that stays.

    Returns
    -------
    TreeNode
        A new tree.

    Raises
    ------
    ValueError
        If a representative is not in the tree.
    """
    tips = {tip.name for tip in tree.tips()}
    if absent := sorted(set(representatives) - tips):
        raise ValueError(f"sequence {absent[0]!r} is not in the tree")
    kept = set(representatives)
    supports = {}
    for node, side in _sides(tree, kept):
        if node.support is not None:
            supports[side] = max(node.support, supports.get(side, node.support))
    pruned = tree.shear(kept)
    pruned.length = None
    for node, side in _sides(pruned, kept):
        node.support = supports.get(side)
    for tip in pruned.tips():
        tip.name = representatives[tip.name]
    return pruned


def write_tree(path: str | Path, tree: TreeNode) -> None:
    """Write a tree as Newick; inner nodes are named after the support of the branch above.

    Parameters
    ----------
    path
        The file to write.
    tree
        Supports, in per cent, in the attribute ``support``.
    """
    text: dict[TreeNode, str] = {}
    for node in tree.postorder(include_self=True):
        if node.is_tip():
            written = _quoted(node.name)
        else:
            support = "" if node.support is None else f"{node.support:g}"
            written = f"({','.join(text.pop(child) for child in node.children)}){support}"
        text[node] = written if node.length is None else f"{written}:{float(node.length)!r}"
    Path(path).write_text(text[tree] + ";\n", encoding="utf-8", newline="\n")


def _quoted(name: str) -> str:
    """Return a name as Newick has it: an underscore for a blank, quotes round anything odd.

    scikit-bio leaves a name with an apostrophe unquoted, which other programs misread.
    """
    if _PLAIN.fullmatch(name):
        return name.replace(" ", "_")
    return "'" + name.replace("'", "''") + "'"


def _sides(tree: TreeNode, kept: set[str]) -> list[tuple[TreeNode, frozenset[str]]]:
    """Return each inner branch, by the node below, with the part of the tips that it cuts off.

    Of the two parts the one without the first tip: a branch has the same one however the tree
    is rooted. Branches that cut off one tip or none of those kept are left out.
    """
    first = min(kept)
    found, below = [], {}
    for node in tree.postorder(include_self=False):
        if node.is_tip():
            below[node] = frozenset([node.name]) & kept
            continue
        below[node] = frozenset().union(*(below.pop(child) for child in node.children))
        side = kept - below[node] if first in below[node] else below[node]
        if 1 < len(side) < len(kept) - 1:
            found.append((node, frozenset(side)))
    return found
