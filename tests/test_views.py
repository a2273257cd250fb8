import numpy as np
import pandas as pd
import pytest
from guided_study import GUIDED, UNGUIDED
from visgen.distances.deals import deal_specimens
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.pooling import pool, pool_views, whiten_images
from visgen.embedding.ridge.kernels import gram_matrices
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.embedding.unguided import embed_taxa
from visgen.embedding.views import VIEW_COLUMNS, choose_views, read_views
from visgen.features.blocks import Block

RIDGE = UNGUIDED | {"guidance": {"signed_root": False, "layers": ["last", "all"]}}

#: Taxon and view of each image: C lacks the inside, one taxon alone has a hinge.
IMAGES = [
    ("A", "outside"),
    ("A", "inside"),
    ("A", "inside"),
    ("B", "outside"),
    ("B", "inside"),
    ("B", None),
    ("C", "outside"),
    ("C", "hinge"),
    (None, "outside"),
]


def study(images=IMAGES):
    ids = pd.Index([f"{i}.jpg" for i in range(len(images))], name="id")
    taxa, views = (pd.Series(part, ids, dtype=object) for part in zip(*images, strict=True))
    values = np.random.default_rng(7).standard_normal((len(ids), 5)).astype(np.float32)
    return pd.DataFrame(values, ids), taxa, views


def repeated(features):
    index = pd.MultiIndex.from_product([features.index, [0]], names=["id", "repeat"])
    return features.set_index(index)


def test_averaged_views_are_not_told_apart():
    _, taxa, _ = study()
    viewed = choose_views(taxa, None, "average")
    assert viewed.views is None and viewed.taxa.equals(taxa)
    assert viewed.omitted.empty and viewed.table.columns.tolist() == VIEW_COLUMNS


def test_one_view_takes_its_images_alone():
    _, taxa, views = study()
    viewed = choose_views(taxa, views, "inside")
    assert viewed.taxa.dropna().to_dict() == {"1.jpg": "A", "2.jpg": "A", "4.jpg": "B"}
    assert viewed.views is None and viewed.taxa.index.equals(taxa.index)


def test_every_image_with_a_taxon_is_in_the_table_of_views():
    _, taxa, views = study()
    table = choose_views(taxa, views, "join").table.set_index("view")
    assert table["n_images"].to_dict() == {"hinge": 1, "inside": 3, "outside": 3, "": 1}
    assert table["n_images"].sum() == taxa.notna().sum()
    assert table["used"].to_dict() == {"hinge": False, "inside": True, "outside": True, "": False}
    assert table.loc["hinge", "reason"] == "fewer than 50% of taxa have it"


def test_taxa_that_lack_a_joined_view_are_left_out_by_name():
    _, taxa, views = study()
    viewed = choose_views(taxa, views, "join")
    assert viewed.omitted.to_dict("records") == [
        {"taxon": "C", "n_images": 2, "reason": "no image of the view inside"}
    ]
    assert set(viewed.taxa.dropna()) == {"A", "B"} and pd.isna(viewed.taxa["5.jpg"])


@pytest.mark.parametrize(
    ("how", "expected"), [("insid", "average, join"), ("join", "half of taxa")]
)
def test_a_view_that_is_not_there_is_refused(how, expected):
    _, taxa, views = study([("A", "front"), ("B", "back"), ("C", "side")])
    with pytest.raises(ValueError, match=rf"embedding.views: found '{how}', expected .*{expected}"):
        choose_views(taxa, views, how)


def test_without_any_view_it_is_said():
    _, taxa, views = study([("A", None), ("B", None)])
    with pytest.raises(ValueError, match=r"views of the images: none"):
        choose_views(taxa, views, "join")


def test_no_table_is_read_where_views_are_averaged(tmp_path):
    assert read_views([]) is None
    path = tmp_path / "views.parquet"
    pd.DataFrame({"id": ["a", "b"], "view": ["outside", None]}).to_parquet(path)
    assert read_views(path)["a"] == "outside" and read_views(path).isna().tolist() == [False, True]


def test_joined_views_are_pooled_apart_and_set_side_by_side():
    features, taxa, views = study()
    viewed = choose_views(taxa, views, "join")
    found, _ = embed_taxa(
        features, viewed.taxa.dropna(), UNGUIDED | {"centre": False}, 1, viewed.views
    )
    inside, outside = features.loc[["1.jpg", "2.jpg"]].mean(), features.loc["0.jpg"]
    np.testing.assert_allclose(found.loc["A"], [*inside, *outside], rtol=1e-6)
    assert found.shape == (2, 10)


def test_joined_views_are_whitened_apart():
    _, taxa, views = study([(taxon, view) for taxon in "ABC" for view in ("in", "out")] * 4)
    rng = np.random.default_rng(3)
    features = pd.DataFrame(rng.standard_normal((24, 3)).astype(np.float32), taxa.index)
    found = pool_views(features, taxa, views, "mean", 1, whiten_within=["A", "B", "C"])
    inside = taxa[views == "in"]
    alone = pool_views(
        features.loc[inside.index], inside, None, "mean", 1, whiten_within=["A", "B", "C"]
    )
    assert found.shape == (3, 6)
    np.testing.assert_allclose(found.iloc[:, :3], alone, rtol=1e-5)


@pytest.mark.parametrize("joined", [False, True])
def test_images_whitened_once_are_pooled_to_the_same_vectors(joined):
    _, taxa, views = study([(taxon, view) for taxon in "ABC" for view in ("in", "out")] * 4)
    rng = np.random.default_rng(3)
    features = pd.DataFrame(rng.standard_normal((24, 5)).astype(np.float32), taxa.index)
    order = rng.permutation(24)
    features, taxa, views = features.iloc[order], taxa.iloc[order], views.iloc[order]
    own = views if joined else None
    whitened = whiten_images(features, taxa, own)
    assert whitened.index.equals(features.index)
    found = pool_views(whitened, taxa, own, "mean", 1)
    expected = pool_views(features, taxa, own, "mean", 1, whiten_within=taxa.unique())
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_view_of_fewer_components_than_another_has_zeros_for_the_others():
    images = [(taxon, "in") for taxon in "ABC"] * 4 + [(taxon, "out") for taxon in "AAB"]
    _, taxa, views = study(images)
    rng = np.random.default_rng(3)
    features = pd.DataFrame(rng.standard_normal((15, 5)).astype(np.float32), taxa.index)
    whitened = whiten_images(features, taxa, views)
    assert whitened.shape == (15, 5)
    assert (whitened[views == "in"].abs() > 0).all(axis=None)
    assert not whitened[views == "out"].iloc[:, 2:].any(axis=None)  # of three images, two


def test_a_taxon_without_a_view_is_refused_where_views_are_set_side_by_side():
    features, taxa, views = study()
    with pytest.raises(ValueError, match="taxa: 'A' has no image of the view 'hinge'"):
        pool_views(features.iloc[[0, 3, 7]], taxa.iloc[[0, 3, 7]], views, "mean", 1)


def test_without_views_pooling_is_what_it_was():
    features, taxa, _ = study()
    pd.testing.assert_frame_equal(
        pool_views(features, taxa, None, "mean", 1), pool(features, taxa, "mean", 1)
    )


@pytest.mark.parametrize("variant", [UNGUIDED, GUIDED], ids=["unguided", "guided"])
def test_embedders_take_joined_views(variant):
    features, taxa, views = study()
    viewed = choose_views(taxa, views, "join")
    embedder = make_embedder(
        repeated(features), viewed.taxa, variant, views=viewed.views, seed=1, device="cpu"
    )
    expected = pool_views(features, viewed.taxa, viewed.views, "mean", 1)
    np.testing.assert_allclose(embedder.in_features(embedder.bags.features.numpy()), expected)


def test_every_view_has_all_blocks_of_layers():
    features, taxa, views = study()
    viewed = choose_views(taxa, views, "join")
    images = make_taxon_images(
        repeated(features), viewed.taxa, RIDGE | {"per_taxon": None}, views=viewed.views,
        blocks=[Block("2", "mean", 2), Block("3", "mean", 3)], seed=1,
    )  # fmt: skip
    vectors = pool_views(features, viewed.taxa, viewed.views, "mean", 1).to_numpy()
    grams = images.grams()
    np.testing.assert_allclose(grams["all"], gram_matrices(vectors, [2, 3, 2, 3]))
    last = gram_matrices(vectors[:, [2, 3, 4, 7, 8, 9]], [3, 3])
    np.testing.assert_allclose(grams["last"], last)


def test_dealt_specimens_take_their_views_along():
    rng = np.random.default_rng(11)
    specimens = [f"s{i}" for i in range(40)]
    rows = []
    for i, specimen in enumerate(specimens):
        seen = ["outside"] if i % 3 == 0 else ["inside", "outside"] if i % 3 == 1 else ["inside"]
        rows += [(specimen, f"taxon {i % 4}", view) for view in seen]
    specimen, taxa, views = (pd.Series(part) for part in zip(*rows, strict=True))
    before = pd.crosstab(taxa, views)
    moved = 0
    for _ in range(20):
        dealt = deal_specimens(taxa, specimen, rng, views)
        assert dealt.groupby(specimen).nunique().eq(1).all()
        pd.testing.assert_frame_equal(pd.crosstab(dealt, views), before, check_names=False)
        moved += (dealt != taxa).mean() / 20
    assert moved > 0.5


def test_redealt_bags_keep_a_view_with_its_image():
    features, taxa, views = study(IMAGES[:6])
    viewed = choose_views(taxa, views, "join")
    images = make_taxon_images(repeated(features), viewed.taxa, RIDGE, views=viewed.views, seed=1)
    rows = np.array([3, 4, 1, 0, 2])
    bags = images.redealt(rows).bags
    ids = bags.ids.get_level_values("id")
    assert bags.views.tolist() == views[ids].tolist()
    np.testing.assert_array_equal(bags.features, features.loc[ids])
