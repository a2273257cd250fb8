import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from skbio.stats.distance import DistanceMatrix
from skbio.stats.ordination import pcoa
from visgen.genetics.anchors.controls import random_anchors, taxonomy_anchors, tree_anchors
from visgen.genetics.anchors.measuring import measure_anchors
from visgen.genetics.anchors.permutation import deal_taxa, permute_anchors
from visgen.genetics.vectors.files import SequenceVectors

TAXA = ["Arca a", "Arca b", "Barbatia a", "Lima a", "Nucula a"]
ABOVE = pd.DataFrame(
    {
        "order": ["Arcida", "Arcida", "Arcida", "Limida", None],
        "family": ["Arcidae", "Arcidae", "Arcidae", "Limidae", None],
        "genus": ["Arca", "Arca", "Barbatia", "Lima", "Nucula"],
    },
    index=pd.Index(TAXA, name="species", dtype="str"),
)
# Of four ranks, the species among them; by hand.
SHARED = np.array(
    [
        [4, 3, 2, 0, 0],
        [3, 4, 2, 0, 0],
        [2, 2, 4, 0, 0],
        [0, 0, 0, 4, 0],
        [0, 0, 0, 0, 4],
    ]
)
# Path lengths of ((Arca a:1,Arca b:2):3,(Barbatia a:4,Lima a:5):6,Nucula a:7), by hand.
PATRISTIC = DistanceMatrix(
    np.array(
        [
            [0, 3, 14, 15, 11],
            [3, 0, 15, 16, 12],
            [14, 15, 0, 9, 17],
            [15, 16, 9, 0, 18],
            [11, 12, 17, 18, 0],
        ],
        dtype=float,
    ),
    TAXA,
)
OPTIONS = {
    "source": "random",
    "average": "median",
    "space": "raw",
    "size": None,
    "fallback": [],
    "seed": 1,
}


def sequence_vectors(taxa, n_features=13):
    taxa = np.repeat(taxa, 2)
    values = np.random.default_rng(1).random((len(taxa), n_features))
    names = np.array([f"s{i}" for i in range(len(taxa))])
    return SequenceVectors(names, taxa, np.array([f"f{i}" for i in range(n_features)]), values)


def measure(taxa=TAXA, patristic=PATRISTIC, **options):
    return measure_anchors("null", OPTIONS | options, sequence_vectors(taxa), ABOVE, patristic)


def test_random_anchors_are_orthonormal():
    anchors = random_anchors(TAXA, 11, seed=3)
    assert list(anchors.index) == TAXA
    np.testing.assert_allclose(anchors @ anchors.T, np.eye(5), atol=1e-14)


def test_random_anchors_depend_on_the_seed_alone():
    np.testing.assert_array_equal(random_anchors(TAXA, 11, 3), random_anchors(TAXA, 11, 3))
    assert not np.isclose(random_anchors(TAXA, 11, 3), random_anchors(TAXA, 11, 4)).any()


def test_random_anchors_point_everywhere():
    drawn = np.array([random_anchors(TAXA, 7, seed).to_numpy() for seed in range(700)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=5 / np.sqrt(7 * 700))
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 7, atol=0.035)


def test_more_taxa_than_values_cannot_be_at_right_angles():
    with pytest.raises(ValueError, match="size is 3, expected at least 5: only as many taxa as"):
        random_anchors(TAXA, 3, seed=1)


def test_taxonomy_anchors_have_the_shared_ranks_as_inner_products():
    anchors = taxonomy_anchors(ABOVE, 17)
    assert anchors.shape == (5, 17)
    np.testing.assert_allclose(anchors @ anchors.T, SHARED / 4, atol=1e-14)
    assert not anchors.iloc[:, 5:].to_numpy().any()


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_gaps_in_the_taxonomy_are_not_shared(dtype):
    above = pd.DataFrame({"family": [None, None, "Limidae"]}, index=TAXA[:3], dtype=dtype)
    anchors = taxonomy_anchors(above, 3)
    np.testing.assert_allclose(anchors @ anchors.T, np.eye(3), atol=1e-15)


def test_taxonomy_cut_to_few_values_is_the_best_of_its_rank():
    anchors = taxonomy_anchors(ABOVE, 2).to_numpy()
    values, vectors = np.linalg.eigh(SHARED / 4)
    best = (vectors[:, -1:] * values[-1]) @ vectors[:, -1:].T
    error = np.linalg.norm(SHARED / 4 - anchors @ anchors.T)
    assert error == pytest.approx(np.sqrt((values[:-2] ** 2).sum()), rel=1e-9)
    assert error < np.linalg.norm(SHARED / 4 - best)


def test_taxonomy_without_ranks_above_is_refused():
    with pytest.raises(ValueError, match="needs ranks above 'species', which is the coarsest"):
        taxonomy_anchors(ABOVE[[]], 7)


def test_squared_distances_of_tree_anchors_are_path_lengths():
    anchors = tree_anchors(PATRISTIC, 11)
    assert list(anchors.index) == TAXA
    np.testing.assert_allclose(squareform(pdist(anchors)) ** 2, PATRISTIC.data, atol=1e-12)
    np.testing.assert_allclose(anchors.mean(), 0, atol=1e-13)


def test_tree_anchors_equal_the_principal_coordinates_of_scikit_bio():
    roots = DistanceMatrix(np.sqrt(PATRISTIC.data), TAXA)
    expected = pcoa(roots, dimensions=3, warn_neg_eigval=False).samples
    found = tree_anchors(PATRISTIC, 3)
    np.testing.assert_allclose(np.abs(found), np.abs(expected.loc[TAXA]), atol=1e-12)


def test_share_of_the_variance_that_is_kept_is_logged(caplog):
    caplog.set_level("INFO")
    tree_anchors(PATRISTIC, 7)
    tree_anchors(PATRISTIC, 1)
    whole, part = (float(record.message.split()[-4]) for record in caplog.records)
    coordinates = tree_anchors(PATRISTIC, 7).to_numpy()
    variance = (coordinates**2).sum(axis=0)
    assert whole == 1
    assert part == pytest.approx(variance[0] / variance.sum(), abs=1e-6)


def test_distances_that_fit_no_tree_lose_their_negative_components(caplog):
    caplog.set_level("INFO")
    values = np.array([[0, 9, 1, 1], [9, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]], dtype=float)
    anchors = tree_anchors(DistanceMatrix(values, TAXA[:4]), 4)
    assert np.isfinite(anchors.to_numpy()).all()
    assert float(caplog.records[0].message.split()[-4]) < 0.95


@pytest.mark.parametrize("source", ["random", "taxonomy", "tree"])
def test_controls_have_the_shape_and_the_taxa_of_the_real_anchors(source):
    real, _ = measure(TAXA[:4], source="sgt")
    control, table = measure(TAXA[:4], source=source)
    assert list(control.index) == list(real.index) == TAXA[:4]
    assert control.shape == real.shape == (4, 13)
    assert table["source"].tolist() == ["own"] * 4 + ["none"]
    assert table["n_sequences"].tolist() == [2, 2, 2, 2, 0]


@pytest.mark.parametrize("source", ["random", "taxonomy", "tree"])
def test_controls_are_centred_but_not_whitened(source):
    centred, _ = measure(source=source, space="centred", size=19)
    assert centred.shape == (5, 19)
    np.testing.assert_allclose(centred.mean(), 0, atol=1e-13)
    with pytest.raises(
        ValueError, match=r"genetics\.anchors\.null: space is 'whitened', .*only seq"
    ):
        measure(source=source, space="whitened")


def test_controls_fall_back_as_real_anchors_do():
    taxa = ["Arca a", "Barbatia a", "Lima a"]
    anchors, table = measure(taxa, fallback=["genus", "family"])
    np.testing.assert_array_equal(anchors.loc["Arca b"], anchors.loc["Arca a"])
    assert table["source"].tolist() == ["own", "genus Arca", "own", "own", "none"]


def test_taxa_outside_the_tree_have_no_anchor():
    anchors, table = measure(source="tree", patristic=PATRISTIC.filter(TAXA[1:]))
    assert list(anchors.index) == TAXA[1:]
    assert table["source"].tolist() == ["none"] + ["own"] * 4
    assert table.loc[0, "n_sequences"] == 2


def test_tree_that_is_missing_or_has_other_taxa_is_refused():
    with pytest.raises(ValueError, match=r"source tree needs inputs\.tree or inputs\.distances"):
        measure(source="tree", patristic=None)
    with pytest.raises(ValueError, match="1 of the 5 taxa with images and sequences are in the tr"):
        measure(
            source="tree", patristic=DistanceMatrix([[0.0, 1.0], [1.0, 0.0]], ["Arca a", "Other"])
        )


def test_no_taxon_keeps_its_anchor_and_each_is_given_once():
    for index in range(101):
        dealt = deal_taxa(TAXA, index, seed=1)
        assert sorted(dealt) == list(dealt.index) == TAXA
        assert (dealt != dealt.index).all()


def test_every_assignment_is_as_likely_as_another():
    dealt = [tuple(deal_taxa(TAXA[:4], index, seed=1)) for index in range(1800)]
    counts = pd.Series(dealt).value_counts()
    assert len(counts) == 9  # derangements of four
    assert ((counts - 200) ** 2 / 200).sum() < 26.1  # chi-square, 8 degrees, p = .001


def test_permutation_depends_on_seed_and_index_but_not_on_the_order_of_taxa():
    taxa = [f"t{i:02d}" for i in range(29)]
    first = deal_taxa(taxa, 1, seed=1)
    pd.testing.assert_series_equal(first, deal_taxa(taxa[::-1], 1, seed=1))
    assert not first.equals(deal_taxa(taxa, 2, seed=1))
    assert not first.equals(deal_taxa(taxa, 1, seed=2))


def test_permuted_anchors_are_the_same_vectors_under_other_names():
    anchors = tree_anchors(PATRISTIC, 7).sample(frac=1, random_state=1)
    permuted = permute_anchors(anchors, 5, seed=1)
    dealt = deal_taxa(TAXA, 5, seed=1)
    assert list(permuted.index) == list(anchors.index)
    for taxon in TAXA:
        np.testing.assert_array_equal(permuted.loc[taxon], anchors.loc[dealt[taxon]])


def test_too_few_or_repeated_taxa_cannot_be_permuted():
    with pytest.raises(ValueError, match="1 taxa cannot be permuted, expected at least 2"):
        deal_taxa(["Arca a"], 1, seed=1)
    with pytest.raises(ValueError, match="taxon 'Arca a' occurs twice"):
        deal_taxa(["Arca a", "Arca b", "Arca a"], 1, seed=1)
