import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import fractional_matrix_power
from scipy.spatial.distance import cosine
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA, TruncatedSVD
from visgen.distances.matrices import cosine_distances
from visgen.genetics.anchors.files import read_anchors, write_anchors
from visgen.genetics.anchors.measuring import measure_anchors
from visgen.genetics.anchors.spaces import fix_signs
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.vectors.encodings import embed_sgt
from visgen.genetics.vectors.files import SequenceVectors

FORAMINIFERA = (
    Path(__file__).parents[2] / "shared" / "data" / "foram_rdna" / "endless_forams_32.csv"
)
N_FEATURES = 7
N_SEQUENCES = {"Arca a": 5, "Arca b": 3, "Lima a": 11, "Pinna a": 1, "Pinna b": 2}
ABOVE = pd.DataFrame(
    [
        ("Arcidae", "Arca"),
        ("Arcidae", "Arca"),
        ("Arcidae", "Arca"),
        ("Limidae", "Lima"),
        ("Limidae", "Limaria"),
        (None, "Nucula"),
        ("Pinnidae", "Pinna"),
        ("Pinnidae", "Pinna"),
    ],
    columns=["family", "genus"],
    index=pd.Index(
        ["Arca a", "Arca b", "Arca c", "Lima a", "Limaria a", "Nucula a", "Pinna a", "Pinna b"],
        name="species",
        dtype="str",
    ),
)
OPTIONS = {
    "source": "sgt",
    "average": "median",
    "space": "raw",
    "size": None,
    "fallback": [],
    "seed": 1,
}


def make_vectors(counts, seed=1, n_features=N_FEATURES):
    rng = np.random.default_rng(seed)
    taxa = np.repeat(list(counts), list(counts.values()))
    centres = {taxon: rng.normal(2, 1, n_features) for taxon in counts}
    values = np.array([centres[taxon] for taxon in taxa])
    values += rng.normal(0, 0.3, values.shape)
    names = np.array([f"s{i:03d}" for i in range(len(taxa))])
    return SequenceVectors(names, taxa, np.array([f"f{i}" for i in range(n_features)]), values)


@pytest.fixture
def vectors():
    return make_vectors(N_SEQUENCES | {"Unseen a": 13})  # a taxon without images


def measure(vectors, above=ABOVE, **options):
    return measure_anchors("main", OPTIONS | options, vectors, above, None)


def cosines(anchors):
    return 1 - cosine_distances(anchors).condensed_form()


def by_loop(vectors, average):
    return {taxon: average(vectors.values[vectors.taxa == taxon], axis=0) for taxon in N_SEQUENCES}


@pytest.mark.parametrize(("average", "function"), [("median", np.median), ("mean", np.mean)])
def test_raw_anchor_is_the_average_over_the_sequences_of_the_taxon(vectors, average, function):
    anchors, _ = measure(vectors, average=average)
    assert list(anchors.index) == sorted(N_SEQUENCES)
    for taxon, expected in by_loop(vectors, function).items():
        np.testing.assert_allclose(anchors.loc[taxon], expected, rtol=1e-13)


def test_order_of_sequences_does_not_matter(vectors):
    order = np.random.default_rng(3).permutation(len(vectors.names))
    mixed = SequenceVectors(
        vectors.names[order], vectors.taxa[order], vectors.features, vectors.values[order]
    )
    for space in ("raw", "centred", "whitened"):
        one, one_table = measure(vectors, space=space, fallback=["genus"])
        other, other_table = measure(mixed, space=space, fallback=["genus"])
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
        pd.testing.assert_frame_equal(one_table, other_table)


def test_each_taxon_counts_once_in_the_centre(vectors):
    raw, _ = measure(vectors)
    centred, _ = measure(vectors, space="centred")
    expected = sum(by_loop(vectors, np.median).values()) / len(N_SEQUENCES)
    np.testing.assert_allclose(raw - centred, np.tile(expected, (5, 1)), rtol=1e-12)


def test_whitened_anchors_equal_those_by_a_matrix_power(vectors):
    whitened, _ = measure(vectors, space="whitened")
    raw, _ = measure(vectors)
    covariance, _ = ledoit_wolf(vectors.values[vectors.taxa != "Unseen a"])
    expected = (raw - raw.mean()).to_numpy() @ fractional_matrix_power(covariance, -0.5)
    np.testing.assert_allclose(whitened, expected, rtol=1e-9, atol=1e-11)


def test_whitening_by_sequences_is_not_a_regular_simplex(vectors):
    assert cosines(measure(vectors, space="whitened")[0]).std() > 0.05


def test_raw_components_keep_cosines():
    wide = make_vectors(N_SEQUENCES, n_features=53)  # 22 sequences
    full, reduced = (measure(wide, average="mean", size=size)[0] for size in (None, 22))
    assert reduced.shape == (5, 22)
    np.testing.assert_allclose(cosines(reduced), cosines(full), atol=1e-7)


def test_raw_components_equal_those_of_an_uncentred_decomposition(vectors):
    used = vectors.values[vectors.taxa != "Unseen a"]
    decomposition = TruncatedSVD(3, algorithm="arpack").fit(used)
    expected = decomposition.transform(measure(vectors)[0].to_numpy())
    np.testing.assert_allclose(np.abs(measure(vectors, size=3)[0]), np.abs(expected), rtol=1e-7)


def test_centred_components_equal_those_of_principal_components(vectors):
    used = vectors.values[vectors.taxa != "Unseen a"]
    centred = measure(vectors, space="centred")[0].to_numpy()
    expected = centred @ PCA(3).fit(used).components_.T
    reduced = measure(vectors, space="centred", size=3)[0]
    np.testing.assert_allclose(np.abs(reduced), np.abs(expected), rtol=1e-7)


def test_components_are_taken_before_whitening(vectors):
    used = vectors.values[vectors.taxa != "Unseen a"]
    scores = PCA(3).fit_transform(used)
    reduced = measure(vectors, space="centred", size=3)[0].to_numpy()
    white = fractional_matrix_power(ledoit_wolf(scores)[0], -0.5)
    expected = np.abs(reduced @ np.abs(np.diag(np.diag(white))))  # components are uncorrelated
    found = measure(vectors, space="whitened", size=3)[0]
    np.testing.assert_allclose(np.abs(found), expected, rtol=1e-7)


def test_size_that_equals_the_number_of_values_changes_nothing(vectors):
    pd.testing.assert_frame_equal(measure(vectors, size=N_FEATURES)[0], measure(vectors)[0])


def test_components_point_where_their_largest_value_is_positive():
    columns = np.array([[0.1, 0.9, -0.3], [-0.8, 0.2, -0.2], [0.7, -0.5, 0.1]])
    np.testing.assert_array_equal(fix_signs(columns), columns * [-1, 1, -1])
    np.testing.assert_array_equal(fix_signs(-columns), fix_signs(columns))


def test_sequences_of_taxa_without_images_play_no_part(vectors):
    known = vectors.taxa != "Unseen a"
    fewer = SequenceVectors(
        vectors.names[known], vectors.taxa[known], vectors.features, vectors.values[known]
    )
    for space in ("raw", "centred", "whitened"):
        one, other = (measure(given, space=space, size=3)[0] for given in (vectors, fewer))
        pd.testing.assert_frame_equal(one, other)


def test_taxa_without_sequences_fall_back_rank_by_rank(vectors):
    own = by_loop(vectors, np.median)
    anchors, table = measure(vectors, fallback=["genus", "family"])
    np.testing.assert_allclose(anchors.loc["Arca c"], (own["Arca a"] + own["Arca b"]) / 2)
    np.testing.assert_allclose(anchors.loc["Limaria a"], own["Lima a"])
    assert list(anchors.index) == [taxon for taxon in ABOVE.index if taxon != "Nucula a"]
    source = table.set_index("taxon")["source"]
    assert source.drop(["Arca c", "Limaria a", "Nucula a"]).eq("own").all()
    assert source["Arca c"] == "genus Arca"
    assert source["Limaria a"] == "family Limidae"
    assert source["Nucula a"] == "none"  # a gap is no group


def test_lent_anchors_lend_nothing_themselves(vectors):
    above = pd.DataFrame(
        {"family": "Only", "genus": ["Arca", "Arca", "Lima", "Nucula"]},
        index=pd.Index(["Arca a", "Arca c", "Lima a", "Nucula a"], name="species", dtype="str"),
    )
    own = by_loop(vectors, np.median)
    anchors, table = measure(vectors, above, fallback=["genus", "family"])
    assert table["source"].tolist() == ["own", "genus Arca", "own", "family Only"]
    np.testing.assert_allclose(anchors.loc["Nucula a"], (own["Arca a"] + own["Lima a"]) / 2)


def test_ranks_are_tried_in_the_order_given(vectors):
    _, table = measure(vectors, fallback=["family", "genus"])
    assert table.set_index("taxon").loc["Arca c", "source"] == "family Arcidae"


def test_lent_anchors_do_not_move_the_centre(vectors):
    without, _ = measure(vectors, space="centred")
    with_lent, _ = measure(vectors, space="centred", fallback=["genus", "family"])
    pd.testing.assert_frame_equal(with_lent.loc[without.index], without)


def test_table_has_a_row_for_every_taxon_with_images(vectors):
    anchors, table = measure(vectors, fallback=["genus"])
    assert list(table.columns) == ["taxon", "n_sequences", "spread", "source"]
    assert table["taxon"].tolist() == ABOVE.index.tolist()
    rows = table.set_index("taxon")
    counts = pd.Series(N_SEQUENCES).reindex(ABOVE.index).fillna(0)
    assert (rows["n_sequences"] == counts).all()
    assert rows.index[rows["source"] != "none"].tolist() == anchors.index.tolist()


def test_spread_is_the_mean_cosine_distance_to_the_raw_average(vectors):
    own = by_loop(vectors, np.median)
    rows = measure(vectors, space="whitened")[1].set_index("taxon")
    for taxon, number in N_SEQUENCES.items():
        if number > 1:
            of_taxon = vectors.values[vectors.taxa == taxon]
            expected = np.mean([cosine(vector, own[taxon]) for vector in of_taxon])
            assert rows.loc[taxon, "spread"] == pytest.approx(expected, rel=1e-9)
        else:
            assert np.isnan(rows.loc[taxon, "spread"])


def test_anchors_come_back_from_disk_and_write_the_same_bytes(vectors, tmp_path):
    for name in ("one.npz", "two.npz"):
        write_anchors(tmp_path / name, measure(vectors, space="whitened", size=5)[0])
    back = read_anchors(tmp_path / "one.npz")
    expected = measure(vectors, space="whitened", size=5)[0]
    np.testing.assert_array_equal(back, expected)
    assert list(back.index) == list(expected.index)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 8}, r"size is 8, expected 1 to 7: 22 sequences of 7 values"),
        ({"size": 0}, r"size is 0, expected at least 1"),
        ({"average": "mode"}, r"average is 'mode', expected one of median, mean"),
        ({"space": "flat"}, r"space is 'flat', expected one of raw, centred, whitened"),
        ({"source": "rdna"}, r"source is 'rdna', expected one of sgt, kmers"),
        ({"fallback": ["order"]}, r"fallback names 'order', expected ranks above 'species'"),
    ],
)
def test_impossible_options_are_refused_by_the_key_of_the_set(vectors, options, message):
    with pytest.raises(ValueError, match=r"config key genetics\.anchors\.main: " + message):
        measure(vectors, **options)


def test_size_beyond_what_few_sequences_give_is_refused():
    few = make_vectors({"Arca a": 2, "Lima a": 3}, n_features=31)
    with pytest.raises(ValueError, match="size is 6, expected 1 to 5: 5 sequences of 31 values"):
        measure(few, size=6)
    with pytest.raises(ValueError, match=r"size is 5, expected 1 to 4: .* space 'centred'"):
        measure(few, space="centred", size=5)


def test_fewer_than_two_taxa_with_sequences_are_refused():
    with pytest.raises(ValueError, match=r"1 of the 8 taxa with images .* \['Lima a'\], expected"):
        measure(make_vectors({"Lima a": 5, "Unseen a": 3}))
    with pytest.raises(ValueError, match=r"0 of the 8 taxa with images .* with sequences: \['Uns"):
        measure(make_vectors({"Unseen a": 3, "Unseen b": 3}))


def test_zero_vectors_and_anchors_are_refused_by_name(vectors):
    broken = SequenceVectors(
        vectors.names,
        vectors.taxa,
        vectors.features,
        np.where(vectors.names[:, None] == "s002", 0.0, vectors.values),
    )
    with pytest.raises(ValueError, match="the vector of sequence 's002' is zero or not finite"):
        measure(broken)
    apart = SequenceVectors(
        np.array(["a", "b", "c", "d"]),
        np.array(["Arca a"] * 3 + ["Lima a"]),
        np.array(["x", "y", "z"]),
        np.vstack([np.eye(3), np.ones(3)]),
    )
    with pytest.raises(ValueError, match="the median of the vectors of 'Arca a' is zero"):
        measure(apart)
    same = SequenceVectors(vectors.names, vectors.taxa, vectors.features, vectors.values * 0 + 0.1)
    for space in ("centred", "whitened"):
        with pytest.raises(ValueError, match=f"anchor of 'Arca a' is zero in the space '{space}'"):
            measure(same, space=space)


def test_anchor_lent_by_all_taxa_is_refused_where_it_is_the_centre():
    one_family = ABOVE.assign(family="Only")
    with pytest.raises(ValueError, match="anchor of 'Arca c' is zero in the space 'centred'"):
        measure(make_vectors(N_SEQUENCES), one_family, space="centred", fallback=["family"])


def test_two_sequences_are_too_few_to_whiten_by():
    with pytest.raises(ValueError, match="2 sequences are too few to whiten by"):
        measure(make_vectors({"Arca a": 1, "Lima a": 1}), space="whitened")


@pytest.mark.skipif(not FORAMINIFERA.exists(), reason=f"real data not there: {FORAMINIFERA.name}")
def test_anchors_of_foraminifera_are_almost_collinear_until_centred():
    with FORAMINIFERA.open(encoding="utf-8") as file:
        sequences = [
            Sequence(
                row["accession"], f"class {row['endless_forams_class']:>2}", row["sequence"].upper()
            )
            for row in csv.DictReader(file)
        ]
    vectors = embed_sgt(
        sequences,
        engine="fast",
        letters=2,
        symbols="overlapping",
        kappa=1.0,
        length_sensitive=False,
        scaling="none",
    )
    above = pd.DataFrame(index=pd.Index(sorted(set(vectors.taxa)), name="species", dtype="str"))
    assert (len(vectors.names), len(above)) == (804, 32)
    medians = {
        space: np.median(cosines(measure(vectors, above, space=space)[0]))
        for space in ("raw", "centred", "whitened")
    }
    assert 0.95 < medians["raw"] < 0.99
    assert abs(medians["centred"]) < 0.1
    assert abs(medians["whitened"]) < 0.1
