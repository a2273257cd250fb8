"""Phylogenetic trees: reading, checking, and path lengths between their tips.

A tree is a `skbio.TreeNode` whose tips carry taxon names in the form of `visgen.names`.
"""

import logging
import math
import re
from collections.abc import Iterable
from pathlib import Path

from visgen.distances.newick import describe, grow, statements_of
from visgen.distances.nexus import find_trees, grow_named, is_nexus
from visgen.encodings import read_text
from visgen.names import normalise_taxon, say_hidden
from visgen.scikit_bio import DistanceMatrix, TreeNode

log = logging.getLogger(__name__)

MIN_TIPS = 3
#: Negative lengths of up to this share of the longest branch are what programs leave of a zero.
NOISE = 1e-8
_N_EXAMPLES = 5
#: What extended Newick (Cardona et al. 2008) puts behind the name of a node with two ancestors.
_RETICULATION = re.compile(r"#[A-Za-z]*\d+$")


def read_tree(path: str | Path) -> TreeNode:
    """Read the one tree of a Newick or Nexus file and check it.

    The content decides the format: a file that opens with ``#NEXUS`` or has a block of trees is
    Nexus. Of several trees in Nexus, the one that ``*`` marks as the default is read, and the log
    says so. Labels of inner nodes (bootstrap supports, say) are kept as the names of these nodes.

    Parameters
    ----------
    path : path
        As `visgen.encodings.read_text` takes it.

    Returns
    -------
    skbio.TreeNode
        The tree; its tips carry names in normal form.

    Raises
    ------
    ValueError
        If the file is no such text, does not hold exactly one tree or one that is marked, holds
        a network, or fails `check_tree`.
    """
    path = Path(path)
    try:
        _refuse_other_formats(path.read_bytes()[:1000].decode("utf-8", errors="replace"))
        text = read_text(path)
        tree, n_trees = _nexus_tree(text, path) if is_nexus(text) else _newick_tree(text)
    except ValueError as error:
        start = " ".join(path.read_bytes()[:200].decode("utf-8", errors="replace").split())[:60]
        why = str(error).removeprefix(f"{path}: ")
        raise ValueError(
            f"{path}: not a readable Newick or Nexus tree (it starts with {start!r}): {why}"
        ) from None
    if n_trees != 1:
        raise ValueError(
            f"{path}: holds {n_trees} trees, expected exactly one "
            "(in Nexus several, where * marks one: tree * name = ...)"
        )
    _refuse_network(tree, str(path))
    _round_off(tree, str(path))
    check_tree(tree, str(path))
    say_hidden((tip.name for tip in tree.tips()), str(path))
    for tip in tree.tips():
        tip.name = normalise_taxon(tip.name)
    return tree


def check_tree(tree: TreeNode, source: str) -> None:
    """Refuse a tree from which path lengths between taxa cannot be measured.

    The branch above the root is on no path between tips; it may have no length.

    Parameters
    ----------
    tree : skbio.TreeNode
        The tree.
    source : str
        What to call the tree in an error, for instance its file.

    Raises
    ------
    ValueError
        If there are fewer than three tips, a tip without a name, two tips of the same name in
        normal form, a branch without a length, a length that is negative or not finite, or if
        every length is zero.
    """
    tips = list(tree.tips())
    if len(tips) < MIN_TIPS:
        raise ValueError(f"{source}: the tree has {len(tips)} tips, expected at least {MIN_TIPS}")
    _check_tip_names(tips, source)

    branches = list(tree.traverse(include_self=False))
    without = [node for node in branches if node.length is None]
    if len(without) == len(branches):
        raise ValueError(f"{source}: no branch has a length; expected one of every branch")
    if without:
        raise ValueError(
            f"{source}: {len(without)} of {len(branches)} branches have no length: "
            f"{_examples(without)}; expected one of every branch"
        )
    for node in branches:
        if not math.isfinite(node.length) or node.length < 0:
            raise ValueError(
                f"{source}: the branch to {describe(node)} has length {node.length}, "
                "expected a finite number that is not negative"
            )
    if not any(node.length for node in branches):
        raise ValueError(f"{source}: every branch length is zero, expected others too")


def _round_off(tree: TreeNode, source: str) -> None:
    """Set negative lengths that are rounding noise beside the longest to zero, and say so."""
    branches = [node for node in tree.traverse(include_self=False) if node.length is not None]
    longest = max((abs(node.length) for node in branches), default=0.0)
    noise = [node for node in branches if -NOISE * longest <= node.length < 0]
    if noise:
        described = _examples(noise)
        log.info("%s: negative branch lengths taken as 0: %s", source, described)
    for node in noise:
        node.length = 0.0


def patristic_distances(tree: TreeNode, taxa: Iterable[str] | None = None) -> DistanceMatrix:
    """Return the path lengths between the tips of a tree.

    Parameters
    ----------
    tree : skbio.TreeNode
        A tree that passes `check_tree`. The rank of its tips is for the caller to know.
    taxa : iterable of str, optional
        The tips to measure; all tips when not given. Paths keep their full length: leaving out
        other tips does not change them.

    Returns
    -------
    skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), in the unit of the branch lengths, ids sorted by name.

    Raises
    ------
    ValueError
        If the tree fails `check_tree` or a wanted taxon is not one of its tips.

    Examples
    --------
    >>> newick = "((Arca_noae:1,Barbatia_barbata:2):3,Pinna_nobilis:4);"
    >>> distances = patristic_distances(TreeNode.read([newick], format="newick"))
    >>> distances.ids
    ('Arca noae', 'Barbatia barbata', 'Pinna nobilis')
    >>> distances.data.tolist()
    [[0.0, 3.0, 8.0], [3.0, 0.0, 9.0], [8.0, 9.0, 0.0]]
    """
    check_tree(tree, "tree")
    tips = {tip.name for tip in tree.tips()}
    wanted = tips if taxa is None else set(taxa)
    if absent := sorted(wanted - tips):
        raise ValueError(f"{len(absent)} taxa are not tips of the tree: {absent[:_N_EXAMPLES]}")
    return tree.cophenet(endpoints=sorted(wanted))


def _refuse_other_formats(text: str) -> None:
    start = text.lstrip("\ufeff \t\r\n").casefold()
    if start.startswith(("<", "{")):
        named = {"phyloxml": "PhyloXML", "nexml": "NeXML", "<": "XML or HTML", "{": "JSON"}
        kind = next(name for sign, name in named.items() if sign in start)
        raise ValueError(f"it is {kind}, expected Newick or Nexus")


def _refuse_network(tree: TreeNode, source: str) -> None:
    # a tip by the name of an inner node, which has its second ancestor there
    inner = {node.name for node in tree.traverse() if node.children}
    for tip in tree.tips():
        if tip.name in inner and _RETICULATION.search(tip.name or ""):
            raise ValueError(
                f"{source}: tip {tip.name!r} is an inner node too, as in a network; expected a "
                "tree, in which every tip has one ancestor"
            )


def _newick_tree(text: str) -> tuple[TreeNode, int]:
    """Return the first tree of Newick text, and the number of trees."""
    statements = list(statements_of(text))
    if not statements:
        raise ValueError("there is nothing in it, expected a tree")
    return grow(statements[0]), len(statements)


def _nexus_tree(text: str, source: Path) -> tuple[TreeNode | None, int]:
    """Return the first of the trees that may be meant, and their number: one if one has a ``*``."""
    trees = find_trees(text)
    marked = [tree for tree in trees if tree.is_default]
    if len(marked) == 1 and len(trees) > 1:
        log.info("%s: %r of %d trees is used: * marks it", source, marked[0].name, len(trees))
        trees = marked
    return (grow_named(trees[0]) if trees else None), len(trees)


def _check_tip_names(tips: list[TreeNode], source: str) -> None:
    seen = {}
    for position, tip in enumerate(tips, start=1):
        name = normalise_taxon(tip.name or "")
        if not name:
            raise ValueError(f"{source}: tip {position} of {len(tips)} has no name, expected one")
        if name in seen:
            raise ValueError(
                f"{source}: two tips are the same taxon {name!r}: {seen[name]!r} and {tip.name!r}; "
                "expected one"
            )
        seen[name] = tip.name


def _examples(nodes: list[TreeNode]) -> str:
    # Tips first: a user finds them in the file by name.
    first = sorted(nodes, key=lambda node: not node.is_tip())[:_N_EXAMPLES]
    more = f" and {len(nodes) - _N_EXAMPLES} more" if len(nodes) > _N_EXAMPLES else ""
    return ", ".join(map(describe, first)) + more
