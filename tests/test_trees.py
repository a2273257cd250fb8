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


@pytest.mark.parametrize("form", ["{};", "#NEXUS\nbegin trees;\n tree t = [&R] {};\nend;\n"])
def test_deep_tree_of_5000_tips_is_measured(tmp_path, form):
    n_tips = 5000
    text = "(" * (n_tips - 1) + "t0:1" + "".join(f",t{i}:1):1" for i in range(1, n_tips))
    tree = read_tree(write(tmp_path, form.format(text)))
    matrix = patristic_distances(tree, ["t0", "t77", f"t{n_tips - 1}"])
    assert matrix["t0", f"t{n_tips - 1}"] == n_tips


TAXA = "begin taxa;\n dimensions ntax=3;\n taxlabels A 'B b' C;\nend;\n"
TREES = "begin trees;\n tree one = [&R] ((1:1,2:2):3,3:4);\nend;\n"
MESQUITE = """#NEXUS
[written Sat by Mesquite version 3.6]
BEGIN TAXA;
  TITLE Others; TAXLABELS X Y Z W;
END;
BEGIN TAXA;
  TITLE Untitled_Block; TAXLABELS A 'B b' C ;
END;
BEGIN TREES;
  Title Trees;
  LINK Taxa = Untitled_Block;
  {}
  TREE one+ = ((1:1.,2:2)0.9:3.0,3:4)[%color = 5 ];
END;
BEGIN MESQUITECHARMODELS;
  ProbModelSet * UNTITLED = 'Mk1 (est.)': 1 - 10; text = 'don''t; end' it's;
END;
"""
BEAST = """#NEXUS
Begin taxa;
  Taxlabels A[&!color=#ff0000] 'B b' C
  ;
End;
Begin trees;
  Translate
    1 A,
    2 B b,
    3 "C",
    ;
tree STATE_0 [&lnP=-34.6] = [&R] ((1[&rate=1.0]:[&r=0.1]1,2:2E0[&h={1,2}])[&p=1.0]:3,3:4)[&x="a,b"];
End;
"""
SPLITSTREE = """#nexus
BEGIN Taxa;
TAXLABELS
[1] 'A'
[2] 'B b'
[3] 'C'
;
END; [Taxa]
BEGIN Trees;
PROPERTIES rooted=no;
[1] tree 'tree = 1'=((1:1,2:2):3,3:4);
END; [Trees]
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(MESQUITE.format(""), id="numbers of the linked taxa"),
        pytest.param(MESQUITE.format("TRANSLATE [0] 1 A, [1] 2 'B b', [2] 3 C;"), id="mesquite"),
        pytest.param(BEAST, id="annotations, blanks and a last comma in translate"),
        pytest.param(SPLITSTREE, id="splitstree"),
        pytest.param("#NEXUS\n" + TAXA + TREES, id="numbers of taxlabels"),
        pytest.param("[a [b] c]\n#nexus\n" + (TAXA + TREES).upper(), id="upper case"),
        pytest.param("\ufeff#NEXUS\n" + TAXA + TREES, id="byte-order mark"),
        pytest.param(("#NEXUS\n" + TAXA + TREES).replace("\n", "\r\n"), id="crlf"),
        pytest.param(("#NEXUS\n" + TAXA + TREES).replace("\n", "\r"), id="cr"),
        pytest.param(("#NEXUS\n" + TAXA + TREES).replace("end;\n", ""), id="no end"),
        pytest.param(TAXA + TREES, id="no #NEXUS"),
        pytest.param("#NEXUS " + TAXA + TREES.replace("tree one", "utree*one"), id="utree"),
        pytest.param(
            "#NEXUS begin trees; [tree z = (x,y);] tree a=((A:1,[b[c]]B[d]_[e]b:2):3,C:4);",
            id="comments that nest, in names, round a tree",
        ),
    ],
)
def test_nexus_of_every_program_is_the_same_tree(tmp_path, text):
    tree = read_tree(write(tmp_path, text))
    names = [tip.name.upper() for tip in tree.tips()]
    assert names == ["A", "B B", "C"]
    assert [node.length for node in tree.traverse(include_self=False)] == [3, 1, 2, 4]


def test_of_several_trees_the_marked_one_is_read_and_said(tmp_path, caplog):
    caplog.set_level("INFO")
    text = "#NEXUS begin trees; tree a=(A:1,B:1,C:1); tree * b=(A:2,B:1,D:1); end;"
    assert [tip.name for tip in read_tree(write(tmp_path, text)).tips()] == ["A", "B", "D"]
    assert "tree.nwk: 'b' of 2 trees is used: * marks it" in caplog.text


def test_numbers_of_inner_nodes_are_no_taxa(tmp_path):
    text = "#NEXUS begin trees; translate 1 A,2 B,3 C; tree t=((1:1,2:1)3:1,3:1);"
    assert read_tree(write(tmp_path, text)).children[0].name == "3"


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
        ("(A,B,(C,D));", "no branch has a length; expected one"),
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
        ("#NEXUS\nbegin trees;\ntree t = (A:1,(B:1,A:2):1);\nend;\n", "the same taxon 'A'"),
        ("(A:1_0,B:1,C:2);", "line 1: the branch to tip 'A' has length 1_0, expected a number"),
        ("(A:1,\n(B:1,C:2):0x10);", "line 2: .* the ancestor of 'B' and 'C' has length 0x10"),
        ("(A:1 000,B:1,C:2);", "tip 'A' has length 1 000, expected a number"),
        ("(A:1e999,B:1,C:2);", "tip 'A' has length inf, expected a finite number"),
        ("((A:0,5,B:1,5):0,5,C:1,2);", "tip '5' has a number for a name .* decimal comma"),
        ("(A:1:90,B:1,C:2);", "the branch to 'A' has two lengths"),
        ("('A b:1,B:2,C':1,D:1,E:1);", "'A b:1,B:2,C' holds the length of another"),
        ("(A:1(B:1,C:1):1,D:2);", r"'\(' where ',' or '\)' was expected"),
        ("(A:1,B:1))C:2);", r"'\)' outside of all brackets"),
        ("(A:1,B[x:1,C:2);", r"'\[' without its counterpart"),
        ("A;", "expected brackets round the tips"),
        ("<?xml?>\n<phyloxml><phylogeny/></phyloxml>", "it is PhyloXML, expected Newick or Nexus"),
        ('<nex:nexml version="0.9"/>', "it is NeXML"),
        ('{"tree": "(A:1{0},B:1{1},C:1{2});"}', "it is JSON"),
        ("((A:1,#H1:1):1,((B:1)#H1:1,C:1):1);", "tip '#H1' is an inner node too, as in a network"),
        (
            "#NEXUS begin trees; translate 1 A,2 B; tree t=(1:1,2:1,3:1);",
            "tip 3 is a number that neither",
        ),
        ("#NEXUS begin trees; translate 1 A,2; tree t=(1:1,2:1,3:1);", "TRANSLATE gives '2' no"),
        ("#NEXUS begin trees; translate 1 A,1 B;", "TRANSLATE gives '1' 'A' and 'B'"),
        ("#NEXUS begin trees;\ntree t (A:1,B:1,C:1);", "line 2: 'tree t' where a tree"),
        (
            "#NEXUS begin taxa; title X; taxlabels A; end; begin taxa; title Y; taxlabels B; end;"
            "begin trees; link taxa = Z;",
            "LINK names the taxa 'z', expected one of 'x', 'y'",
        ),
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


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Arca noae", "Arca noae"),
        ("Ar[x]ca_noae", "Arca noae"),
        ('"Pecten (L., 1758)"', "Pecten (L., 1758)"),
        ("'''Cichlasoma'''", "'Cichlasoma'"),
        ("'Cichlasoma'", "Cichlasoma"),
        ("'Cichlasoma'_festae", "'Cichlasoma' festae"),
        ("'Cichlasoma' festae", "'Cichlasoma' festae"),
        ("Theraps_'Belize'", "Theraps 'Belize'"),
        ('"Cliona"_tumula', '"Cliona" tumula'),
    ],
)
def test_only_quotes_round_a_whole_label_are_those_of_the_format(tmp_path, label, name):
    nexus = "#NEXUS begin trees; translate 1 {}, 2 X, 3 Y; tree t=(1:1,2:1,3:1);"
    for form in ("({}:1,X:1,Y:1);", "#NEXUS begin trees; tree t=({}:1,X:1,Y:1);", nexus):
        assert next(read_tree(write(tmp_path, form.format(label))).tips()).name == name
