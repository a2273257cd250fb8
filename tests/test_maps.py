"""Images in the plane: which are shown, where they lie, and beside whom."""

import numpy as np
import pandas as pd
import pytest
from visgen.features.maps.choosing import choose_images, rank_to_colour
from visgen.features.maps.nearest import DEALS, expected_share, nearest_of_others, score_map
from visgen.features.maps.planes import lay_out, principal_axes, standardised
from visgen.report.galleries.named import choose
from visgen.report.maps import best_on_validation, map_content, map_sentences
from visgen.tables import read_table, write_table


def images_of(sizes):
    """Return specimens and taxa of images; ``sizes`` has the images of each specimen, by taxon."""
    rows = [
        (f"{taxon}{number}_{i}", f"{taxon}{number}", taxon)
        for taxon, specimens in sizes.items()
        for number, n_images in enumerate(specimens)
        for i in range(n_images)
    ]
    return pd.DataFrame(rows, columns=["id", "specimen", "taxon"]).set_index("id")


def test_all_images_are_shown_where_there_are_few():
    images = images_of({"a": [2, 3], "b": [5]})
    chosen = choose_images(images[::-1], images["taxon"], 10, seed=1)
    assert list(chosen) == sorted(images.index)


def test_specimens_are_chosen_evenly_over_taxa():
    images = images_of({"a": [2] * 50, "b": [2] * 3, "c": [2] * 2})
    images.loc[images["taxon"] == "c", "taxon"] = None
    chosen = images.loc[choose_images(images, images["taxon"], 14, seed=1)]
    n_specimens = chosen.groupby("taxon", dropna=False)["specimen"].nunique()
    assert n_specimens.tolist() == [3, 2, 2]
    assert (chosen["specimen"].value_counts() == 2).all()
    assert len(choose_images(images, images["taxon"], 13, seed=1)) == 13
    shuffled = images.sample(frac=1, random_state=3)
    assert list(choose_images(shuffled, images["taxon"], 14, seed=1)) == list(chosen.index)


@pytest.mark.parametrize(
    ("n_taxa", "rank"),
    [((1, 12, 30), "family"), ((1, 13, 30), "family"), ((3, 5, 30), "order"), ((1, 1, 1), "order")],
)
def test_the_map_is_coloured_by_the_coarsest_rank_whose_taxa_can_be_told_apart(n_taxa, rank):
    ranks = ["order", "family", "genus"]
    labels = pd.DataFrame(
        {rank: [f"{rank}{i % n}" for i in range(60)] for rank, n in zip(ranks, n_taxa, strict=True)}
    )
    assert rank_to_colour(labels, ranks) == rank


def test_axes_are_those_of_a_singular_value_decomposition():
    rng = np.random.default_rng(1)
    for shape in ((17, 5), (5, 17)):
        values = standardised(rng.normal(size=shape))
        places, shares = principal_axes(values, 3)
        u, s, _ = np.linalg.svd(values, full_matrices=False)
        assert np.allclose(np.abs(places), np.abs(u[:, :3] * s[:3]))
        assert np.allclose(shares, s[:3] ** 2 / (s**2).sum())
        assert (np.take_along_axis(places, np.abs(places).argmax(axis=0)[None], 0) > 0).all()


def test_features_count_alike_and_constant_ones_not_at_all():
    values = standardised(np.array([[1, 100, 7], [2, 300, 7], [3, 200, 7]], np.float32))
    assert np.allclose(values.std(axis=0), [1, 1, 0])
    assert np.allclose(values.mean(axis=0), 0)


def test_near_images_lie_near_each_other_by_axes_and_by_tsne():
    rng = np.random.default_rng(1)
    groups = np.repeat([0, 1], 23)
    values = standardised(rng.normal(size=(46, 7)) + 9 * groups[:, None])
    planes = lay_out(values, seed=1)
    for places in (planes.pca, planes.tsne):
        middles = [places[groups == group].mean(axis=0) for group in (0, 1)]
        nearest = [np.linalg.norm(places - middle, axis=1) for middle in middles]
        assert (np.argmin(nearest, axis=0) == groups).all()
        assert (places == places.round(3)).all()
    again = lay_out(values, seed=1)
    assert (again.tsne == planes.tsne).all() and (again.pca == planes.pca).all()


@pytest.mark.parametrize("values", [np.eye(4), np.zeros((9, 3))], ids=["few", "same"])
def test_too_few_images_or_all_the_same_have_no_tsne(values):
    planes = lay_out(standardised(values), seed=1)
    assert np.isnan(planes.tsne).all() and np.isfinite(planes.pca).all()


def test_one_feature_is_laid_along_a_line():
    planes = lay_out(standardised(np.arange(7.0)[:, None]), seed=1)
    assert planes.shares.tolist() == [1, 0] and (planes.pca[:, 1] == 0).all()


def test_the_nearest_image_is_one_of_another_specimen():
    values = np.array([[0.0], [0.1], [1.0], [1.2], [5.0]])
    specimens = np.array([0, 0, 1, 1, 2])
    assert nearest_of_others(values, specimens).tolist() == [2, 2, 1, 1, 3]


def test_chance_is_that_of_dealing_taxa_to_specimens():
    codes = np.array([0, 0, 0, 1, 1, 2, 3])
    rng = np.random.default_rng(1)
    dealt = [np.equal(*rng.permutation(codes)[:2]) for _ in range(20_000)]
    assert expected_share(codes) == pytest.approx(8 / 42)
    assert np.mean(dealt) == pytest.approx(8 / 42, abs=0.01)


def scores_of(places, sizes, ranks=("taxon",)):
    images = images_of(sizes)
    values = np.array(places, float)[:, None]
    return score_map(values, images, ranks, [0.7, 0.2], "net", seed=1)


def test_scores_are_those_of_a_hand_made_map():
    # a0 at 0 and 1, a1 at 3, b0 at 4: a0's images are nearest to a1, a1 to b0, b0 to a1.
    scores = scores_of([0, 1, 3, 4], {"a": [2, 1], "b": [1]})
    axes, same = scores[:2], scores[2:]
    assert axes["metric"].tolist() == ["variance_1", "variance_2"]
    assert axes["value"].tolist() == [0.7, 0.2]
    assert same["role"].tolist() == ["score", "expected"]
    assert same["value"].tolist() == pytest.approx([2 / 4, 2 / 6])
    assert same["n"].tolist() == [4, 4] and (same["n_permutations"] == DEALS).all()


def test_look_that_follows_taxa_is_beyond_chance_and_other_look_is_not():
    sizes = {"a": [2] * 11, "b": [2] * 11}
    rng = np.random.default_rng(2)
    for apart, limits in ((9, (0, 0.002)), (0, (0.05, 1))):
        places = rng.normal(size=44) + apart * np.repeat([0, 1], 22)
        score, null = scores_of(places, sizes).iloc[2:].itertuples()
        assert limits[0] < score.p <= limits[1]
        assert null.ci_low < null.value < null.ci_high
        assert (score.value > null.ci_high) == bool(apart)


def test_a_rank_of_one_taxon_has_no_score_and_gaps_are_left_out():
    images = images_of({"a": [1] * 3, "b": [1] * 3}).assign(one="c", gap=None)
    images["some"] = images["taxon"].where(images["specimen"] != "b2")
    scores = score_map(np.eye(6), images, ["one", "gap", "some"], [], "net", seed=1)
    assert scores["rank"].tolist() == ["some", "some"] and scores["n"].tolist() == [5, 5]


def test_the_page_has_the_number_beside_chance(tmp_path):
    metrics = scores_of([0, 1, 3, 4], {"a": [2, 1], "b": [1]}).assign(rank="genus")
    said = map_sentences(metrics, "net")["genus"]
    assert said.startswith("Of 4 images with a genus, 50.0 % have one of the same genus")
    assert "at random, 33.3 % would (95 % of 999 deals: " in said and "p " in said
    assert map_sentences(metrics, "other") == {}
    (tmp_path / "net").mkdir()
    table = pd.DataFrame({"image": ["1", "2"], "pca_1": [0.5, 1], "tsne_1": [np.nan] * 2})
    write_table(tmp_path / "net/map.tsv", table)
    assert read_table(tmp_path / "net/map.tsv").isna().sum().tolist() == [0, 0, 2]
    specimens = pd.DataFrame({"id": ["1", "2", "3"], "genus": ["a", "b", "b"]})
    content = map_content(metrics, specimens, ["genus"], [tmp_path / "net/map.tsv"], ["map.png"])
    (row,) = content["map_rows"]
    assert (row["n_shown"], row["rank"], row["sentence"]) == (2, "genus", said)


def test_the_best_backbone_is_the_one_whose_names_are_shown():
    def chosen(**values):
        table = pd.DataFrame({"rank": list(values), "value": list(values.values())})
        return table.assign(evaluator="independent", variant="forest")

    for ranks, values in (
        (["family", "genus"], {"net": {"family": 0.9, "genus": 0.5}, "other": {"genus": 0.6}}),
        (["family", "genus"], {"net": {"family": 0.6}, "other": {"family": 0.9, "genus": 0.5}}),
        (["genus"], {"net": {"genus": 0.5}, "other": {"genus": 0.5}}),
    ):
        tables = {name: chosen(**of_name) for name, of_name in values.items()}
        together = pd.concat(table.assign(backbone=name) for name, table in tables.items())
        assert best_on_validation(tables, ranks) == choose(together, ranks).backbone
    assert best_on_validation({"net": chosen(), "other": chosen(genus=1)}, ["genus"]) == "other"
    assert best_on_validation({"net": chosen(), "other": chosen()}, ["genus"]) == "net"


def test_specimens_that_are_alone_in_their_taxa_have_no_score():
    labels = pd.DataFrame({
        "specimen": list("aabbcc"),
        "genus": ["A", "A", "A", "A", "B", "B"],
        "species": ["1", "1", "2", "2", "3", "3"],
    })  # fmt: skip
    values = np.random.default_rng(0).normal(size=(6, 4))
    table = score_map(values, labels, ["genus", "species"], [0.5], "net", 1)
    assert set(table["rank"].dropna()) == {"genus"}
