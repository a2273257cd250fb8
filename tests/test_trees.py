from pathlib import Path

import dendropy
import numpy as np
import pytest
from visgen.distances.trees import check_tree, patristic_distances, read_tree

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason=f"real data not there: {SHARED.name} beside the checkout"
)

NEWICK = "((A:1,B:2)90:3,(C:4,'D d':5):6,E_e:7);"
NEXUS = """#NEXUS
[made by hand]
begin trees;
  translate 1 A, 2 B, 3 C, 4 'D d', 5 E_e;
  tree one = [&R] ((1:1[&rate=2],2:2)90:3,(3:4,4:5):6,5:7);
end;
"""
# Path lengths of NEWICK by hand.
BY_HAND = {
    ("A", "B"): 3,
    ("A", "C"): 14,
    ("A", "D d"): 15,
    ("A", "E e"): 11,
    ("B", "C"): 15,
    ("B", "D d"): 16,
    ("B", "E e"): 12,
    ("C", "D d"): 9,
    ("C", "E e"): 17,
    ("D d", "E e"): 18,
}


def write(tmp_path, text, name="tree.nwk"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def random_newick(n_tips, rng):
    """Return the Newick text of a random tree; the tips are named t0, t1, ..."""
    parts = [f"t{i}" for i in range(n_tips)]
    while len(parts) > 1:
        first, second = (parts.pop(rng.integers(len(parts))) for _ in range(2))
        parts.append(f"({first}:{rng.random():.6f},{second}:{rng.random():.6f})")
    return parts[0] + ";"


@pytest.mark.parametrize("text", [NEWICK, NEXUS], ids=["newick", "nexus"])
def test_path_lengths_equal_those_by_hand_in_both_formats(tmp_path, text):
    matrix = patristic_distances(read_tree(write(tmp_path, text)))
    assert matrix.ids == ("A", "B", "C", "D d", "E e")
    assert {pair: matrix[pair] for pair in BY_HAND} == BY_HAND


def test_path_lengths_equal_those_of_dendropy(tmp_path):
    text = random_newick(53, np.random.default_rng(3))
    matrix = patristic_distances(read_tree(write(tmp_path, text)))
    tree = dendropy.Tree.get(data=text, schema="newick")
    oracle = tree.phylogenetic_distance_matrix()
    taxa = {taxon.label: taxon for taxon in tree.taxon_namespace}
    for first in matrix.ids:
        for second in matrix.ids:
            expected = oracle.patristic_distance(taxa[first], taxa[second])
            assert matrix[first, second] == pytest.approx(expected, abs=1e-12)


def test_pruning_keeps_path_lengths(tmp_path):
    tree = read_tree(write(tmp_path, random_newick(43, np.random.default_rng(5))))
    wanted = ["t31", "t2", "t7", "t11"]
    pruned = patristic_distances(tree, wanted)
    assert pruned.ids == tuple(sorted(wanted))
    np.testing.assert_array_equal(
        pruned.data, patristic_distances(tree).filter(sorted(wanted)).data
    )


def test_inner_node_named_like_a_tip_is_not_measured(tmp_path):
    tree = read_tree(write(tmp_path, "((A:1,B:2)A:3,C:4,D:5);"))
    assert patristic_distances(tree, ["A", "C"])["A", "C"] == 8


def test_deep_tree_of_5000_tips_is_measured(tmp_path):
    n_tips = 5000
    text = "(" * (n_tips - 1) + "t0:1" + "".join(f",t{i}:1):1" for i in range(1, n_tips)) + ";"
    tree = read_tree(write(tmp_path, text))
    matrix = patristic_distances(tree)
    assert matrix["t0", f"t{n_tips - 1}"] == n_tips


def test_names_are_matched_in_normal_form(tmp_path):
    tree = read_tree(write(tmp_path, "\ufeff(Arca_noae:1,'Arca  zebra':1,Arca_é[a;b]:2);\n"))
    assert sorted(tip.name for tip in tree.tips()) == ["Arca noae", "Arca zebra", "Arca é"]


def test_quoted_semicolon_does_not_end_the_tree(tmp_path):
    tree = read_tree(write(tmp_path, "('A;x':1,B:1,C:1);"))
    assert next(tree.tips()).name == "A;x"


def test_labels_of_inner_nodes_are_kept(tmp_path):
    for text in (NEWICK, NEXUS):
        tree = read_tree(write(tmp_path, text))
        assert tree.lca(["A", "B"]).name == "90"


def test_root_branch_may_lack_or_have_a_length(tmp_path):
    read_tree(write(tmp_path, "(A:1,B:1,C:1);"))
    assert patristic_distances(read_tree(write(tmp_path, "(A:1,B:1,C:1):9;")))["A", "B"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(A,B,(C,D));", "no branch lengths at all"),
        ("(A:1,B,(C:1,D));", "3 of 5 .*: tip 'B', tip 'D', the ancestor of 'C' and 'D'"),
        ("(A:1,B:1,(C:1,D:2));", "1 of 5 .*: the ancestor of 'C' and 'D'"),
        ("(A:1,B:-0.5,C:1);", "tip 'B' has length -0.5"),
        ("(A:1,B:-1e-7,C:1);", "tip 'B' has length -1e-07"),
        ("(A:1,B:1,(C:1,D:2):-3);", "the ancestor of 'C' and 'D' has length -3.0"),
        ("(A:1,B:nan,C:1);", "tip 'B' has length nan"),
        ("(A:0,B:0,C:0);", "every branch length is zero"),
        ("(A_b:1,'A b':1,C:1);", "the same taxon 'A b': 'A_b' and 'A b'"),
        ("(A:1,:1,C:1);", "tip 2 of 3 has no name"),
        ("(A:1,B:1);", "has 2 tips, expected at least 3"),
        ("(A:1,B:1,C:1);(A:1,B:1,C:1);", "holds 2 trees"),
        ("name,order\n1,2\n", "starts with 'name,order 1,2'"),
        ("(A:1,B:1,(C:1", "not a readable Newick or Nexus tree"),
        ("", "not a readable"),
        (NEXUS.replace("end;", "  tree two = (1:1,2:1,3:1);\nend;"), "holds 2 trees"),
        ("#NEXUS\nbegin taxa;\ndimensions ntax=1;\ntaxlabels A;\nend;\n", "holds 0 trees"),
        ("#NEXUS\nbegin trees;\ntree t = (A:1,(B:1,A:2):1);\nend;\n", "not a readable.*: A"),
    ],
)
def test_unusable_tree_is_refused_with_file_and_reason(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_tree(write(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path / "tree.nwk"))


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / "tree.nwk"
    path.write_bytes(b"\xff\xd8\xff\xe0 JFIF")
    with pytest.raises(ValueError, match=r"not a readable Newick.*JFIF"):
        read_tree(path)


def test_unknown_taxon_is_refused(tmp_path):
    tree = read_tree(write(tmp_path, NEWICK))
    with pytest.raises(ValueError, match=r"1 taxa are not tips of the tree: \['Zz'\]"):
        patristic_distances(tree, ["A", "B", "Zz"])


def test_check_names_the_source(tmp_path):
    tree = read_tree(write(tmp_path, NEWICK))
    tree.find("A").length = -1.0
    with pytest.raises(ValueError, match=r"^inferred tree: the branch to tip 'A'"):
        check_tree(tree, "inferred tree")


@needs_shared
def test_moth_families_are_ultrametric():
    matrix = patristic_distances(read_tree(SHARED / "moths" / "families.nwk"))
    assert matrix.shape == (83, 83)
    assert matrix["Hydroptilidae", "Helicopsychidae"] == pytest.approx(2 * 2.152195, abs=2e-6)


def test_a_length_that_rounding_made_negative_is_zero_and_said(tmp_path, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "tree.nwk"
    path.write_text("((A:-1.7e-13,B:2):3,C:4);")
    distances = patristic_distances(read_tree(path))
    assert distances["A", "B"] == 2 and distances["A", "C"] == 7
    assert "negative branch lengths taken as 0: tip 'A'" in caplog.text


def test_an_apostrophe_inside_a_label_without_quotes_is_a_letter(tmp_path):
    path = tmp_path / "tree.nwk"
    labels = ["Burton's_perch:1", "Zebra:1", "Brichard's_'x'_cichlid:2", "'it''s [a] (b)':2"]
    path.write_text(f"(({','.join(labels[:3])}):1,{labels[3]},D:1);")
    names = [tip.name for tip in read_tree(path).tips()]
    assert names == ["Burton's perch", "Zebra", "Brichard's 'x' cichlid", "it's [a] (b)", "D"]
