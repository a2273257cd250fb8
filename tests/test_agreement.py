import numpy as np
import pandas as pd
import pytest
from skbio.stats.distance import DistanceMatrix
from visgen.distances.agreement import score_agreement, score_mantel
from visgen.distances.deals import deal_specimens, score_against_deals
from visgen.distances.matrices import tidy
from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.mantel_within import mantel_within
from visgen.distances.permutation_tests.procrustes import procrustes
from visgen.metrics import metrics_table

BAGS = np.array([1, 1, 2, 2, 3, 5, 11, 29])  # images of each taxon
TAXA = [f"Taxon {i}" for i in range(len(BAGS))]


def matrix(values):
    values = np.where(np.eye(len(values)) > 0, 0, values)
    return DistanceMatrix(tidy(values), TAXA[: len(values)])


def random_matrix(n_taxa, seed):
    return matrix(np.random.default_rng(seed).random((n_taxa, n_taxa)))


def in_groups(*sizes):
    names = np.repeat([f"Group {i}" for i in range(len(sizes))], sizes)
    return pd.Series(names, TAXA[: len(names)])


def long_branches_of_small_bags(rng):
    branch = 1 / np.sqrt(BAGS)
    return matrix(branch[:, None] + branch + 0.1 * rng.random((len(BAGS), len(BAGS))))


def images(rng, centres):
    """Taxon of each image, and the distances that a deal of taxa gives."""
    taxa = pd.Series(np.repeat(TAXA, BAGS), [f"image {i:03d}" for i in range(BAGS.sum())])
    vectors = 1 + centres[np.repeat(range(len(BAGS)), BAGS)] + rng.normal(size=(BAGS.sum(), 17))

    def measure(dealt):
        belongs = (dealt.to_numpy()[:, None] == np.array(TAXA)).astype(float)
        sums = belongs.T @ vectors  # cosines do not tell sums from means
        unit = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return matrix(1 - unit @ unit.T)

    return taxa, measure


def alone(taxa):
    """Every image is a specimen of its own."""
    return pd.Series(taxa.index, taxa.index)


@pytest.mark.slow
def test_uneven_numbers_of_images_fool_mantel_but_not_dealt_specimens():
    by_taxa, by_images = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        genetic = long_branches_of_small_bags(rng)
        taxa, measure = images(rng, np.zeros((len(BAGS), 17)))  # no taxon has a look of its own
        by_taxa.append(mantel(genetic, measure(taxa), permutations=19, seed=seed).p)
        rows = score_against_deals(
            genetic, taxa, alone(taxa), measure, {}, permutations=19, seed=seed
        )
        by_images.append(rows[0]["p"])
    assert np.mean(np.array(by_taxa) <= 0.05) > 0.5
    assert np.mean(np.array(by_images) <= 0.05) < 0.2  # 6 of 30 at 5 %: one run in 300
    assert 0.3 < np.mean(by_images) < 0.7


def test_real_signal_is_found():
    rng = np.random.default_rng(1)
    centres = np.repeat(rng.normal(size=(2, 17)) * 3, 4, axis=0)  # two clades of four
    far = np.repeat([0, 1], 4)
    genetic = matrix(1.0 * (far[:, None] != far) + 0.1 * rng.random((8, 8)))
    taxa, measure = images(rng, centres)
    r, null = score_against_deals(genetic, taxa, alone(taxa), measure, {}, permutations=99, seed=1)
    assert r["p"] == 0.01
    assert r["value"] > 0.8
    assert "role" not in r and (null["role"], null["against"]) == ("expected", "dealt_specimens")
    for row in (r, null):
        assert (row["evaluator"], row["metric"]) == ("dealt_specimens", "pearson")
        assert row["part"] == "all"
        assert row["n_permutations"] == 99
    assert null["ci_low"] < null["value"] < null["ci_high"] < r["value"]
    assert r["n"] == null["n"] == 8


def test_deals_keep_the_number_of_images_of_each_taxon():
    rng = np.random.default_rng(1)
    taxa, measure = images(rng, np.zeros((len(BAGS), 17)))
    seen = []

    def spy(dealt):
        seen.append(dealt)
        return measure(dealt)

    score_against_deals(random_matrix(8, 1), taxa, alone(taxa), spy, {}, permutations=5, seed=1)
    assert len(seen) == 6
    pd.testing.assert_series_equal(seen[0], taxa)
    for dealt in seen[1:]:
        assert dealt.index.equals(taxa.index)
        assert dealt.value_counts().to_dict() == taxa.value_counts().to_dict()
        assert not dealt.equals(taxa)


@pytest.mark.slow
def test_views_of_few_specimens_do_not_count_as_many_images():
    # twelve images a taxon, from one specimen to twelve: bags are alike, their variety is not
    n_specimens = np.array([1, 1, 2, 2, 3, 4, 6, 12])
    names = [(TAXA[i], f"{i}-{j % n:02d}") for i, n in enumerate(n_specimens) for j in range(12)]
    ids = [f"image {i:03d}" for i in range(len(names))]
    taxa, specimens = (pd.Series(column, ids) for column in zip(*names, strict=True))
    branch = 1 / np.sqrt(n_specimens)
    p = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        genetic = matrix(branch[:, None] + branch + 0.1 * rng.random((8, 8)))
        looks = {name: rng.normal(size=17) for name in specimens.unique()}
        vectors = np.array([looks[name] for name in specimens]) + 1
        vectors = vectors + 0.1 * rng.normal(size=vectors.shape)

        def measure(dealt, vectors=vectors):
            sums = (dealt.to_numpy()[:, None] == np.array(TAXA)).astype(float).T @ vectors
            unit = sums / np.linalg.norm(sums, axis=1, keepdims=True)
            return matrix(1 - unit @ unit.T)

        rows = score_against_deals(
            genetic, taxa, specimens, measure, {}, permutations=19, seed=seed
        )
        p.append(rows[0]["p"])
    assert np.mean(np.array(p) <= 0.05) < 0.2


def test_deals_keep_specimens_whole_and_the_numbers_of_each_taxon():
    specimens = pd.Series(list("aabbbcddeffgg"), [f"image {i:02d}" for i in range(13)])
    of = dict(zip("abcdefg", ["X", "X", "X", "Y", "Y", "Y", "Z"], strict=True))
    taxa = specimens.map(of)
    seen = set()
    for seed in range(20):
        dealt = deal_specimens(taxa, specimens, np.random.default_rng(seed))
        assert dealt.index.equals(taxa.index)
        assert dealt.groupby(specimens).nunique().max() == 1
        assert dealt.value_counts().to_dict() == taxa.value_counts().to_dict()
        by_taxon = specimens.groupby(dealt).nunique().to_dict()
        assert by_taxon == specimens.groupby(taxa).nunique().to_dict()
        assert (dealt[specimens == "b"] == "X").all()  # the only one with three images
        seen.add(tuple(dealt))
    assert len(seen) > 5


def test_deals_within_groups_stay_there_and_one_group_deals_as_none():
    specimens = pd.Series(list("aabbccddeeffgg"), [f"image {i:02d}" for i in range(14)])
    of = dict(zip("abcdefg", ["X", "X", "Y", "Y", "Z", "Z", "W"], strict=True))
    taxa = specimens.map(of)
    groups = pd.Series({"X": 1, "Y": 1, "Z": 0, "W": 0})
    seen = set()
    for seed in range(20):
        dealt = deal_specimens(taxa, specimens, np.random.default_rng(seed), groups=groups)
        assert dealt.map(groups).equals(taxa.map(groups))
        assert dealt.value_counts().to_dict() == taxa.value_counts().to_dict()
        assert dealt.groupby(specimens).nunique().max() == 1
        seen.add(tuple(dealt))
        one, none = (
            deal_specimens(taxa, specimens, np.random.default_rng(seed), groups=g)
            for g in (groups * 0, None)
        )
        assert one.equals(none)
    assert len(seen) > 5


def test_taxa_without_a_place_in_the_tree_are_dealt_to_but_not_compared():
    rng = np.random.default_rng(1)
    taxa, measure = images(rng, np.zeros((len(BAGS), 17)))
    genetic = random_matrix(8, 1).filter(TAXA[:6])
    row, _ = score_against_deals(genetic, taxa, alone(taxa), measure, {}, permutations=3, seed=1)
    pairs = measure(taxa).filter(TAXA[:6]).condensed_form()
    assert np.isclose(row["value"], np.corrcoef(genetic.condensed_form(), pairs)[0, 1])


def test_same_seed_gives_the_same_scores():
    taxa, measure = images(np.random.default_rng(1), np.zeros((len(BAGS), 17)))
    one, same, other = (
        score_against_deals(
            random_matrix(8, 1), taxa, alone(taxa), measure, {}, permutations=7, seed=s
        )
        for s in (3, 3, 5)
    )
    assert one == same
    assert one[0]["value"] == other[0]["value"]
    assert one[1] != other[1]


def test_within_a_step_specimens_are_dealt_within_its_groups():
    taxa, measure = images(np.random.default_rng(1), np.zeros((len(BAGS), 17)))
    groups = in_groups(5, 2)  # Taxon 7 has none
    genetic, visual = random_matrix(8, 1), measure(taxa)
    seen = []

    def spy(dealt):
        seen.append(dealt)
        return measure(dealt)

    rows = score_against_deals(
        genetic, taxa, alone(taxa), spy, {"within_above": groups}, permutations=19, seed=1
    )
    assert [row["part"] for row in rows] == ["all", "all", "within_above", "within_above"]
    for dealt in seen[-19:]:
        assert dealt.map(groups).equals(taxa.map(groups))
        assert (dealt[taxa == TAXA[7]] == TAXA[7]).all()
        assert not dealt.equals(taxa)
    r, null = rows[2:]
    inside = [matrix.filter(TAXA[:7]) for matrix in (genetic, visual)]
    expected = mantel_within(*inside, groups, permutations=1, seed=1).r_within
    assert r["value"] == pytest.approx(expected) and r["n"] == null["n"] == 7
    deals = [
        mantel_within(
            inside[0], measure(dealt).filter(TAXA[:7]), groups, permutations=1, seed=1
        ).r_within
        for dealt in seen[-19:]
    ]
    assert null["value"] == pytest.approx(np.mean(deals))
    assert r["p"] == (1 + sum(deal >= r["value"] for deal in deals)) / 20
    assert (null["ci_low"], null["ci_high"]) == pytest.approx(np.percentile(deals, [2.5, 97.5]))


def test_a_step_without_pairs_is_not_dealt():
    taxa, measure = images(np.random.default_rng(1), np.zeros((len(BAGS), 17)))
    rows = score_against_deals(
        random_matrix(8, 1), taxa, alone(taxa), measure, {"within_above": in_groups(*[1] * 8)},
        permutations=3, seed=1,
    )  # fmt: skip
    assert {row["part"] for row in rows} == {"all"}


def score(n_taxa, groups):
    steps = {"within_above": groups}
    return score_agreement(
        random_matrix(n_taxa, 1), random_matrix(n_taxa, 2), steps, permutations=19, seed=1
    )


def test_agreement_is_tested_over_all_pairs_and_within_groups():
    rows, omitted = score(8, in_groups(5, 3))
    table = metrics_table(rows)  # all keys are columns of the contract
    assert list(zip(table["evaluator"], table["metric"], table["role"], strict=True)) == [
        ("mantel", "pearson", "score"),
        ("mantel", "spearman", "score"),
        ("mantel_within", "pearson", "score"),
        ("mantel_within", "spearman", "score"),
        ("distance_correlation", "bias_corrected", "score"),
        ("distance_correlation", "bias_corrected", "expected"),
        ("procrustes", "correlation", "score"),
        ("procrustes", "correlation", "expected"),
        ("partial_mantel", "pearson", "score"),
    ]
    assert set(table["n"]) == {8} and set(table["n_permutations"]) == {19}
    assert set(table["against"].dropna()) == {"permuted_taxa"}
    assert (table["p"].isna() == (table["role"] == "expected")).all()
    assert omitted == []
    assert set(table["part"].dropna()) == {"within_above"}
    assert (table["part"].notna() == (table["evaluator"] == "mantel_within")).all()
    pairs = [random_matrix(8, seed).condensed_form() for seed in (1, 2)]
    assert np.isclose(rows[0]["value"], np.corrcoef(pairs)[0, 1])
    found = table.set_index(["evaluator", "metric", "role"])["value"]
    assert found.nunique() == 9
    one, other = (
        DistanceMatrix(np.sqrt(random_matrix(8, seed).data), random_matrix(8, seed).ids)
        for seed in (1, 2)
    )
    test = procrustes(one, other, 19, seed=1)
    assert found["procrustes", "correlation", "score"] == test.value
    assert found["procrustes", "correlation", "expected"] == test.null_mean


def test_too_few_taxa_are_listed():
    rows, omitted = score(3, in_groups(3))
    assert rows == []
    reason = "3 taxa have images and a place in the tree; 5 are needed"
    assert omitted == [{"evaluator": "mantel", "reason": reason}]


def test_tests_within_are_left_out_where_groups_do_not_allow_them():
    for groups, reason, partial in (
        (in_groups(7), "7 taxa fall into 1 groups, the largest with 7 of them", False),
        (in_groups(2, 2, 2, 1), "7 taxa fall into 4 groups, the largest with 2 of them", True),
        (in_groups(*[1] * 7), "7 taxa fall into 7 groups, the largest with 1 of them", False),
        (in_groups(2, 2), "4 taxa fall into 2 groups, the largest with 2 of them", False),
    ):
        rows, omitted = score(7, groups)
        expected = {"mantel", "distance_correlation", "procrustes"}
        assert {row["evaluator"] for row in rows} - {"partial_mantel"} == expected
        left_out = ["mantel_within_above"] + ["partial_mantel"] * (not partial)
        assert [item["evaluator"] for item in omitted] == left_out
        assert omitted[0]["reason"].startswith(reason)


def test_each_step_is_tested_by_itself_and_the_rank_above_is_partialled_out():
    steps = {"within_coarsest": in_groups(5, 3), "within_above": in_groups(3, 2, 3)}
    one, other = random_matrix(8, 1), random_matrix(8, 2)
    rows, omitted = score_agreement(one, other, steps, permutations=19, seed=1)
    assert omitted == []
    for step, groups in steps.items():
        for method in ("pearson", "spearman"):
            test = mantel_within(one, other, groups, method, permutations=19, seed=1)
            row = next(row for row in rows if row.get("part") == step and row["metric"] == method)
            assert (row["evaluator"], row["value"]) == ("mantel_within", test.r_within)
            assert row["p"] == test.p_within
    partial = [row["value"] for row in rows if row["evaluator"] == "partial_mantel"]
    alone, _ = score(8, steps["within_above"])
    assert partial == [row["value"] for row in alone if row["evaluator"] == "partial_mantel"]


def test_without_steps_it_is_said_why_nothing_is_tested_within():
    matrices = random_matrix(8, 1), random_matrix(8, 2)
    rows, omitted = score_agreement(*matrices, {}, permutations=19, seed=1)
    assert {row["evaluator"] for row in rows} == {"mantel", "distance_correlation", "procrustes"}
    reason = "the taxa are all of one group of the rank above"
    assert omitted == [{"evaluator": "mantel_within", "reason": reason}]


def test_the_mantel_tests_alone_are_those_among_all():
    matrices, steps = (random_matrix(8, 1), random_matrix(8, 2)), {"within_above": in_groups(5, 3)}
    alone_rows, _ = score_mantel(*matrices, steps, permutations=19, seed=1)
    rows, _ = score_agreement(*matrices, steps, permutations=19, seed=1)
    assert alone_rows == [row for row in rows if row["evaluator"] in ("mantel", "mantel_within")]
    assert len(alone_rows) == 4


def test_a_star_tree_and_polytomies_are_listed_with_their_reason():
    star = matrix(np.ones((8, 8)))
    visual = random_matrix(8, 2)
    steps = {"within_above": in_groups(5, 3)}
    rows, omitted = score_agreement(star, visual, steps, permutations=19, seed=1)
    assert rows == [] and "a star tree?" in omitted[0]["reason"]
    group = np.repeat([0, 1], [5, 3])
    two_stars = matrix(1.0 + (group[:, None] != group))
    rows, omitted = score_agreement(two_stars, visual, steps, permutations=19, seed=1)
    assert "mantel_within" not in {row["evaluator"] for row in rows}
    reasons = {item["evaluator"]: item["reason"] for item in omitted}
    assert "within each group all distances" in reasons["mantel_within_above"]
    assert "is the third up to scale" in reasons["partial_mantel"]


def test_taxa_without_a_group_are_left_out_of_the_test_within():
    groups = in_groups(4, 3, 1)
    groups.iloc[7] = None
    rows, _ = score(8, groups)
    n = {row["evaluator"]: row["n"] for row in rows}
    assert n["mantel"] == n["procrustes"] == 8
    assert n["mantel_within"] == n["partial_mantel"] == 7
