"""Phylogenetic trees: reading, checking, and path lengths between their tips.

A tree is a `skbio.TreeNode` whose tips carry taxon names in the form of `visgen.names`.
"""

import logging
import math
import re
from collections.abc import Iterable
from pathlib import Path

import dendropy

from visgen.names import normalise_taxon, say_hidden
from visgen.scikit_bio import DistanceMatrix, TreeNode

log = logging.getLogger(__name__)

MIN_TIPS = 3
#: Negative lengths of up to this share of the longest branch are what programs leave of a zero.
NOISE = 1e-8
_N_EXAMPLES = 5
# A plain label runs up to what ends one; blanks inside it, and comments after it, are not its own.
_COMMENT_QUOTED_OR_PLAIN = re.compile(
    r"\[[^\]]*\]|'(?:[^']|'')*'|(?P<apostrophe>[^\s'(),:;\[\]]+'[^\s(),:;\[\]]*)"
    r"|[^\s'(),:;\[\]]+"
)
_COMMENT_OR_QUOTED = re.compile(r"\[[^\]]*\]|'(?:[^']|'')*'")


def read_tree(path: str | Path) -> TreeNode:
    """Read the one tree of a Newick or Nexus file and check it.

    The content decides the format: a file that opens with ``#NEXUS`` is Nexus. Labels of inner
    nodes (bootstrap supports, say) are kept as the names of these nodes.

    Parameters
    ----------
    path : path
        A UTF-8 text file with one tree.

    Returns
    -------
    skbio.TreeNode
        The tree; its tips carry names in normal form.

    Raises
    ------
    ValueError
        If the file cannot be read, does not hold exactly one tree, or fails `check_tree`.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        is_nexus = text.lstrip().upper().startswith("#NEXUS")
        trees = _parse_nexus(text) if is_nexus else _parse_newick(text)
    # The parsers fail on foreign text in many ways, IndexError and RecursionError among them.
    except Exception as error:
        start = " ".join(path.read_bytes()[:200].decode("utf-8", errors="replace").split())[:60]
        raise ValueError(
            f"{path}: not a readable Newick or Nexus tree. It starts with {start!r}. "
            f"The parser says: {type(error).__name__}: {error}"
        ) from error
    if len(trees) != 1:
        raise ValueError(f"{path}: holds {len(trees)} trees, expected exactly one")
    tree = trees[0]
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
        raise ValueError(f"{source}: the tree has no branch lengths at all; distances need them")
    if without:
        raise ValueError(
            f"{source}: {len(without)} of {len(branches)} branches have no length: "
            f"{_examples(without)}"
        )
    for node in branches:
        if not math.isfinite(node.length) or node.length < 0:
            raise ValueError(
                f"{source}: the branch to {_describe(node)} has length {node.length}, "
                "expected a finite number that is not negative"
            )
    if not any(node.length for node in branches):
        raise ValueError(f"{source}: every branch length is zero")


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


def _parse_newick(text: str) -> list[TreeNode]:
    """Parse Newick text; scikit-bio copes with trees of any depth but reads one tree only."""
    statements = _split_statements(_with_apostrophes(text))
    # verify=False: the sniffer only adds a warning to the parser's error.
    options = {"format": "newick", "convert_underscores": False, "verify": False}
    return [TreeNode.read([statement], **options) for statement in statements]


def _with_apostrophes(text: str) -> str:
    """Put a label that has an apostrophe but no quotes, such as Burton's_perch, into quotes.

    A label is quoted where the quote is its first character; inside another it is a letter.
    """

    def quoted(part: re.Match) -> str:
        return "'" + part[0].replace("'", "''") + "'" if part["apostrophe"] else part[0]

    return _COMMENT_QUOTED_OR_PLAIN.sub(quoted, text)


def _split_statements(text: str) -> list[str]:
    """Cut Newick text after each semicolon that is neither quoted nor in a comment."""
    masked = _COMMENT_OR_QUOTED.sub(lambda match: "x" * len(match[0]), text)
    ends = [match.end() for match in re.finditer(";", masked)] or [len(text)]
    statements = [text[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    rest = text[ends[-1] :]
    return [*statements, rest] if rest.strip() else statements


def _parse_nexus(text: str) -> list[TreeNode]:
    """Parse Nexus text with DendroPy, translate table and all."""
    trees = dendropy.TreeList.get(
        data=text,
        schema="nexus",
        case_sensitive_taxon_labels=True,
        taxon_namespace=dendropy.TaxonNamespace(is_case_sensitive=True),
    )
    return [_from_dendropy(tree) for tree in trees]


def _from_dendropy(tree: dendropy.Tree) -> TreeNode:
    """Return the scikit-bio form of a DendroPy tree."""
    made = {}
    for node in tree.postorder_node_iter():
        name = node.taxon.label if node.taxon else node.label
        children = [made.pop(child) for child in node.child_node_iter()]
        made[node] = TreeNode(name=name, length=node.edge.length, children=children)
    return made[tree.seed_node]


def _check_tip_names(tips: list[TreeNode], source: str) -> None:
    seen = {}
    for position, tip in enumerate(tips, start=1):
        name = normalise_taxon(tip.name or "")
        if not name:
            raise ValueError(f"{source}: tip {position} of {len(tips)} has no name")
        if name in seen:
            raise ValueError(
                f"{source}: two tips are the same taxon {name!r}: {seen[name]!r} and {tip.name!r}"
            )
        seen[name] = tip.name


def _describe(node: TreeNode) -> str:
    """Name a node by itself if it is a tip, else by its first and last tip."""
    if node.is_tip():
        return f"tip {node.name!r}"
    tips = [tip.name for tip in node.tips()]
    return f"the ancestor of {tips[0]!r} and {tips[-1]!r}"


def _examples(nodes: list[TreeNode]) -> str:
    # Tips first: a user finds them in the file by name.
    described = [_describe(node) for node in sorted(nodes, key=lambda node: not node.is_tip())]
    more = f" and {len(described) - _N_EXAMPLES} more" if len(described) > _N_EXAMPLES else ""
    return ", ".join(described[:_N_EXAMPLES]) + more
