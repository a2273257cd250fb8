"""Decision trees as flat arrays: all nodes of all trees, one tree after the other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from visgen.classification.classifiers.kept.checks import check_numbers, check_places


def flatten_tree(tree: Any) -> dict[str, np.ndarray]:
    """Return one tree of scikit-learn (its ``tree_``) as arrays of their own.

    Returns
    -------
    dict
        ``tree.roots`` (n_trees,), the node that each tree begins with. Of each node
        ``tree.feature``, the column that a branch looks at; ``tree.threshold``, up to which an
        image goes left; ``tree.left`` and ``tree.right``, the nodes to go to, of a leaf itself.
        ``tree.first`` (n_nodes + 1,), where the shares of each node begin; branches have none. Of
        each share ``tree.taxon``, the place of its taxon among those present, and ``tree.share``;
        taxa without a share in a leaf are left out.
    """
    is_leaf, node = tree.children_left < 0, np.arange(tree.node_count)
    # Most leaves are of one taxon: all shares of all leaves would be far larger than the nodes.
    shares = sparse.csr_array(np.where(is_leaf[:, None], tree.value[:, 0, :], 0))
    return {
        "tree.roots": np.zeros(1, np.int64),
        "tree.feature": np.where(is_leaf, 0, tree.feature).astype(np.int32),
        "tree.threshold": np.array(tree.threshold, np.float64),
        "tree.left": np.where(is_leaf, node, tree.children_left).astype(np.int32),
        "tree.right": np.where(is_leaf, node, tree.children_right).astype(np.int32),
        "tree.first": shares.indptr.astype(np.int64),
        "tree.taxon": shares.indices.astype(np.int32),
        "tree.share": shares.data,
    }


def join_trees(trees: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the arrays of all trees, numbers of nodes and places of shares shifted."""
    joined = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
    n_nodes = np.array([len(tree["tree.feature"]) for tree in trees])
    joined["tree.roots"] = np.cumsum(n_nodes) - n_nodes
    shift = np.repeat(joined["tree.roots"], n_nodes)
    for side in ("tree.left", "tree.right"):
        joined[side] = (joined[side] + shift).astype(np.int32)
    n_shares = np.concatenate([np.diff(tree["tree.first"]) for tree in trees])
    joined["tree.first"] = np.concatenate([[0], np.cumsum(n_shares)])
    return joined


def check_trees(tensors: Mapping[str, np.ndarray], n_columns: int, n_present: int) -> None:
    """Refuse trees in which an image would not reach a leaf with shares.

    Raises
    ------
    ValueError
        If an array is missing or does not fit, or a branch leads back or nowhere.
    """
    check_numbers(tensors, "tree.threshold", (None,))
    n_nodes = len(tensors["tree.threshold"])
    check_places(tensors, "tree.roots", (None,), n_nodes)
    check_places(tensors, "tree.feature", (n_nodes,), n_columns)
    check_numbers(tensors, "tree.share", (None,))
    n_shares = len(tensors["tree.share"])
    check_places(tensors, "tree.taxon", (n_shares,), n_present)
    check_places(tensors, "tree.first", (n_nodes + 1,), n_shares + 1)
    for side in ("tree.left", "tree.right"):
        check_places(tensors, side, (n_nodes,), n_nodes)
    left, right, node = tensors["tree.left"], tensors["tree.right"], np.arange(n_nodes)
    is_leaf = left == node
    onward = np.where(is_leaf, right == node, (left > node) & (right > node))
    n_own = np.diff(tensors["tree.first"])
    onward &= np.where(is_leaf, n_own > 0, n_own == 0)
    if not onward.all() or not len(tensors["tree.roots"]):
        where = "no tree" if onward.all() else f"node {np.argmin(onward)}, which leads nowhere"
        raise ValueError(
            f"the trees of a kept classifier have {where}, expected branches to two nodes behind "
            "them and leaves with shares"
        )


def trees_asked(
    tensors: Mapping[str, np.ndarray], n_present: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives the (n_images, n_present) mean shares of (n_images, n_columns) float32."""
    feature, threshold = tensors["tree.feature"], tensors["tree.threshold"]
    left, right, roots = tensors["tree.left"], tensors["tree.right"], tensors["tree.roots"]
    parts = tensors["tree.share"], tensors["tree.taxon"], tensors["tree.first"]
    shares = sparse.csr_array(parts, shape=(len(feature), n_present))

    def ask(x: np.ndarray) -> np.ndarray:
        row = np.repeat(np.arange(len(x)), len(roots))
        node = np.tile(roots, len(x))  # (n_images * n_trees,)
        moving = np.flatnonzero(left[node] != node)
        while len(moving):
            at = node[moving]
            # float32 against float64, as scikit-learn compares.
            goes_left = x[row[moving], feature[at]] <= threshold[at]
            node[moving] = np.where(goes_left, left[at], right[at])
            moving = moving[left[node[moving]] != node[moving]]
        first = np.arange(0, len(node) + 1, len(roots))
        reached = sparse.csr_array((np.ones(len(node)), node, first), (len(x), len(feature)))
        return (reached @ shares).toarray() / len(roots)

    return ask
