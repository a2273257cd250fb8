import numpy as np
import pandas as pd
import pytest
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.embedding.pooling import pool_views
from visgen.embedding.unguided import embed_taxa, open_steps, score_variant
from visgen.features.whitening import Whitening

VARIANTS = [
    {"pooling": pooling, "centre": centre, "whiten": False}
    for pooling in ("mean", "median", "medoid", "random")
    for centre in (False, True)
]
MEAN = {"pooling": "mean", "centre": False, "whiten": False}


def collection(n_taxa=7, n_images=5, n_features=11, seed=1):
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"image {i:03d}" for i in range(n_taxa * n_images)], name="id")
    taxa = pd.Series(np.repeat([f"Taxon {i}" for i in range(n_taxa)], n_images), ids)
    return pd.DataFrame(1 + rng.normal(size=(len(ids), n_features)), ids), taxa


def genetic(names, seed=3):
    values = np.random.default_rng(seed).random((len(names), len(names)))
    return DistanceMatrix(tidy(values), names)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_row_order_is_irrelevant(variant):
    features, taxa = collection()
    vectors, distances = embed_taxa(features, taxa, variant, 1)
    mixed = embed_taxa(features[::-1], taxa.sample(frac=1, random_state=2), variant, 1)
    pd.testing.assert_frame_equal(vectors, mixed[0], check_exact=True)
    assert distances == mixed[1]
    assert list(vectors.index) == list(distances.ids) == sorted(taxa.unique())


def test_distances_are_cosines_between_mean_vectors():
    features, taxa = collection()
    _, distances = embed_taxa(features, taxa, MEAN, 1)
    a, b = (features[taxa == name].mean() for name in ("Taxon 2", "Taxon 5"))
    expected = 1 - a @ b / np.sqrt((a @ a) * (b @ b))
    assert distances["Taxon 2", "Taxon 5"] == pytest.approx(expected)


def test_centred_vectors_have_no_common_part():
    features, taxa = collection()
    plain, _ = embed_taxa(features, taxa, MEAN, 1)
    vectors, distances = embed_taxa(features, taxa, MEAN | {"centre": True}, 1)
    assert np.allclose(vectors.mean(), 0)
    assert np.allclose(vectors, plain - plain.mean())
    shifted = embed_taxa(features + 5, taxa, MEAN | {"centre": True}, 1)[1]
    assert np.allclose(distances.data, shifted.data)


def test_what_varies_within_known_taxa_counts_less_where_whitened():
    features, taxa = collection(n_taxa=9, n_images=7, n_features=5)
    features[0] *= 30  # differs between images of a taxon
    vectors, _ = embed_taxa(features, taxa, MEAN | {"whiten": True}, 1)
    whitened = pool_views(features, taxa, None, "mean", 1, whiten_within=taxa.unique())
    pd.testing.assert_frame_equal(vectors, whitened)
    few = pool_views(
        features, taxa, None, "mean", 1, whiten_within=["Taxon 1", "Taxon 2", "Taxon 4"]
    )
    values, code = features.to_numpy(np.float32), taxa.str[-1].astype(int).to_numpy()
    is_known = np.isin(code, [1, 2, 4])
    whitening = Whitening()
    whitening.fit(values[is_known].copy(), code[is_known])
    expected = pd.DataFrame(whitening.apply(values)).groupby(code).mean()
    np.testing.assert_allclose(few, expected, rtol=1e-5)
    assert not np.allclose(few, whitened)


def test_random_vectors_ignore_the_images_and_follow_the_seed():
    random = MEAN | {"pooling": "random"}
    (features, taxa), (other, _) = collection(), collection(seed=2)
    assert embed_taxa(features, taxa, random, 1)[1] == embed_taxa(other, taxa, random, 1)[1]
    assert embed_taxa(features, taxa, random, 1)[1] != embed_taxa(features, taxa, random, 2)[1]


def test_images_without_a_taxon_are_left_out():
    features, taxa = collection()
    with_gap = taxa.where(taxa != "Taxon 3")
    expected = embed_taxa(features, taxa[taxa != "Taxon 3"], MEAN, 1)[0]
    pd.testing.assert_frame_equal(embed_taxa(features, with_gap, MEAN, 1)[0], expected)


def scored(variant, names, visual_names=None):
    features, taxa = collection()
    _, visual = embed_taxa(features, taxa, variant, 1)
    visual = visual.filter(visual_names or visual.ids)
    groups = {"within_above": pd.Series(["G", "H"] * 4, [f"Taxon {i}" for i in range(8)])}
    return score_variant(
        features,
        taxa,
        pd.Series(taxa.index, taxa.index),
        variant,
        visual,
        genetic(names),
        groups,
        permutations=19,
        specimen_permutations=7,
        seed=1,
    )


def test_taxa_of_one_side_only_are_not_scored():
    # Taxon 7 has no images, Taxon 0 no place in the tree
    rows, omitted = scored(MEAN, [f"Taxon {i}" for i in (7, 6, 5, 4, 3, 2, 1)])
    assert {row["n"] for row in rows} == {6}
    assert omitted == []


def test_value_of_the_true_deal_is_the_mantel_r():
    rows, _ = scored(MEAN, [f"Taxon {i}" for i in range(7)], [f"Taxon {i}" for i in range(6)])
    scores = [row for row in rows if "role" not in row]
    found = {(row["evaluator"], row["metric"]): row["value"] for row in scores}
    assert found["dealt_specimens", "pearson"] == pytest.approx(found["mantel", "pearson"])


@pytest.mark.parametrize(
    "variant",
    [
        VARIANTS[0],
        *(pytest.param(variant, marks=pytest.mark.slow) for variant in VARIANTS[1:6]),
        pytest.param(MEAN | {"whiten": True}, marks=pytest.mark.slow),
        MEAN | {"whiten": True, "centre": True},
    ],
    ids=str,
)
def test_specimens_drawn_anew_vary_around_the_mantel_r(variant):
    # Taxon 0 has no place in the tree, but a part in the mean that is subtracted.
    rows, _ = scored(variant, [f"Taxon {i}" for i in range(1, 7)])
    found = {(row["evaluator"], row["metric"]): row for row in rows if "role" not in row}
    again, tested = found["new_specimens", "pearson"], found["mantel", "pearson"]
    assert again["value"] == pytest.approx(tested["value"], abs=1e-6)
    assert again["ci_low"] < again["value"] < again["ci_high"]
    assert tested["ci_low"] < tested["value"] < tested["ci_high"]


def test_each_mantel_r_stands_beside_inherited_look_and_its_power():
    rows, _ = scored(MEAN, [f"Taxon {i}" for i in range(7)])
    for evaluator, part in (("mantel", None), ("mantel_within", "within_above")):
        own = [row for row in rows if (row["evaluator"], row.get("part")) == (evaluator, part)]
        assert [(row["metric"], row.get("against")) for row in own] == [
            ("pearson", None),
            ("pearson", "brownian_motion"),
            ("power", None),
            ("spearman", None),
        ]


@pytest.mark.slow
def test_joined_views_are_drawn_anew_view_by_view():
    features, taxa = collection(n_images=6)
    specimens = pd.Series([f"s{i // 2}" for i in range(len(taxa))], taxa.index)
    views = pd.Series(["in", "out"] * (len(taxa) // 2), taxa.index)
    for whiten in (False, True):
        variant = MEAN | {"whiten": whiten}
        visual = embed_taxa(features, taxa, variant, 1, views)[1]
        rows, _ = score_variant(
            features, taxa, specimens, variant, visual, genetic(list(visual.ids)), {},
            views=views, permutations=9, specimen_permutations=3, seed=1,
        )  # fmt: skip
        found = {row["evaluator"]: row for row in rows if row["metric"] == "pearson"}
        assert found["new_specimens"]["ci_low"] < found["new_specimens"]["ci_high"]
        r = np.corrcoef(genetic(list(visual.ids)).condensed_form(), visual.condensed_form())[0, 1]
        assert found["new_specimens"]["value"] == pytest.approx(r, abs=1e-5)


def scores_of(**p):
    rows = [{"evaluator": "mantel", "metric": "pearson", "p": p.pop("chance")}]
    rows.append({"evaluator": "mantel", "metric": "pearson", "role": "expected", "value": 0.1})
    for step, values in p.items():
        shared = {"evaluator": "mantel_within", "part": step}
        rows += [shared | {"p": value} for value in values]
    return rows


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ({"chance": 0.01, "first": [0.02, 0.03], "second": [0.1, 0.01]}, ["first", "second"]),
        ({"chance": 0.01, "first": [0.02, 0.03], "second": [0.11, 0.01]}, ["first"]),
        ({"chance": 0.01, "first": [0.5, 0.03], "second": [0.01, 0.01]}, []),
        ({"chance": 0.2, "first": [0.02, 0.03], "second": [0.01, 0.01]}, []),
        ({"chance": 0.01, "second": [0.01, 0.01]}, []),  # the first was not tested
    ],
)
def test_specimens_are_dealt_only_for_steps_that_permuted_taxa_leave_open(p, expected):
    groups = {"first": pd.Series(["G"]), "second": pd.Series(["H"])}
    found = open_steps(scores_of(**p), groups)
    assert list(found) == expected
    assert all(found[step] is groups[step] for step in found)


def test_random_vectors_show_the_range_of_many_draws_and_no_p():
    rows, _ = scored(MEAN | {"pooling": "random"}, [f"Taxon {i}" for i in range(7)])
    assert [(row["evaluator"], row["metric"]) for row in rows] == [
        ("mantel", "pearson"),
        ("mantel", "spearman"),
    ]
    for row in rows:
        assert "p" not in row and row["n"] == 7
        assert row["ci_low"] < row["value"] < row["ci_high"]
        assert abs(row["value"]) < 0.1 < row["ci_high"]  # means nothing, though a draw may


def test_too_few_shared_taxa_give_a_reason_and_no_score():
    rows, omitted = scored(MEAN, ["Taxon 1", "Taxon 2", "Taxon 3"])
    assert rows == []
    assert omitted[0]["reason"].startswith("3 taxa have vectors and a place in the tree")
