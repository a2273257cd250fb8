import numpy as np
import pandas as pd
import pytest
import torch
from guided_study import GUIDED, RIDGE_OPTIONS, UNGUIDED, simulate_features
from visgen.embedding.folds import KINDS, deal_folds, deal_groups_anew
from visgen.embedding.further_deals import deal_further, each_deal
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.held_out.deals import OTHER_DEAL, further_gains, gain_rows
from visgen.embedding.held_out.files import PERMUTED_COLUMNS
from visgen.embedding.held_out.refits import fit_folds as fit_unguided
from visgen.embedding.held_out.rows import held_out_rows
from visgen.embedding.held_out.scoring import METRICS, Fold, score_folds
from visgen.embedding.held_out.unguided_deals import fit_deals as deals_of_unguided
from visgen.embedding.ridge.deals import fit_deals as deals_of_ridge
from visgen.embedding.ridge.held_out import fit_folds, place_folds
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.metrics import metrics_table, of_role
from visgen.tables import read_table, write_table

RIDGE = UNGUIDED | {"guidance": {"method": "ridge", **RIDGE_OPTIONS}}
KEY, REGRET = ("held_out_known", "pearson_double_centred"), ("held_out_known", "nearest_regret")


@pytest.fixture(scope="module")
def study():
    features, taxa, genetic, families = simulate_features(29, 1.0, 5)
    folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
    further, _ = deal_further(folds, 3, 1)
    return features, taxa, genetic, folds, further


def first_deal(sizes, n_folds=4, seed=1):
    """Deal groups of these sizes; all distances are different."""
    n = sum(sizes)
    names = [f"taxon {i:03d}" for i in range(n)]
    folds = pd.DataFrame(index=pd.Index(names, name="taxon"))
    folds["tips"] = np.arange(n) % n_folds + 1
    groups = np.repeat(np.arange(len(sizes)), sizes)
    folds["clades"] = deal_groups_anew(groups, n_folds, np.random.default_rng(seed)) + 1
    return folds.assign(group_number=groups)


# Deals


@pytest.mark.parametrize("kind", KINDS)
def test_deals_are_all_different_and_of_as_many_folds(kind):
    folds = first_deal([9, 7, 5, 4, 3, 2, 1])
    further, omitted = deal_further(folds, 5, 1)
    assert omitted.empty and sorted(set(further["deal"])) == [2, 3, 4, 5]
    made = [table.set_index("taxon")[kind] for _, table in further.groupby("deal")]
    together = [np.equal.outer(one.to_numpy(), one.to_numpy()) for one in [folds[kind], *made]]
    assert len({who.tobytes() for who in together}) == 5
    for one in made:
        assert set(one) == {1, 2, 3, 4} and one.index.tolist() == folds.index.tolist()
        if kind == "clades":
            assert one.groupby(folds["group_number"]).nunique().eq(1).all()
        else:
            assert one.value_counts().tolist() == [8, 8, 8, 7]


def test_the_first_deals_stay_when_more_are_asked_for():
    folds = first_deal([9, 7, 5, 4, 3, 2, 1])
    few, more = (deal_further(folds, deals, 1)[0] for deals in (3, 6))
    assert few.equals(more[: len(few)]) and len(more) == 5 * len(folds)
    assert not few.equals(deal_further(folds, 3, 2)[0])


def test_deals_that_differ_by_numbers_alone_are_none_and_said_to_be_left_out():
    folds = first_deal([5, 4, 3], n_folds=3)  # a group a fold, however they are dealt
    further, omitted = deal_further(folds, 3, 1)
    assert further["clades"].isna().all() and further["tips"].notna().all()
    (row,) = omitted.to_dict("records")
    assert row["evaluator"] == "held_out_clades, all but 1 of 3 deals"
    assert "12 taxa in 3 groups were not dealt to 3 folds of clades in more ways" in row["reason"]


def test_a_deal_that_leaves_too_few_known_taxa_is_not_used():
    folds = first_deal([6, 3, 2], n_folds=2)
    folds["clades"] = folds["group_number"].map({0: 1, 1: 2, 2: 2})
    further, omitted = deal_further(folds, 4, 1)
    # The other ways leave 3 or 2 known taxa.
    assert further["clades"].isna().all() and len(omitted) == 1


def test_large_groups_come_early_but_not_always_first():
    groups = np.repeat(np.arange(6), [16, 8, 4, 2, 1, 1])
    rng = np.random.default_rng(1)
    dealt = [deal_groups_anew(groups, 2, rng) for _ in range(300)]
    is_first = np.mean([one[0] == 0 for one in dealt])  # the first group goes to the first fold
    largest = np.mean([np.bincount(one).max() for one in dealt])
    assert 0.4 < is_first < 0.7 and 16 <= largest < 18


def test_without_taxa_or_further_deals_the_table_is_empty(tmp_path):
    for folds, deals in ((first_deal([5, 4, 3])[:0], 3), (first_deal([5, 4, 3]), 1)):
        further, omitted = deal_further(folds, deals, 1)
        assert further.empty and omitted.empty
        write_table(tmp_path / "further.tsv", further)
        assert list(each_deal(folds, read_table(tmp_path / "further.tsv"))) == []


def test_deals_come_back_in_the_order_of_the_first_one(tmp_path):
    folds = first_deal([5, 4, 3], n_folds=3)
    further, _ = deal_further(folds, 3, 1)
    write_table(tmp_path / "further.tsv", further.sample(frac=1, random_state=1))
    found = dict(each_deal(folds, read_table(tmp_path / "further.tsv")))
    assert list(found) == [2, 3]
    for number, dealt in found.items():
        assert dealt.index.equals(folds.index) and dealt["clades"].isna().all()
        wanted = further[further["deal"] == number].set_index("taxon")["tips"]
        assert dealt["tips"].tolist() == wanted.loc[folds.index].tolist()
        assert dealt["group_number"].equals(folds["group_number"])


def test_a_deal_of_other_taxa_is_refused():
    folds = first_deal([5, 4, 3], n_folds=3)
    further, _ = deal_further(folds, 2, 1)
    message = "deal 2 of taxa to folds: found 11 taxa, expected the 12 of the first deal"
    with pytest.raises(ValueError, match=message):
        list(each_deal(folds, further[1:]))


# Scores


def scores_of(visual, genetic, folds, kind):
    """Score distances of folds; taxa sorted by name."""
    wanted = genetic.filter(list(folds.index)).data
    return score_folds(
        Fold(wanted, one.astype(float), (folds[kind] == number).to_numpy(bool))
        for number, one in enumerate(visual[kind], start=1)
    )


def test_what_is_fitted_at_once_is_scored_in_each_deal_as_in_the_first(study):
    features, taxa, genetic, folds, further = study
    folds = folds.sort_index()
    embedder = make_embedder(features, taxa, UNGUIDED, seed=1, device=torch.device("cpu"))
    images = make_taxon_images(features, taxa, RIDGE, seed=1)
    distances = in_bag_order(genetic, images.bags)
    tree = place_folds(distances, folds, RIDGE_OPTIONS, 1)
    found = {
        "unguided": deals_of_unguided(embedder, genetic, folds, further),
        "ridge": deals_of_ridge(images.grams(), tree, folds, further, 1),
    }
    for table in found.values():
        assert list(table) == PERMUTED_COLUMNS and set(table["null"]) == {OTHER_DEAL}
        assert len(table) == 2 * 2 * sum(map(len, METRICS.values()))
    for number, dealt in each_deal(folds, further):
        placed = place_folds(distances, dealt, RIDGE_OPTIONS, 1)
        again = {
            "unguided": fit_unguided(embedder, genetic, dealt)[0],
            "ridge": fit_folds(images.grams(), placed)[0],
        }
        for name, table in found.items():
            for kind in KINDS:
                here = table[(table["permutation"] == number) & (table["kind"] == kind)]
                values = here.set_index(["part", "metric"])["value"]
                for key, value in scores_of(again[name], genetic, dealt, kind).items():
                    assert values[key] == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("variant", [GUIDED, UNGUIDED | {"pooling": "random"}])
def test_what_is_trained_and_random_vectors_have_no_further_deal(study, variant):
    features, taxa, genetic, folds, further = study
    embedder = make_embedder(features, taxa, variant, seed=1, device=torch.device("cpu"))
    assert deals_of_unguided(embedder, genetic, folds, further).empty


# Gains


def other_deals(values, key=KEY, first=2):
    rows = [(OTHER_DEAL, number, "tips", *key, v) for number, v in enumerate(values, start=first)]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def test_gains_are_of_the_deals_that_both_have():
    ours = other_deals([0.5, 0.4, np.nan, 0.7])
    theirs = other_deals([0.2, 0.3, 0.1], first=3)  # deals 3, 4 and 5
    assert further_gains(ours, theirs, KEY).tolist() == pytest.approx([0.2, 0.6])
    assert further_gains(ours, theirs[:0], KEY).tolist() == []
    assert further_gains(ours, theirs, REGRET).tolist() == []


def test_a_gain_is_the_mean_over_deals_with_an_interval_as_wide_and_its_range_beside():
    row = {"metric": "pearson", "value": 0.4, "ci_low": 0.1, "ci_high": 0.6, "n": 17}
    mean, over = gain_rows(row, np.array([0.2, 0.6, 0.0]))
    numbers = ["value", "ci_low", "ci_high"]
    assert [mean[name] for name in numbers] == pytest.approx([0.3, 0.0, 0.5])
    assert [over[name] for name in numbers] == [0.4, 0.0, 0.6]
    assert (over["metric"], over["n_permutations"], over["n"]) == ("pearson_over_deals", 4, 17)
    assert gain_rows(row, np.empty(0)) == [row]
    nothing = row | {"value": np.nan}
    assert gain_rows(nothing, np.array([0.2])) == [nothing]


def test_other_deals_move_gains_and_no_other_row(study):
    _, _, genetic, folds, _ = study
    folds = folds.sort_index()
    rng = np.random.default_rng(3)
    wanted = genetic.filter(list(folds.index)).data

    def some_folds():
        noise = rng.random(wanted.shape)
        held_out = [(folds["tips"] == number).to_numpy(bool) for number in (1, 2, 3)]
        return [Fold(wanted, wanted + noise + noise.T, held) for held in held_out]

    own, reference = some_folds(), some_folds()
    null = other_deals([0.1, 0.2, 0.15]).assign(null="permuted_bags")
    further = pd.concat([other_deals([0.9, 0.8]), other_deals([2.0], REGRET)])
    theirs = pd.concat([other_deals([0.5, 0.6]), other_deals([1.0], REGRET)])

    def rows(permuted, its):
        return metrics_table(held_out_rows("tips", own, permuted, ("plain", reference, its), 1))

    one = rows(null, theirs)
    several = rows(pd.concat([null, further]), theirs)
    for role in ("score", "expected"):
        alone, beside = (of_role(table, role).reset_index(drop=True) for table in (one, several))
        assert alone.equals(beside) and not alone.empty
    before, after = (
        of_role(table, "difference").set_index(["part", "metric"]) for table in (one, several)
    )
    assert set(after.index) - set(before.index) == {
        (KEY[0], f"{KEY[1]}_over_deals"),
        (REGRET[0], "nearest_regret_over_deals"),
    }
    first = before.loc[KEY, "value"]
    assert after.loc[KEY, "value"] == pytest.approx((first + 0.4 + 0.2) / 3)
    among = ("held_out_held_out", "pearson")
    assert after.loc[among, "value"] == before.loc[among, "value"]
    widths = [
        table.loc[REGRET, "ci_high"] - table.loc[REGRET, "ci_low"] for table in (before, after)
    ]
    assert widths[0] == pytest.approx(widths[1])
