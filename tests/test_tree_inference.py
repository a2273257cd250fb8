import shutil
from pathlib import Path

import dendropy
import numpy as np
import pandas as pd
import pytest
from Bio.SeqIO.FastaIO import SimpleFastaParser
from skbio import TreeNode
from skbio.tree import nj
from visgen.distances.trees import patristic_distances, read_tree
from visgen.genetics.scores.monophyly import clades, monophyletic
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.trees.alignment import align
from visgen.genetics.trees.engines import infer_tree
from visgen.genetics.trees.iqtree import COMMANDS, iqtree_command, parse_iqtree_report
from visgen.genetics.trees.neighbour_joining import neighbour_joining
from visgen.genetics.trees.raxml import (
    modeltest_command,
    parse_modeltest,
    raxml_command,
)
from visgen.genetics.trees.rooting import root_at_midpoint, root_by_outgroup
from visgen.genetics.trees.sequence_distances import sequence_distances
from visgen.genetics.trees.taxon_tree import collapse_unresolved, tree_of_taxa, write_tree
from visgen.names import normalise_taxon

SHARED = Path(__file__).parents[2] / "shared" / "data" / "foram_rdna"
IQTREE = any(shutil.which(command) for command in COMMANDS)
needs_iqtree = pytest.mark.skipif(not IQTREE, reason="IQ-TREE is not installed")
OPTIONS = {"search": "full", "bootstraps": 0, "outgroup": [], "seed": 1, "threads": 1}

# Unrooted; the branch above (A,B) has support 90, that above (C,D) 80, that above both 70.
NEWICK = "(E:1,F:2,((A:1,B:1)90:2,(C:3,D:4)80:1)70:5);"
BRANCHES = {frozenset("AB"): 90, frozenset("CD"): 80, frozenset("EF"): 70}


def parse(newick):
    tree = TreeNode.read([newick], convert_underscores=False)
    tree.assign_supports()
    return tree


def supports(tree):
    """Return the support of each inner branch, by the smaller side, and check both at the root."""
    found = {}
    for node in tree.non_tips():
        found.setdefault(node.bipart(), set()).add(node.support)
    found = {side: values for side, values in found.items() if len(side) > 1}
    assert all(len(values) == 1 for values in found.values()), found
    return {side: values.pop() for side, values in found.items()}


def random_tree(n_tips, rng):
    parts = [f"t{i}:{rng.random():.6f}" for i in range(n_tips)]
    support = 0
    while len(parts) > 3:
        first, second = (parts.pop(rng.integers(len(parts))) for _ in range(2))
        support += 1
        parts.append(f"({first},{second}){support}:{rng.random():.6f}")
    return parse(f"({','.join(parts)});")


def evolved(n_sites=180, seed=3):
    """Four pairs of sister species and what they evolved from; a tree that no method misses."""
    rng = np.random.default_rng(seed)

    def mutate(row, rate):
        hit = rng.random(n_sites) < rate
        return np.where(hit, rng.choice(list("ACGT"), n_sites), row)

    root = rng.choice(list("ACGT"), n_sites)
    rows = []
    for genus in ("Alba", "Beta", "Gamma", "Delta"):
        ancestor = mutate(root, 0.15)
        for number, epithet in enumerate(("prima", "d'orbignyi-nova")):
            name = f"{genus[0]}|{number};'x("
            rows.append(Sequence(name, f"{genus} {epithet}", "".join(mutate(ancestor, 0.06))))
    return rows


# --- rooting


@pytest.mark.parametrize(
    "outgroup", ["E", "EF", "AB", "CD", "ABCD", "ABEF", "F", "D", "BCDEF"], ids=str
)
def test_rooting_by_outgroup_keeps_supports_on_their_branches(outgroup):
    rooted = root_by_outgroup(parse(NEWICK), list(outgroup))
    assert len(rooted.children) == 2
    sides = [set(child.subset(include_self=True)) for child in rooted.children]
    assert set(outgroup) in sides
    assert supports(rooted) == BRANCHES
    first, second = (child.length for child in rooted.children)
    assert first == second
    assert patristic_distances(rooted).data == pytest.approx(
        patristic_distances(parse(NEWICK)).data
    )


def test_rooting_moves_no_support_and_no_path_of_a_larger_tree():
    tree = random_tree(31, np.random.default_rng(7))
    expected, paths = supports(tree), patristic_distances(tree).data
    for node in list(tree.postorder(include_self=False)):
        inside = [tip.name for tip in node.tips(include_self=True)]
        rooted = root_by_outgroup(tree, inside)
        assert supports(rooted) == expected
        np.testing.assert_allclose(patristic_distances(rooted).data, paths, atol=1e-12)
    rooted = root_at_midpoint(tree)
    assert supports(rooted) == expected
    np.testing.assert_allclose(patristic_distances(rooted).data, paths, atol=1e-12)


def test_no_tree_is_too_deep_to_be_rooted():
    n_tips = 3001
    text = "(" * (n_tips - 2) + "t0:1" + "".join(f",t{i}:1)99:1" for i in range(1, n_tips - 2))
    tree = parse(text + f",t{n_tips - 2}:1,t{n_tips - 1}:1);")
    for rooted in (
        root_at_midpoint(tree),
        root_by_outgroup(tree, ["t0", "t1"]),
        root_by_outgroup(tree, [f"t{n_tips - 1}", f"t{n_tips - 2}"]),
    ):
        assert collapse_unresolved(rooted) == 0
        ends = ["t0", "t1", f"t{n_tips - 1}"]
        assert patristic_distances(rooted, ends).condensed_form().tolist() == [
            *(2, n_tips - 1, n_tips - 1),
        ]


def test_an_outgroup_that_is_not_together_is_refused():
    with pytest.raises(ValueError, match=r"outgroup: the 2 sequences .* not together.*\(A, C\)"):
        root_by_outgroup(parse(NEWICK), ["A", "C"])


def test_an_outgroup_of_all_tips_is_refused():
    with pytest.raises(ValueError, match="6 of 6 tips are in the outgroup"):
        root_by_outgroup(parse(NEWICK), "ABCDEF")


def test_the_midpoint_is_half_way_between_the_tips_farthest_apart():
    # By hand: D to F is 4 + 1 + 5 + 2 = 12, so the root is 6 from D: 1 above the ancestor of A-D.
    rooted = root_at_midpoint(parse(NEWICK))
    lengths = {frozenset(node.subset()): node.length for node in rooted.children}
    assert lengths == {frozenset("ABCD"): 1, frozenset("EF"): 4}
    assert supports(rooted) == BRANCHES


@pytest.mark.parametrize("seed", range(20))
def test_the_midpoint_equals_that_of_all_pairs(seed):
    tree = random_tree(13, np.random.default_rng(seed))
    rooted = root_at_midpoint(tree)
    depths = sorted(tip.distance(rooted) for tip in rooted.tips())
    longest = patristic_distances(tree).data.max()
    assert depths[-1] == pytest.approx(longest / 2)
    deepest = [max(t.distance(rooted) for t in c.tips(include_self=True)) for c in rooted.children]
    assert sorted(deepest)[-2] == pytest.approx(longest / 2)


@pytest.mark.parametrize("scale", [1, 0.1, 1 / 3])
def test_a_midpoint_on_a_node_cuts_no_branch(scale):
    lengths = [scale, scale, scale, 0.5 * scale]
    star = "(" + ",".join(f"{name}:{length!r}" for name, length in zip("ABCD", lengths)) + ");"  # noqa: B905
    rooted = root_at_midpoint(parse(star))
    assert sorted(child.name for child in rooted.children) == list("ABCD")


def test_halves_that_are_equal_but_for_rounding_meet_at_their_node():
    # By hand: A to D is 0.1 + 0.5 + 0.6, so the root is the inner node; the sums miss by a last
    # bit, at which root_at_midpoint of scikit-bio 0.7.4 climbs past the root and fails.
    rooted = root_at_midpoint(parse("(D:0.6000000000000001,(A:0.1,B:0)63:0.5,C:0.3);"))
    sides = {"".join(sorted(child.subset(include_self=True))) for child in rooted.children}
    assert sides == {"AB", "C", "D"}


def test_a_tree_without_lengths_has_no_midpoint():
    with pytest.raises(ValueError, match="all sequences are the same"):
        root_at_midpoint(parse("(A:0,B:0,(C:0,D:0):0);"))


# --- from sequences to taxa


def test_pruning_to_representatives_keeps_paths_and_the_larger_of_merged_supports():
    tree = parse("(((a1:1,a2:2)99:3,(b1:1,(c1:2,c2:1)60:1)95:2)70:1,((d1:1,e1:2)80:4,d2:1)90:2);")
    chosen = {"a2": "A a", "b1": "B b", "c1": "C c", "d1": "D d", "e1": "E e"}
    pruned = tree_of_taxa(tree, chosen)
    # By hand: a2 keeps 2 + 3; c1 keeps 2 + 1; the branches of d and e merge to 4 + 2.
    paths = patristic_distances(pruned)
    assert paths["A a", "B b"] == 5 + 2 + 1
    assert paths["B b", "C c"] == 1 + 3
    assert paths["D d", "E e"] == 3
    assert paths["A a", "D d"] == 5 + 1 + 2 + 4 + 1
    assert all(len(node.children) > 1 for node in pruned.non_tips(include_self=True))
    # The branch to (d, e) is 70 on one side of the root, 80 and 90 on the other.
    assert supports(pruned) == {frozenset({"B b", "C c"}): 95, frozenset({"D d", "E e"}): 90}
    assert tree.count(tips=True) == 8  # the tree itself is as it was


def test_a_representative_that_is_not_in_the_tree_is_refused():
    with pytest.raises(ValueError, match="sequence 'x' is not in the tree"):
        tree_of_taxa(parse(NEWICK), {"A": "T", "x": "U"})


def test_supports_are_written_as_names_of_inner_nodes(tmp_path):
    tree = parse(NEWICK.replace(")90", ")33.3333333"))
    write_tree(tmp_path / "tree.nwk", tree)
    text = (tmp_path / "tree.nwk").read_text()
    assert text == "(E:1.0,F:2.0,((A:1.0,B:1.0)33.3333:2.0,(C:3.0,D:4.0)80:1.0)70:5.0);\n"
    assert supports(tree)[frozenset("CD")] == 80  # the tree itself is as it was


def test_a_tree_comes_back_from_its_file_with_any_name(tmp_path):
    names = [
        *("Globigerinoides ruber-albus", "Beta d'orbignyi", "Gamma (Delta) nova", "Eta cf. iota"),
        *("Theta: kappa", "Lambda, mu; nu", "Xi [rho]", "Sigma × tau"),
    ]
    tree = random_tree(8, np.random.default_rng(2))
    for tip, name in zip(tree.tips(), names, strict=True):
        tip.name = name
    rooted = root_at_midpoint(tree)
    write_tree(tmp_path / "tree.nwk", rooted)
    back = read_tree(tmp_path / "tree.nwk")
    assert [tip.name for tip in back.tips()] == [tip.name for tip in rooted.tips()]
    assert patristic_distances(back) == patristic_distances(rooted)
    back.assign_supports()
    assert supports(back) == supports(tree)
    assert len(back.children) == 2
    oracle = dendropy.Tree.get(path=tmp_path / "tree.nwk", schema="newick")
    assert {taxon.label for taxon in oracle.taxon_namespace} == set(names)


def test_names_of_sequences_keep_their_underscores(tmp_path):
    tree = parse("('a_1':1,'b|2':1,c.3-x:1);")
    write_tree(tmp_path / "tree.nwk", tree)
    assert (tmp_path / "tree.nwk").read_text() == "('a_1':1.0,'b|2':1.0,c.3-x:1.0);\n"


# --- neighbour joining


def test_neighbour_joining_finds_the_tree_and_certain_branches_have_full_support():
    alignment = evolved()
    tree, facts = neighbour_joining(alignment, "K2P", 20, seed=1)
    pairs = [frozenset(one.name for one in alignment[i : i + 2]) for i in range(0, 8, 2)]
    found = supports(tree)
    assert [found[pair] for pair in pairs] == [100, 100, 100, 100]
    assert facts == {"bootstraps_used": 20}
    assert tree.compare_biparts(nj(sequence_distances(alignment, "K2P"))) == 0


def test_supports_equal_a_slow_count_over_bootstrap_trees():
    alignment = [one._replace(bases=one.bases[:23]) for one in evolved()]
    n, n_boot = 23, 11
    tree, facts = neighbour_joining(alignment, "p", n_boot, seed=5)
    rng = np.random.default_rng(5)
    trees = []
    for _ in range(n_boot):
        columns = rng.integers(n, size=n)
        rows = [one._replace(bases="".join(one.bases[c] for c in columns)) for one in alignment]
        trees.append(nj(sequence_distances(rows, "p")))
    found = supports(tree)
    assert facts == {"bootstraps_used": n_boot}
    assert len(set(found.values())) > 2
    for side, support in found.items():
        with_it = sum(
            any(node.bipart() == side and node.length > 2e-6 for node in other.non_tips())
            for other in trees
        )
        assert support == pytest.approx(100 * with_it / n_boot)


def test_no_branch_is_negative_and_the_same_seed_gives_the_same_tree(tmp_path):
    alignment = [one._replace(bases=one.bases[:31]) for one in evolved(seed=8)]
    for name in ("first", "second"):
        tree, _ = neighbour_joining(alignment, "p", 5, seed=2)
        assert min(node.length for node in tree.traverse(include_self=False)) >= 0
        write_tree(tmp_path / name, root_at_midpoint(tree))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_samples_without_all_distances_are_left_out_and_counted():
    # Sequences x and y share three sites of twelve; many samples miss all three.
    rows = [
        ("x", "ACGTACG-----"),
        ("y", "----ACTTACGT"),
        ("v", "ACGTACGTACGA"),
        ("w", "ACCTACGTACCA"),
    ]
    alignment = [Sequence(name, name, bases) for name, bases in rows]
    _, facts = neighbour_joining(alignment, "p", 200, seed=1)
    # A sample misses three of twelve columns with probability (9/12)^12 = .032.
    assert 200 * (1 - 0.08) < facts["bootstraps_used"] < 200


def test_identical_sequences_stand_at_distance_zero():
    alignment = evolved()
    alignment.append(alignment[2]._replace(name="copy", taxon="Beta copia"))
    found = infer_tree(alignment, engine="nj", model="auto", **OPTIONS | {"bootstraps": 3})
    assert patristic_distances(found.taxa)["Beta copia", "Beta prima"] == 0


# --- branches that no data resolve


def with_two_genera_of_one_sequence():
    """Alba and Beta, three species each, all of one sequence; Gamma and Delta are clades."""
    rows = evolved()
    same = rows[0].bases
    alike = [
        Sequence(f"{genus}{number}", f"{genus} {epithet}", same)
        for genus in ("Alba", "Beta")
        for number, epithet in enumerate(("prima", "secunda", "tertia"))
    ]
    return alike + rows[4:]


ENGINES_HERE = ["nj", pytest.param("iqtree", marks=needs_iqtree)]


@pytest.mark.parametrize("engine", ENGINES_HERE)
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
@pytest.mark.parametrize("outgroup", [[], ["Delta prima", "Delta d'orbignyi-nova"]], ids=len)
def test_genera_without_information_are_no_clades(tmp_path, engine, order, outgroup):
    alignment = with_two_genera_of_one_sequence()
    if order == "shuffled":
        alignment = [alignment[i] for i in np.random.default_rng(4).permutation(len(alignment))]
    options = OPTIONS | {"outgroup": outgroup, "bootstraps": 5 if engine == "nj" else 0}
    model = "auto" if engine == "nj" else "JC"
    found = infer_tree(alignment, engine=engine, model=model, **options)
    same = frozenset(one.taxon for one in alignment if one.taxon[0] in "AB")
    write_tree(tmp_path / "tree.nwk", found.taxa)
    tree = read_tree(tmp_path / "tree.nwk")
    found_clades = clades(tree)
    assert same in found_clades
    assert [clade for clade in found_clades if clade < same] == []
    genera = pd.Series({tip.name: tip.name.split()[0] for tip in tree.tips()})
    assert monophyletic(found_clades, genera).to_dict() == {
        "Alba": False,
        "Beta": False,
        "Delta": True,
        "Gamma": True,
    }
    # Six tips without order have four inner branches below their own.
    assert found.model.set_index("key")["text"]["collapsed"] == "4"


def test_a_branch_without_length_has_no_support_in_a_bootstrap_tree():
    # One column of 40 parts x, y from v, w: samples without it, .36 of them, have no branch.
    rows = {"x": "A", "y": "A", "v": "G", "w": "G"}
    alignment = [Sequence(name, name, "ACGT" * 10 + base) for name, base in rows.items()]
    tree, _ = neighbour_joining(alignment, "p", 400, seed=1)
    (support,) = supports(tree).values()
    assert support == pytest.approx(100 * (1 - (40 / 41) ** 41), abs=8)


@pytest.mark.parametrize("scale", [0, 1e-6])
def test_collapsing_takes_inner_branches_without_length_and_keeps_the_others(scale):
    tree = parse(f"(((A:0,B:1)90:{scale},C:2)80:3,((D:1,E:1)70:{scale},F:1)60:2);")
    assert collapse_unresolved(tree) == 2
    assert clades(tree) == {frozenset("ABC"), frozenset("DEF")}
    assert [node.support for node in tree.non_tips()] == [80, 60]
    assert patristic_distances(tree)["A", "F"] == 3 + 2 + 1
    assert tree.lca(["A", "B"]).children[0].length is not None


@pytest.mark.parametrize(
    ("newick", "n", "expected"),
    [
        # The halves of a branch of 3e-6 are short, the branch is not.
        ("((A:1,B:1):1.5e-6,(C:1,D:1):1.5e-6);", 0, {"AB", "CD"}),
        ("((A:1,B:1):0,(C:1,D:1):1);", 0, {"AB", "CD"}),
        ("((A:1,B:1):1e-6,(C:1,D:1):1e-6);", 1, set()),
        ("((A:1,(B:1,C:1):1):0,D:0);", 1, {"BC"}),
    ],
)
def test_the_two_branches_at_the_root_are_one(newick, n, expected):
    tree = parse(newick)
    assert collapse_unresolved(tree) == n
    assert clades(tree) == set(map(frozenset, expected))
    assert all(node.length is not None for node in tree.traverse(include_self=False))


# --- engines behind one function


def test_tips_are_sequences_in_one_tree_and_taxa_in_the_other(tmp_path):
    alignment = evolved()
    alignment.append(alignment[0]._replace(name="again"))
    alignment[0] = alignment[0]._replace(bases="N" + alignment[0].bases[1:])  # not the best
    options = OPTIONS | {"outgroup": ["Delta prima", "Delta d'orbignyi-nova"], "bootstraps": 5}
    found = infer_tree(alignment, engine="nj", model="JC69", **options)
    assert {tip.name for tip in found.sequences.tips()} == {one.name for one in alignment}
    assert {tip.name for tip in found.taxa.tips()} == {one.taxon for one in alignment}
    delta = {"Delta prima", "Delta d'orbignyi-nova"}
    assert delta in [child.subset() for child in found.taxa.children]
    model = found.model.set_index("key")["text"].to_dict()
    assert model == {
        "engine": "nj",
        "model": "JC69",
        "bootstraps_used": "5",
        "bootstraps": "5",
        "seed": "1",
        "root": "Delta prima, Delta d'orbignyi-nova",
        "collapsed": "0",
        "n_sequences": "9",
        "n_taxa": "8",
        "n_sites": "180",
    }
    write_tree(tmp_path / "tree.nwk", found.taxa)
    assert {tip.name for tip in read_tree(tmp_path / "tree.nwk").tips()} == {
        one.taxon for one in alignment
    }


def test_an_outgroup_is_found_under_any_form_of_its_name():
    options = {"engine": "nj", "model": "auto", **OPTIONS}
    plain = infer_tree(evolved(), **options | {"outgroup": ["Delta prima"]})
    other = infer_tree(evolved(), **options | {"outgroup": ["'Delta_prima' "]})
    assert other.model.equals(plain.model)
    assert str(other.taxa) == str(plain.taxa)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": "mrbayes"}, "genetics.tree.engine is 'mrbayes', expected one of iqtree, raxml"),
        ({"model": "GTR"}, "genetics.tree.model is 'GTR'; with the engine nj, expected auto or"),
        ({"outgroup": ["Zeta nulla"]}, "outgroup: no sequence of 'Zeta nulla' is in the alignment"),
        ({"outgroup": ["Alba prima", "Beta prima"]}, "not together"),
    ],
    ids=["engine", "model", "absent", "apart"],
)
def test_what_cannot_be_done_is_refused_with_its_key(change, message):
    options = {"engine": "nj", "model": "auto", **OPTIONS} | change
    with pytest.raises(ValueError, match=message):
        infer_tree(evolved(), **options)


def test_three_taxa_are_too_few():
    with pytest.raises(ValueError, match="at least 4 taxa, the alignment has 4 sequences of 3"):
        alignment = evolved()[:3]
        alignment.append(alignment[0]._replace(name="again"))
        infer_tree(alignment, engine="nj", model="auto", **OPTIONS)


# --- IQ-TREE


def test_the_command_of_iqtree():
    options = {"search": "full", "bootstraps": 0, "seed": 5, "threads": 2}
    plain = ["iqtree2", "-s", "a.fasta", "--seqtype", "DNA", "--prefix", "tree"]
    end = ["--seed", "5", "-T", "2"]
    assert iqtree_command("iqtree2", "a.fasta", model="auto", **options) == [
        *plain,
        *("-m", "MFP"),
        *end,
    ]
    options |= {"search": "fast", "bootstraps": 7}
    assert iqtree_command("iqtree2", "a.fasta", model="HKY+F+G4", **options) == [
        *plain,
        *("-m", "HKY+F+G4", "--fast", "-b", "7"),
        *end,
    ]


def test_a_report_without_a_likelihood_is_refused():
    with pytest.raises(ValueError, match="does not tell log_likelihood"):
        parse_iqtree_report("Model of substitution: JC\n")


@needs_iqtree
def test_iqtree_infers_the_tree_with_identical_sequences_and_awkward_names():
    alignment = evolved()
    alignment.append(alignment[2]._replace(name="[copy]:1,2", taxon="Beta copia"))
    options = OPTIONS | {"bootstraps": 2, "outgroup": ["Alba prima", "Alba d'orbignyi-nova"]}
    found = infer_tree(alignment, engine="iqtree", model="JC", **options)
    assert {tip.name for tip in found.sequences.tips()} == {one.name for one in alignment}
    clades = found.taxa.subsets()
    assert frozenset({"Gamma prima", "Gamma d'orbignyi-nova"}) in clades
    assert frozenset({"Beta prima", "Beta d'orbignyi-nova", "Beta copia"}) in clades
    assert set(supports(found.taxa).values()) <= {0, 50, 100, None}
    assert patristic_distances(found.taxa)["Beta copia", "Beta prima"] < 1e-5
    model = found.model.set_index("key")["text"]
    assert model["program"].startswith("IQ-TREE ")
    assert model["model"] == "JC"
    assert float(model["log_likelihood"]) < 0 < float(model["bic"])


@needs_iqtree
def test_the_error_of_iqtree_is_passed_on():
    with pytest.raises(ValueError, match=r"(?s)iqtree.* failed with .*\nERROR: .*NOMODEL$"):
        infer_tree(evolved(), engine="iqtree", model="NOMODEL", **OPTIONS)


# --- RAxML-NG, by stand-ins that record their arguments and write what the programs write

MODELTEST = """
Best model according to BIC
---------------------------
Model:              TIM3+I

Commands:
  > phyml  -i alignment.fasta -m 012032
  > raxml-ng --msa alignment.fasta --model TIM3+I
  > iqtree -s alignment.fasta -m TIM3+I

Best model according to AIC
---------------------------
Commands:
  > raxml-ng --msa alignment.fasta --model GTR+I
"""


def test_the_model_that_is_best_by_bic_is_read():
    assert parse_modeltest(MODELTEST) == "TIM3+I"
    with pytest.raises(ValueError, match="no section 'Best model according to BIC'"):
        parse_modeltest(MODELTEST.replace("BIC", "AICc"))


def test_the_commands_of_raxml_and_modeltest():
    options = {"model": "GTR+G", "search": "full", "seed": 3, "threads": 2}
    end = [
        *("--msa", "a.fasta", "--msa-format", "FASTA", "--data-type", "DNA", "--model", "GTR+G"),
        *("--prefix", "tree", "--seed", "3", "--threads", "2", "--force", "perf_threads"),
    ]
    assert raxml_command("raxml-ng", "a.fasta", bootstraps=0, **options) == [
        "raxml-ng",
        "--search",
        *end,
    ]
    assert raxml_command("raxml-ng", "a.fasta", bootstraps=11, **options) == [
        *("raxml-ng", "--all", "--bs-trees", "11", "--bs-metric", "fbp"),
        *end,
    ]
    options["search"] = "fast"
    assert raxml_command("raxml-ng", "a.fasta", bootstraps=0, **options) == [
        *("raxml-ng", "--search", "--tree", "pars{1}"),
        *end,
    ]
    assert modeltest_command("modeltest-ng", "a.fasta", seed=3, threads=2) == [
        *("modeltest-ng", "-i", "a.fasta", "-d", "nt", "-o", "models", "-p", "2", "-r", "3")
    ]


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """Put a raxml-ng and a modeltest-ng on the PATH; return where they note their arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    notes = tmp_path / "notes.txt"
    (tmp_path / "models.txt").write_text(MODELTEST)
    newick = "(s0001:1,s0002:1,((s0003:1,s0004:1)90:1,(s0005:1,s0006:1)80:1)70:3);"
    log = "RAxML-NG v. 1.2.2 released\\nFinal LogLikelihood: -123.456000\\n"
    for name, lines in {
        "raxml-ng": f"""echo raxml-ng "$@" >> {notes}
printf '{log}' > tree.raxml.log
echo '{newick}' > tree.raxml.support
echo '{newick.replace("90", "").replace("80", "").replace("70", "")}' > tree.raxml.bestTree
""",
        "modeltest-ng": f"""echo modeltest-ng "$@" >> {notes}
cat {tmp_path / "models.txt"} > models.out
""",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{lines}")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return notes


def test_raxml_gets_the_model_of_modeltest_and_its_tree_is_taken(stand_ins):
    alignment = evolved()[:6]
    options = OPTIONS | {"bootstraps": 13}
    found = infer_tree(alignment, engine="raxml-ng", model="auto", **options)
    first, second = stand_ins.read_text().splitlines()
    assert first.startswith("modeltest-ng -i alignment.fasta -d nt")
    assert "raxml-ng --all --bs-trees 13" in second
    assert "--model TIM3+I" in second
    by_taxon = {frozenset(one.taxon for one in alignment[i : i + 2]): i for i in (0, 2, 4)}
    assert supports(found.taxa) == dict(zip(by_taxon, (70, 90, 80), strict=True))
    model = found.model.set_index("key")["text"]
    assert model["program"] == "RAxML-NG v. 1.2.2"
    assert model["model"] == "TIM3+I"
    assert model["log_likelihood"] == "-123.456000"


def test_raxml_without_bootstraps_searches_with_the_given_model(stand_ins):
    found = infer_tree(evolved()[:6], engine="raxml-ng", model="GTR+G", **OPTIONS)
    assert stand_ins.read_text().startswith("raxml-ng --search --msa alignment.fasta")
    assert set(supports(found.taxa).values()) == {None}


def test_a_tree_of_other_tips_is_not_believed(stand_ins):
    with pytest.raises(ValueError, match="raxml-ng returned a tree of other tips"):
        infer_tree(evolved(), engine="raxml-ng", model="GTR+G", **OPTIONS)


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("iqtree", "genetics.tree.engine: iqtree needs the command iqtree3 or iqtree2 or iqtree"),
        ("raxml-ng", "genetics.tree.engine: raxml-ng needs the command raxml-ng"),
    ],
)
def test_a_missing_engine_is_told(monkeypatch, tmp_path, engine, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=message):
        infer_tree(evolved(), engine=engine, model="auto", **OPTIONS)


@pytest.fixture(scope="module")
def forams():
    """One aligned sequence of each of 39 species of planktic foraminifera, and their clades."""
    if not SHARED.exists():
        pytest.skip("real data not there: shared beside the checkout")
    if not shutil.which("mafft"):
        pytest.skip("mafft is not installed")
    sequences, clades = [], {}
    with (SHARED / "sequences.fasta").open() as file:
        for header, bases in SimpleFastaParser(file):
            name, _, taxon, clade = header.split("|")
            taxon = normalise_taxon(taxon)
            clades[taxon] = clade
            sequences.append(Sequence(name, taxon, bases.upper()))
    alignment, _ = align(sequences, "mafft", "representative", threads=2)
    return alignment, clades


SISTERS = [
    ("Globorotalia tumida", "Globorotalia ungulata"),
    ("Globigerinella siphonifera", "Globigerinella radians"),
    ("Globoquadrina conglomerata", "Globorotaloides hexagonus"),
    ("Candeina nitida", "Globigerinita glutinata"),
]


@pytest.mark.slow
def test_neighbour_joining_finds_sister_species_of_forams(forams):
    alignment, clades = forams
    found = infer_tree(alignment, engine="nj", model="K2P", **OPTIONS | {"bootstraps": 100})
    assert {tip.name for tip in found.taxa.tips()} == set(clades)
    found = supports(found.taxa)
    assert min(found.get(frozenset(pair), 0) for pair in SISTERS) >= 90
