from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import (
    cosine_distances,
    load_distances,
    match_taxa,
    tidy,
    write_distances,
)
from visgen.distances.reading import read_distances
from visgen.distances.study_names import read_study_distances, read_study_tree
from visgen.distances.trees import patristic_distances

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason=f"real data not there: {SHARED.name} beside the checkout"
)

GOOD = "x,A_a,B,C\nA_a,0,1,2.5\nB,1,0,3\nC,2.5,3,0\n"
EXPECTED = [[0, 1, 2.5], [1, 0, 3], [2.5, 3, 0]]


def write(tmp_path, text):
    path = tmp_path / "given.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("x,", ",", 1),
        GOOD.replace("x,", "", 1),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";"),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD + "\n\n",
        GOOD.replace("A_a", '"A a"'),
        '"A a" "B" "C"\n"A a" 0 1 2.5\n"B" 1 0 3\n"C" 2.5 3 0\n',
        "x,C,A a,B\nA a,2.5,0,1\nB,3,1,0\nC,0,2.5,3\n",
        "      A_a   B   C\nA_a   0.0 1.0 2.5\nB     1.0 0.0 3.0\nC     2.5 3.0 0.0\n",
        GOOD.replace("\n", ",,\n") + ",,,,,\n",
    ],
    ids=[
        *("word", "blank", "R", "tab", "semicolon", "crlf", "bom", "quoted", "R parted by blanks"),
        *("columns reordered", "R as it prints", "empty columns"),
    ],
)
def test_every_common_layout_gives_the_same_matrix(tmp_path, text):
    matrix = read_distances(write(tmp_path, text))
    assert matrix.ids == ("A a", "B", "C")
    np.testing.assert_array_equal(matrix.data, EXPECTED)


@pytest.mark.parametrize("noise", ["1e-12", "-2.2e-16"])
def test_rounding_noise_is_tidied_away(tmp_path, noise):
    text = GOOD.replace("A_a,0,1,", f"A_a,{noise},1.00000000001,")
    matrix = read_distances(write(tmp_path, text))
    np.testing.assert_array_equal(matrix.data, matrix.data.T)
    assert not matrix.data.diagonal().any()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("B,1,0,3", "B,1,0", r"line 3 \('B'\) has 2 distances, the header 3 names"),
        ("C,2.5,3,0\n", "", "2 rows and 3 columns, expected a square"),
        ("\nC,", "\nD,", r"only rows: \['D'\], only columns: \['C'\]"),
        ("\nC,", "\nB,", "row name 'B' occurs twice"),
        ("x,A_a,B,C", "x,A_a,B,A a", "column name 'A a' occurs twice"),
        ("B,1,0,3", "B,1,0,three", "row 'B', column 'C' holds 'three'"),
        ("B,1,0,3", "B,1,0,", "row 'B', column 'C' holds ''"),
        ("B,1,0,3", "B,1,0,NaN", "row 'B', column 'C' holds 'NaN'"),
        ("B,1,0,3", "B,1,0,inf", "row 'B', column 'C' holds 'inf'"),
        ("B,1,0,3", "B,1,0,-3", "row 'B', column 'C' holds '-3'"),
        ("B,1,0,3", "B,1,0,3.25", "largest difference is 0.25, between 'B' and 'C': 3.25 and 3.0"),
        ("B,1,0,3", "B,1,0.5,3", "'B' has distance 0.5 to itself"),
        ("B,1,0,3", "B,1,0,1_0", "row 'B', column 'C' holds '1_0'"),
        ("B,1,0,3", "B,1,0,0x10", "row 'B', column 'C' holds '0x10'"),
        ("B,1,0,3", "B,1,0,1\u00a0000", r"row 'B', column 'C' holds '1\\xa0000'"),
        ("B,1,0,3", 'B,1,0,"1,234"', "holds '1,234' and '2.5', expected one decimal sign"),
        (GOOD, "", "0 lines"),
        (GOOD, "3\nA\nB\nC\n", "the first row is '3': is it the form of PHYLIP"),
        (GOOD, "  3\nA  0 1\nB  1 0\n", "the first row is '3': is it the form of PHYLIP"),
        (GOOD, "#mega\n!Title x;\n[1] #A\n", "the first row is '#mega': is it the form of MEGA"),
        (GOOD, "names|A\nA|0\n", r"the first row is 'names\|A', one cell; expected names"),
        ("\nB,", "\n,", "the row of distances number 2 has no name"),
        ("x,A_a,B", "x,A_a,", "the column of distances number 2 has no name"),
        ("B,1,0,3", "B,1,0,-0.001", "row 'B', column 'C' holds '-0.001'"),
        (GOOD, ";A;B;C\nA;0;1,200;999\nB;1,200;0;0\nC;999;0;0", "'1,200' beside '999': is the"),
        (GOOD, "x,A,B\nA,9,2\nB,2,9\n", "'A' has distance 9.0 to itself.*are these similarities"),
    ],
)
def test_broken_table_is_refused_with_the_place(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_distances(write(tmp_path, GOOD.replace(old, new, 1)))
    assert "given.csv" in str(caught.value)


def test_written_matrix_reads_back_bit_for_bit(tmp_path):
    values = tidy(np.random.default_rng(1).random((7, 7)) * np.pi / 1e5)
    matrix = DistanceMatrix(
        values, [f"Arca sp. {i}" for i in range(4)] + ["Ärca #1", '"X"', '"X" y']
    )
    first, second = tmp_path / "a.tsv", tmp_path / "b.tsv"
    write_distances(first, matrix)
    loaded = load_distances(first)
    np.testing.assert_array_equal(loaded.data, matrix.data)
    assert loaded.ids == matrix.ids
    write_distances(second, loaded)
    assert first.read_bytes() == second.read_bytes()
    np.testing.assert_array_equal(read_distances(first).data, matrix.data)


def test_taxa_match_by_normal_form_in_the_order_of_the_matrix():
    shared, missing = match_taxa(
        ["Pinna_nobilis", "Arca noae", "Mytilus edulis", "Ostrea edulis"],
        ["Arca noae", "Mytilus edulis", "Pinna nobilis", "Arca noae", "Ostrea edulls", "Lima"],
    )
    assert shared == ["Pinna nobilis", "Arca noae", "Mytilus edulis"]
    assert missing.to_numpy().tolist() == [
        ["Lima", "study", "distances", ""],
        ["Ostrea edulis", "distances", "study", "Ostrea edulls"],
        ["Ostrea edulls", "study", "distances", "Ostrea edulis"],
    ]


def test_case_of_names_counts():
    shared, missing = match_taxa(["A", "B", "C", "dd dd"], ["A", "B", "C", "Dd dd"])
    assert shared == ["A", "B", "C"]
    assert set(missing.similar_name) == {"dd dd", "Dd dd"}


def test_study_of_two_taxa_shares_both():
    shared, missing = match_taxa(["A", "B", "C"], ["B", "A"])
    assert shared == ["A", "B"] and missing["taxon"].tolist() == ["C"]


def test_too_few_shared_taxa_are_refused_with_examples_and_keys():
    with pytest.raises(
        ValueError, match=r"only 2 taxa.*'Zz'.*'Yy'.*keys inputs\.tree or inputs\.distances"
    ):
        match_taxa(["A", "B", "Zz"], ["A", "B", "Yy"])


def test_cosine_distance_equals_that_of_scipy():
    vectors = np.random.default_rng(2).normal(size=(11, 5))
    matrix = cosine_distances(pd.DataFrame(vectors, index=[f"t{i}" for i in range(11)]))
    np.testing.assert_allclose(matrix.data, cdist(vectors, vectors, "cosine"), atol=1e-14)
    np.testing.assert_array_equal(matrix.data, matrix.data.T)


def test_cosine_distance_stays_within_its_bounds():
    base = np.random.default_rng(4).normal(size=13)
    vectors = np.stack([base * scale for scale in (1, 3, 1e-9, -1, -7)])
    data = cosine_distances(pd.DataFrame(vectors, index=list("abcde"))).data
    assert data.min() == 0
    assert data.max() <= 2
    np.testing.assert_allclose(data[0], [0, 0, 0, 2, 2], atol=1e-12)


@pytest.mark.parametrize(
    ("bad", "message"), [(0.0, "'b' is zero"), (np.nan, "'b' holds a value that is not finite")]
)
def test_vector_without_direction_is_refused(bad, message):
    vectors = pd.DataFrame([[1.0, 2.0], [bad, bad], [3.0, 1.0]], index=list("abc"))
    with pytest.raises(ValueError, match=message):
        cosine_distances(vectors)


def test_repeated_taxon_is_refused():
    with pytest.raises(ValueError, match="'a' occurs twice"):
        cosine_distances(pd.DataFrame([[1.0, 2.0], [3.0, 1.0]], index=["a", "a"]))


@needs_shared
def test_published_family_distances_are_read():
    matrix = read_distances(SHARED / "bivalve_distances" / "edge_lengths.csv")
    assert matrix.shape == (79, 79)
    assert matrix.data.max() == pytest.approx(1.7794)


SYNONYMS = {"Arca alba": "Arca noae"}


def test_tips_and_names_of_distances_are_those_of_the_images(tmp_path):
    (tmp_path / "t.nwk").write_text("((arca_ALBA:1,Lima_LIMA:2):3,(Pinna_x_nobilis:1,Ostrea:1):1);")
    (tmp_path / "d.csv").write_text(",Arca alba,LIMA lima,Fagus\n" + "".join(
        f"{name},{cells}\n"
        for name, cells in [("Arca alba", "0,1,2"), ("LIMA lima", "1,0,3"), ("Fagus", "2,3,0")]
    ))  # fmt: skip
    study = ["Arca noae", "Lima lima", "Pinna \u00d7 nobilis"]
    tree = read_study_tree(tmp_path / "t.nwk", study, SYNONYMS)
    assert [tip.name for tip in tree.tips()] == [*study, "Ostrea"]
    assert patristic_distances(tree, study[:2]).data[0, 1] == 3
    matrix = read_study_distances(tmp_path / "d.csv", study, SYNONYMS)
    assert matrix.ids == ("Arca noae", "Lima lima", "Fagus")
    assert matrix["Lima lima", "Fagus"] == 3
