import dendropy
import numpy as np
import pandas as pd
import pytest
from dendropy.calculate.treecompare import symmetric_difference
from scipy.stats import pearsonr
from skbio import TreeNode
from visgen.distances.trees import patristic_distances
from visgen.genetics.scores import tree_comparison
from visgen.genetics.scores.monophyly import clades, monophyletic, score_monophyly
from visgen.genetics.scores.tree_comparison import (
    _shuffled,
    _smaller,
    clades_found,
    compare_trees,
    robinson_foulds,
)


def parse(newick):
    return TreeNode.read([newick])


def random_newick(n_tips, seed):
    rng = np.random.default_rng(seed)
    parts = [f"t{i}" for i in range(n_tips)]
    while len(parts) > 1:
        first, second = (parts.pop(rng.integers(len(parts))) for _ in range(2))
        parts.append(f"({first}:{rng.random():.6f},{second}:{rng.random():.6f})")
    return parts[0] + ";"


def scores(rows, role="score"):
    chosen = [row for row in rows if row.get("role", "score") == role]
    return {(row["evaluator"], row["metric"]): row for row in chosen}


FIRST = "(((a:1,b:1):1,(c:1,d:1):1):1,(e:1,(f:1,g:2):1):1);"
# Shares ab and cd (and abcd); has eg in the place of fg.
SECOND = "((((a:1,b:2):1,(c:1,d:1):1):1,f:1):1,(e:1,g:2):1);"


def test_distance_and_shared_clades_equal_those_by_hand():
    found = scores(compare_trees(parse(FIRST), parse(SECOND), permutations=99, seed=1))
    # Inner branches, unrooted: ab, cd, efg, fg and ab, cd, efg, eg.
    rf = found["tree_comparison", "robinson_foulds"]
    assert (rf["value"], rf["n"]) == (2 / 8, 7)
    assert found["tree_comparison", "clades_found"]["value"] == 3 / 4


def test_a_polytomy_in_the_given_tree_counts_only_its_own_clades():
    given = "((a:1,b:1):1,c:1,d:1,(e:1,f:1,g:2):1);"
    found = scores(compare_trees(parse(FIRST), parse(given), permutations=9, seed=1))
    assert found["tree_comparison", "clades_found"]["value"] == 1
    # ab and efg are in both; cd and fg in the first only.
    assert found["tree_comparison", "robinson_foulds"]["value"] == 2 / 6


@pytest.mark.parametrize("seed", range(5))
def test_distance_equals_that_of_dendropy(seed):
    first, second = random_newick(17, seed), random_newick(17, seed + 100)
    names = dendropy.TaxonNamespace()
    trees = [
        dendropy.Tree.get(data=f"[&U]{text}", schema="newick", taxon_namespace=names)
        for text in (first, second)
    ]
    expected = symmetric_difference(*trees) / (2 * (17 - 3))
    found = scores(compare_trees(parse(first), parse(second), permutations=9, seed=1))
    assert found["tree_comparison", "robinson_foulds"]["value"] == pytest.approx(expected)


def test_only_shared_taxa_count_and_roots_do_not():
    # SECOND rerooted above a, with two more taxa in it.
    moved = "(a:1,(b:2,((c:1,d:1):1,(((e:1,g:2):1,x:1):1,(f:1,y:3):0.5):1):1):1);"
    plain = scores(compare_trees(parse(FIRST), parse(SECOND), permutations=9, seed=1))
    found = scores(compare_trees(parse(FIRST), parse(moved), permutations=9, seed=1))
    for metric in ("robinson_foulds", "clades_found"):
        key = ("tree_comparison", metric)
        assert found[key]["value"] == plain[key]["value"]
        assert found[key]["n"] == 7


def test_path_lengths_are_correlated_over_pairs():
    found = scores(compare_trees(parse(FIRST), parse(SECOND), permutations=99, seed=1))
    x, y = (patristic_distances(parse(text)).condensed_form() for text in (FIRST, SECOND))
    row = found["tree_comparison", "pearson"]
    assert row["value"] == pytest.approx(pearsonr(x, y).statistic)
    assert "ci_low" not in row  # taxa that are left out in turn tell nothing of it
    assert ("tree_comparison", "spearman") in found


def test_shuffled_tips_give_what_shuffled_trees_give():
    first, second = parse(FIRST), parse(SECOND)
    taxa = sorted(tip.name for tip in first.tips())
    shuffles = _shuffled(first.biparts(), taxa, seed=5)
    null = [robinson_foulds(branches, second.biparts()) for branches in shuffles]
    rng = np.random.default_rng(5)
    expected = []
    for _ in range(len(null)):
        name = dict(zip(taxa, rng.permutation(taxa), strict=True))
        shuffled = first.copy()
        for tip in shuffled.tips():
            tip.name = str(name[tip.name])
        expected.append(shuffled.compare_rfd(second, proportion=True, rooted=False))
    assert null == pytest.approx(expected)


def test_the_smaller_part_is_that_of_scikit_bio_and_names_decide_between_equal_ones_only():
    tree = parse("((a:1,b:1):1,((c:1,d:1):1,e:1):1,f:1);")
    everyone = frozenset("abcdef")
    for node in tree.non_tips():
        part = frozenset(node.subset())
        for side in (part, everyone - part):
            assert _smaller(side, everyone) == node.bipart()

    class Unordered(str):
        def __lt__(self, other):
            raise AssertionError("names of parts of different size are compared")

    names = frozenset(map(Unordered, "abcde"))
    part = frozenset(sorted(names, key=str.__hash__)[:2])
    assert _smaller(part, names) == part
    assert _smaller(names - part, names) == part


def test_both_measures_come_from_the_same_shuffles(monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return _shuffled(*arguments)

    monkeypatch.setattr(tree_comparison, "_shuffled", counted)
    compare_trees(parse(FIRST), parse(SECOND), permutations=9, seed=1)
    assert len(calls) == 1


def test_an_equal_tree_is_better_than_shuffled_ones():
    tree = random_newick(11, 3)
    rows = compare_trees(parse(tree), parse(tree), permutations=99, seed=1)
    found = scores(rows)
    assert found["tree_comparison", "robinson_foulds"]["p"] == 0.01
    assert found["tree_comparison", "clades_found"]["value"] == 1
    null = scores(rows, "expected")["tree_comparison", "robinson_foulds"]
    assert null["against"] == "shuffled_tips"
    assert 0.7 < null["ci_low"] <= null["value"] <= null["ci_high"] <= 1


def test_trees_that_share_four_taxa_are_not_compared():
    other = "(a:1,b:1,c:1,d:1,x:1,y:1);"
    assert compare_trees(parse(FIRST), parse(other), permutations=9, seed=1) == []


def test_a_star_tree_has_no_clades_to_find(caplog):
    star = "(a:1,b:1,c:1,d:1,e:1,f:1,g:1);"
    with caplog.at_level("INFO"):
        assert compare_trees(parse(FIRST), parse(star), permutations=9, seed=1) == []
    assert "no Mantel test of path lengths" in caplog.text


def test_measures_of_sets_of_branches():
    ours, theirs = frozenset([1, 2, 3]), frozenset([3, 4])
    assert robinson_foulds(ours, theirs) == 3 / 5
    assert clades_found(ours, theirs) == 1 / 2


# --- monophyly

GROUPS = pd.Series({"a": "A", "b": "A", "c": "C", "d": "C", "e": "E", "f": "C", "g": "G"})


def test_groups_that_are_clades_of_the_rooted_tree_are_found():
    found = monophyletic(clades(parse(FIRST)), GROUPS)
    assert found.to_dict() == {"A": True, "C": False}


def test_a_group_parted_by_the_root_is_no_clade():
    rooted_within = "(a:1,(b:1,((c:1,d:1):1,(e:1,(f:1,g:1):1):1):1):1);"
    assert not monophyletic(clades(parse(rooted_within)), GROUPS)["A"]


def test_a_group_of_all_tips_and_groups_of_one_say_nothing():
    assert monophyletic(clades(parse(FIRST)), pd.Series("all", list("abcdefg"))).empty
    assert monophyletic(clades(parse(FIRST)), pd.Series(list("ABCDEFG"), list("abcdefg"))).empty


def test_taxa_without_a_group_are_no_intruders():
    groups = GROUPS.drop("e").replace({"f": "F"})
    groups["f"] = groups["g"] = "F"
    groups["e"] = None
    groups["h"] = "F"  # not in the tree
    tree = parse("(((a:1,e:1):1,b:1):1,((c:1,d:1):1,(f:1,g:2):1):1);")
    value, null = score_monophyly(tree, groups, seed=1)
    assert (value["value"], value["n"], value["evaluator"]) == (1, 3, "monophyly")
    assert (null["evaluator"], null["role"], null["against"]) == (
        *("monophyly", "expected", "shuffled_tips"),
    )
    assert null["ci_low"] <= null["value"] <= null["ci_high"]


def test_the_null_is_the_share_under_all_orders():
    # Two pairs on a tree of two pairs: of the 3 ways to pair four taxa one has both as clades.
    groups = pd.Series({"a": "A", "b": "A", "c": "C", "d": "C"})
    value, null = score_monophyly(parse("((a:1,b:1):1,(c:1,d:1):1);"), groups, seed=1)
    assert value["value"] == 1
    assert null["value"] == pytest.approx(1 / 3, abs=0.05)
    assert value["p"] == pytest.approx(1 / 3, abs=0.05)


def test_no_group_to_test_gives_no_score():
    groups = pd.Series({"a": "A", "b": None, "c": "C"})
    assert score_monophyly(parse(FIRST), groups, seed=1) == []
    groups = pd.Series(list("ABCDEFG"), list("abcdefg"))
    assert score_monophyly(parse(FIRST), groups, seed=1) == []
