"""From a tree of sequences to a tree of taxa: what data resolve, tips of taxa, files."""

import re
from collections.abc import Mapping
from pathlib import Path

from visgen.scikit_bio import TreeNode

#: Inner branches up to this, in substitutions per site, are none; programs write 1e-6 for zero.
UNRESOLVED = 2e-6
_PLAIN = re.compile(r"(?:[^\W_]|[ .-])+")  # letters, digits and what no program gives a meaning


def collapse_unresolved(tree: TreeNode) -> int:
    """Take out the inner branches that no substitution supports, in place.

    Where sequences are the same, every way to resolve them is as good: which one a program
    writes follows from the order of its input. Their branches become one polytomy, and paths
    through them shorter by the length taken out.

    Parameters
    ----------
    tree
        With branch lengths. The two branches at a bifurcating root count as the one that they
        are halves of.

    Returns
    -------
    int
        How many branches were taken out.
    """
    halves = set(tree.children) if len(tree.children) == 2 else set()
    whole = sum(half.length for half in halves)
    unresolved = [
        node for node in tree.non_tips() if (whole if node in halves else node.length) <= UNRESOLVED
    ]
    for node in unresolved:
        parent, children = node.parent, list(node.children)
        # scikit-bio's `unpack` leaves no length where it is zero
        parent.remove(node, uncache=False)
        parent.extend(children, uncache=False)
    tree.clear_caches()
    return len(unresolved) - bool(halves and halves <= set(unresolved))


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
