"""The order of taxa in heat maps is that of the leaves of their tree."""

import numpy as np
import pandas as pd
import pytest
from skbio import TreeNode
from skbio.stats.distance import DistanceMatrix
from test_figures_trees import random_tree
from visgen.distances.trees import patristic_distances
from visgen.figures.leaf_order import among_relatives, ladderised, leaf_order
from visgen.figures.taxon_order import taxa_in_order

NO_GROUPS = pd.Series(dtype="str")


def distances(tree, seed=1):
    names = [tip.name for tip in tree.tips()]
    np.random.default_rng(seed).shuffle(names)
    return patristic_distances(tree, names)


def stretches(order, members):
    """Return in how many stretches of a ring the members stand."""
    inside = np.isin(order, list(members))
    return int((inside & ~np.roll(inside, 1)).sum())


@pytest.mark.parametrize("seed", range(4))
def test_every_clade_of_the_tree_stands_together_on_a_ring(seed):
    tree = random_tree(41, seed)
    order = leaf_order(distances(tree, seed), NO_GROUPS)
    assert sorted(order) == sorted(tip.name for tip in tree.tips())
    for node in tree.non_tips():
        assert stretches(order, {tip.name for tip in node.tips()}) == 1


def test_order_is_that_of_the_ladderised_tree_whatever_the_order_of_the_matrix():
    # Ultrametric: the root is the midpoint.
    tree = TreeNode.read(["((z:1,(m:.5,b:.5):.5):2,(y:2,((k:.5,a:.5):.5,c:1):1):1);"])
    expected = [tip.name for tip in ladderised(tree).tips()]
    assert expected == ["z", "b", "m", "y", "c", "a", "k"]
    for seed in range(3):
        assert leaf_order(distances(tree, seed), NO_GROUPS) == expected


def test_the_unit_of_the_distances_does_not_matter():
    x = distances(random_tree(23))
    small = DistanceMatrix(1e-7 * x.data, x.ids)
    assert leaf_order(small, NO_GROUPS) == leaf_order(x, NO_GROUPS)


def test_a_group_that_the_root_parts_stands_together():
    # Half way between the two far tips, both of Arca.
    tree = TreeNode.read(["(((a1:9,a4:1,a5:1):1,(c1:.2,c2:.2):1):1,(a2:9,a3:1):2);"])
    x = distances(tree)
    groups = pd.Series({name: "Chama" if name[0] == "c" else "Arca" for name in x.ids})
    parted, whole = leaf_order(x, NO_GROUPS), leaf_order(x, groups)
    assert [groups[taxon] for taxon in whole] in (
        ["Arca"] * 5 + ["Chama"] * 2,
        ["Chama"] * 2 + ["Arca"] * 5,
    )
    assert groups[parted[0]] == groups[parted[-1]]


@pytest.mark.parametrize("n_taxa", [1, 2, 5])
def test_distances_without_a_tree_leave_the_order_as_it_was(n_taxa):
    names = [f"t{9 - i}" for i in range(n_taxa)]
    x = DistanceMatrix(np.zeros((n_taxa, n_taxa)), names)
    assert leaf_order(x, NO_GROUPS) == names


def test_taxa_without_a_place_stand_beside_their_group_and_strangers_last():
    groups = pd.Series({"a1": "A", "a2": "A", "b1": "B", "b2": "B", "c1": "C", "x": None})
    order = among_relatives(["b2", "z", "a2", "a1"], ["a1", "a2", "b1", "b2", "c1", "x"], groups)
    assert order == ["b2", "b1", "a2", "a1", "c1", "x"]
    assert among_relatives([], ["a1", "c1"], groups) == ["a1", "c1"]


LABELS = pd.DataFrame({
    "genus": ["A", "A", "B", "C", "C"],
    "species": ["a1", "a2", "b1", "c1", "c2"],
})  # fmt: skip
# a1 and c1 are sisters, and so are a2 and b1; c2 is in no tree.
TIPS = DistanceMatrix(
    [[0, 9, 9, 1], [9, 0, 2, 9], [9, 2, 0, 9], [1, 9, 9, 0]], ["a1", "a2", "b1", "c1"]
)


def test_taxa_come_in_the_order_of_the_tree_those_outside_it_beside_relatives():
    order = taxa_in_order(TIPS, LABELS, ["genus", "species"], "species", "species")
    assert sorted(order) == list(LABELS["species"])
    assert order.index("c2") == order.index("c1") + 1  # of its genus
    order.remove("c2")
    assert abs(order.index("a1") - order.index("c1")) == 1
    assert abs(order.index("a2") - order.index("b1")) == 1


def test_taxa_of_a_coarser_rank_come_in_the_order_of_the_tree_too():
    order = taxa_in_order(TIPS, LABELS, ["genus", "species"], "species", "genus")
    assert order[1] == "A"  # between B and C: it is near both


def test_without_a_tree_taxa_come_in_the_order_of_the_taxonomy():
    for tips in (None, DistanceMatrix([[0, 1], [1, 0]], ["x", "y"])):
        order = taxa_in_order(tips, LABELS[::-1], ["genus", "species"], "species", "species")
        assert order == list(LABELS["species"])
