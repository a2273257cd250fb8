import numpy as np
import pandas as pd
import pytest
from recognition_study import SPECIES, anchors
from scipy.spatial.distance import cdist
from visgen.metrics import metrics_table
from visgen.visual_genetic.spaces import (
    centroids,
    of_shared_taxa,
    read_spaces,
    read_test_images,
    typical_images,
)
from visgen.visual_genetic.spacing import (
    DRAWS,
    PERMUTATIONS,
    evenness,
    nearest_same_group,
    nearest_taxa,
    random_evenness,
    score_space,
    score_spaces,
)

# Two pairs of near twins and one taxon apart.
DISTANCES = np.array([
    [0.0, 0.1, 0.8, 0.9, 1.0],
    [0.1, 0.0, 0.7, 0.9, 1.0],
    [0.8, 0.7, 0.0, 0.2, 1.0],
    [0.9, 0.9, 0.2, 0.0, 1.0],
    [1.0, 1.0, 1.0, 1.0, 0.0],
])  # fmt: skip


def genera(taxa):
    return pd.Series([taxon.split()[0] for taxon in taxa], list(taxa), name="genus")


def by_role(rows):
    return {(row["metric"], row["role"]): row for row in metrics_table(rows).to_dict("records")}


def test_centroids_are_means_of_directions():
    values = np.array([[3.0, 0], [0, 2], [0, 5], [-1, 0]])
    found = centroids(values, pd.Series(["b", "b", "a", "a"]))
    assert found.index.tolist() == ["a", "b"]
    assert found.to_numpy() == pytest.approx(np.array([[-0.5, 0.5], [0.5, 0.5]]))


def test_typical_is_the_image_nearest_to_its_centroid_whatever_its_length():
    values = np.array([[1.0, 0], [9, 9], [0, 0.1], [1, 2], [2, 1], [0, 4]])
    taxa = pd.Series(["a", "a", "a", "b", "b", "c"], ["u", "v", "w", "z", "y", "x"])
    # Of a the image in the middle; those of b are equally far, y is the first by id.
    assert typical_images(values, taxa).to_dict() == {"a": "v", "b": "y", "c": "x"}


def test_typical_images_are_those_of_a_slow_loop():
    rng = np.random.default_rng(3)
    values, taxa = rng.normal(size=(41, 7)), pd.Series(rng.choice(list("abcde"), 41))
    middles = centroids(values, taxa)
    for taxon, found in typical_images(values, taxa).items():
        own = np.flatnonzero(taxa == taxon)
        far = cdist(values[own], middles.loc[[taxon]], "cosine")[:, 0]
        assert found == own[np.argmin(far)]


def test_spaces_are_of_test_images_and_of_taxa_that_all_have(tmp_path):
    taxa = pd.Series(["a", "a", "b", "c"], ["i", "j", "k", "l"])
    for name, sign in (("wd", 1.0), ("wd_sgt", -1.0)):
        np.savez(
            tmp_path / f"{name}.npz",
            id=np.array(["l", "k", "j", "i"]),
            part=np.array(["test", "test", "test", "train"]),
            values=sign * np.array([[1, 1], [0, 1], [2, 0], [7, 7]], dtype=np.float32),
        )
    given = pd.DataFrame([[1.0, 2], [2, 1], [3, 3]], ["b", "a", "d"])
    spaces = read_spaces(tmp_path / "wd.npz", tmp_path / "wd_sgt.npz", given, taxa)
    assert list(spaces) == ["visual", "genetic", "joint"]
    assert {tuple(vectors.index) for vectors in spaces.values()} == {("a", "b")}
    assert spaces["visual"].to_numpy().tolist() == [[1, 0], [0, 1]]
    assert spaces["genetic"].to_numpy().tolist() == [[2, 1], [1, 2]]
    assert spaces["joint"].loc["a"].tolist() == [-1, 0]
    values, of_images = read_test_images(tmp_path / "wd.npz", taxa)
    assert values.tolist() == [[1, 1], [0, 1], [2, 0]]
    assert of_images.to_dict() == {"l": "c", "k": "b", "j": "a"}
    values, of_images = read_test_images(tmp_path / "wd.npz", taxa.replace({"b": None}))
    assert values.tolist() == [[1, 1], [2, 0]]  # no taxon, no centroid
    assert typical_images(values, of_images).to_dict() == {"a": "j", "c": "l"}


def test_shared_taxa_are_in_one_order():
    one = anchors()
    spaces = of_shared_taxa({"a": one.iloc[::-1], "b": one.drop("Aa a")})
    assert spaces["a"].index.equals(spaces["b"].index)
    assert len(spaces["a"]) == len(SPECIES) - 1


def test_evenness_is_the_nearest_distance_beside_that_of_all_pairs():
    nearest = (0.1 + 0.1 + 0.2 + 0.2 + 1.0) / 5
    of_all = (0.1 + 0.8 + 0.9 + 1 + 0.7 + 0.9 + 1 + 0.2 + 1 + 1) / 10
    assert evenness(DISTANCES) == pytest.approx(nearest / of_all)
    assert evenness(7 * DISTANCES) == pytest.approx(nearest / of_all)


def test_taxa_that_are_equally_far_are_even_and_twins_are_not():
    assert evenness(1 - np.eye(7)) == 1
    twins = np.kron(1 - np.eye(3), np.ones((2, 2))) + np.kron(np.eye(3), [[0, 1e-3], [1e-3, 0]])
    assert evenness(twins) == pytest.approx(1e-3 / ((2 * 12 + 2 * 3 * 1e-3) / 30))


def test_random_directions_of_many_values_are_more_even_than_those_of_few():
    rng = np.random.default_rng(1)
    means = [random_evenness(23, size, 31, rng).mean() for size in (2, 5, 53, 1009)]
    assert means == sorted(means)
    assert means[0] < 0.1 and means[-1] > 0.9


def test_random_directions_are_those_of_a_slow_loop():
    found = random_evenness(7, 3, 2, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    for value in found:
        vectors = rng.normal(size=(7, 3))
        far = cdist(vectors, vectors, "cosine")
        pairs = far[~np.eye(7, dtype=bool)].reshape(7, 6)
        assert value == pytest.approx(pairs.min(axis=1).mean() / pairs.mean())


def test_nearest_taxa_of_equally_near_ones_share():
    near = nearest_taxa(DISTANCES)
    assert near[near["taxon"] < 4][["taxon", "nearest"]].to_numpy().tolist() == [
        [0, 1], [1, 0], [2, 3], [3, 2],
    ]  # fmt: skip
    assert near[near["taxon"] == 4]["nearest"].tolist() == [0, 1, 2, 3]
    assert near[near["taxon"] == 4]["share"].tolist() == [0.25] * 4


@pytest.mark.parametrize(
    ("groups", "share"),
    [
        ([0, 0, 1, 1, 2], 1.0),  # the last one is alone and not asked
        ([0, 0, 1, 2, 1], (1 + 1 + 0 + 0.25) / 4),
        ([0, 1, 0, 1, 1], (0 + 0 + 0 + 0 + 0.5) / 5),
    ],
)
def test_share_is_over_taxa_whose_group_has_another(groups, share):
    assert nearest_same_group(nearest_taxa(DISTANCES), np.array(groups)) == pytest.approx(share)


def test_expected_share_is_the_mean_over_all_deals():
    rng = np.random.default_rng(1)
    vectors = pd.DataFrame(rng.normal(size=(11, 5)), [f"t{i}" for i in range(11)])
    groups = pd.Series(list("aaaabbbccde"), vectors.index)
    rows = by_role(score_space(vectors, groups, 1))
    expected = rows["nearest_same_group", "expected"]
    # (4 · 3 + 3 · 2 + 2 · 1) pairs of a group, of 10 neighbours each, over 9 taxa that are asked
    assert expected["value"] == pytest.approx(20 / 10 / 9)
    near, codes = nearest_taxa(cdist(vectors, vectors, "cosine")), pd.factorize(groups)[0]
    dealt = [nearest_same_group(near, rng.permutation(codes)) for _ in range(4001)]
    assert np.mean(dealt) == pytest.approx(expected["value"], abs=0.01)
    assert rows["nearest_same_group", "score"]["n"] == expected["n"] == 9


def test_relatives_that_look_alike_are_found_and_dealt_ones_are_not():
    groups = genera(SPECIES)
    rows = by_role(score_space(anchors(), groups, 1))
    score = rows["nearest_same_group", "score"]
    assert score["value"] > 0.8 and score["p"] == 1 / (PERMUTATIONS + 1)
    noise = pd.DataFrame(np.random.default_rng(23).normal(size=(13, 17)), SPECIES)
    assert by_role(score_space(noise, groups, 1))["nearest_same_group", "score"]["p"] > 0.1
    assert rows["evenness", "score"]["value"] < rows["evenness", "expected"]["ci_low"]
    assert rows["evenness", "expected"]["n_permutations"] == DRAWS
    directions = by_role(score_space(noise, groups, 1))
    low, high = (directions["evenness", "expected"][end] for end in ("ci_low", "ci_high"))
    assert low < directions["evenness", "score"]["value"] < high


def test_taxa_without_a_group_are_asked_of_their_spacing_alone():
    groups = genera(SPECIES)
    groups[groups == "Aa"] = None
    rows = by_role(score_space(anchors(), groups, 1))
    assert rows["evenness", "score"]["n"] == 13
    assert rows["nearest_same_group", "score"]["n"] == 10


@pytest.mark.parametrize(
    "groups", [pd.Series("all", SPECIES), pd.Series(SPECIES, SPECIES), pd.Series(None, SPECIES)]
)
def test_without_groups_that_could_be_told_apart_there_is_no_share(groups):
    rows = score_space(anchors(), groups, 1)
    assert {row["metric"] for row in rows} == {"evenness"}


def test_two_taxa_and_equal_ones_have_no_spacing():
    assert score_space(anchors()[:2], genera(SPECIES), 1) == []
    equal = pd.DataFrame(np.ones((5, 3)), SPECIES[:5])
    rows = by_role(score_space(equal, genera(SPECIES), 1))
    assert set(rows) == {("nearest_same_group", "score"), ("nearest_same_group", "expected")}
    # All others are equally near: a third of the taxa beside one of Aa is Aa's, and so on.
    assert rows["nearest_same_group", "score"]["value"] == pytest.approx(
        rows["nearest_same_group", "expected"]["value"]
    )


def test_scores_of_a_space_have_the_variant_and_anchors_that_it_is_made_of():
    spaces = dict.fromkeys(("visual", "genetic", "joint"), anchors())
    made_of = {"variants": ("wd", "wd_sgt"), "anchors": "sgt", "split_seed": 3}
    table = metrics_table(score_spaces(spaces, genera(SPECIES), **made_of, seed=1))
    assert set(table["experiment"]) == {"spaces"}
    labels = table[["evaluator", "variant", "anchors", "part", "seed"]].drop_duplicates()
    assert labels.astype(object).where(labels.notna(), None).to_numpy().tolist() == [
        ["visual", "wd", None, "test", 3],
        ["genetic", None, "sgt", None, None],
        ["joint", "wd_sgt", "sgt", "test", 3],
    ]
    assert len(table) == 3 * 4


def test_same_seed_gives_the_same_scores():
    assert score_space(anchors(), genera(SPECIES), 7) == score_space(anchors(), genera(SPECIES), 7)
