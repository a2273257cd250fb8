from pathlib import Path

import pandas as pd
import pytest
from visgen.specimens.split_notes import split_notes
from visgen.specimens.splits import (
    PARTS,
    ever_in_train,
    ever_tested,
    finest_testable_rank,
    finest_usable_rank,
    read_splits,
    split_specimens,
)

MOTHS = Path(__file__).parents[2] / "shared/data/moths/meta.csv"
RANKS = ["order", "family"]
SHARES = {"test": 0.2, "val": 0.1}


def study(sizes, n_images=2):
    """Specimens of one order; `sizes` has the number of specimens of each family."""
    rows = [
        (f"{family}-{s}-{i}.jpg", f"{family}-{s}", None, "Order", family)
        for family, n in sizes.items()
        for s in range(n)
        for i in range(n_images)
    ]
    return pd.DataFrame(rows, columns=["id", "specimen", "split", *RANKS])


def split(specimens, seed=1, shares=SHARES):
    return split_specimens(specimens, RANKS, "family", **shares, seed=seed)


def parts_of_specimens(specimens, parts):
    return specimens.assign(part=specimens["id"].map(parts)).groupby("specimen")["part"].unique()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_specimen_is_in_two_parts(seed):
    specimens = study({"A": 31, "B": 7, "C": 2}, n_images=3)
    parts = split(specimens, seed)
    assert sorted(parts.index) == sorted(specimens["id"])
    assert (parts_of_specimens(specimens, parts).map(len) == 1).all()


@pytest.mark.parametrize("shares", [SHARES, {"test": 0.6, "val": 0.2}, {"test": 0.01, "val": 0.9}])
@pytest.mark.parametrize("n", [3, 4, 5, 11])
def test_taxon_of_three_specimens_has_every_part_whatever_the_shares(n, shares):
    assert set(split(study({"A": n}), shares=shares)) == set(PARTS)


def test_smaller_taxa_stay_in_train():
    assert set(split(study({"A": 2, "B": 1})[::-1])) == {"train"}


def test_shares_are_kept_within_each_taxon():
    parts = split(study({"A": 100, "B": 50}, n_images=1))
    counts = parts.groupby([parts.index.str[0], parts]).size()
    assert counts["A"].to_dict() == {"test": 20, "train": 70, "val": 10}
    assert counts["B"].to_dict() == {"test": 10, "train": 35, "val": 5}


def test_row_order_is_irrelevant_and_another_seed_deals_otherwise():
    specimens = study({"A": 31, "B": 7})
    parts = split(specimens)
    assert parts.index.is_monotonic_increasing
    pd.testing.assert_series_equal(parts, split(specimens.sample(frac=1, random_state=5)))
    assert not parts.equals(split(specimens, seed=2))


@pytest.mark.parametrize("shares", [SHARES, {"test": 0.2, "val": 0.2}, {"test": 0.15, "val": 0.15}])
@pytest.mark.parametrize("n", range(3, 17))
def test_new_specimen_moves_at_most_one_other_across_each_border(n, shares):
    before = split(study({"A": n}, 1), shares=shares)
    after = split(study({"A": n + 1}, 1), shares=shares)[before.index]
    for side in (["test"], ["test", "val"]):
        assert (before.isin(side) != after.isin(side)).sum() <= 1


def test_new_specimen_leaves_other_taxa_alone():
    before, after = split(study({"A": 11, "B": 7})), split(study({"A": 12, "B": 7}))
    pd.testing.assert_series_equal(before["B-0-0.jpg":], after["B-0-0.jpg":])


def test_users_split_is_kept():
    specimens = study({"A": 5})
    specimens["split"] = [*["train"] * 6, *["val"] * 2, *["test"] * 2]
    assert split(specimens).tolist() == specimens.sort_values("id")["split"].tolist()


def test_val_is_cut_from_the_users_train_and_test_stays():
    specimens = study({"A": 13, "B": 2})
    specimens["split"] = ["test" if i % 5 == 0 else "train" for i in range(len(specimens) // 2)] * 2
    # whole specimens: the first half of the rows would cut through one
    specimens["split"] = specimens.groupby("specimen")["split"].transform("first")
    given = specimens.set_index("id")["split"].sort_index()
    parts = split(specimens, shares={"test": 0.5, "val": 0.25})
    assert ((parts == "test") == (given == "test")).all()
    val = specimens[specimens["id"].map(parts) == "val"]
    n_train = specimens[(specimens["split"] == "train") & (specimens["family"] == "A")]
    assert val["specimen"].nunique() == round(0.25 * n_train["specimen"].nunique())
    assert set(val["family"]) == {"A"}
    assert (parts_of_specimens(specimens, parts).map(len) == 1).all()


@pytest.mark.parametrize("given", ["train", "test"])
def test_a_split_of_some_rows_is_kept_and_the_rest_are_dealt(given):
    specimens = study({"A": 13, "B": 7}, n_images=3)
    specimens.loc[specimens["specimen"].isin(["A-1", "A-2", "B-3"]), "split"] = given
    parts = split(specimens)
    kept = specimens.dropna(subset="split")["id"]
    assert (parts[kept] == given).all() and set(parts.drop(kept)) == set(PARTS)
    assert (parts_of_specimens(specimens, parts).map(len) == 1).all()


def test_images_without_a_split_go_with_their_specimen():
    specimens = study({"A": 7, "B": 5}, n_images=3)
    specimens.loc[specimens["id"].isin(["A-4-0.jpg", "B-1-2.jpg"]), "split"] = ["test", "val"]
    parts = split(specimens)
    assert parts[parts.index.str.startswith("A-4-")].tolist() == ["test"] * 3
    assert parts[parts.index.str.startswith("B-1-")].tolist() == ["val"] * 3
    notes = split_notes(specimens, parts, RANKS)
    [note] = notes[notes["note"] == "kept_split"].to_dict("records")
    assert (note["n_images"], note["n_specimens"]) == (2, 2)
    assert note["detail"] == (
        "34 images came without a split: 4 are with their specimen, 30 were dealt"
    )


def test_shares_that_leave_no_train_are_refused():
    with pytest.raises(ValueError, match=r"splits\.test 0\.7 and splits\.val 0\.3 leave nothing"):
        split(study({"A": 5}), shares={"test": 0.7, "val": 0.3})


def test_images_without_family_are_stratified_by_order():
    specimens = study({"A": 3, "B": 3, "C": 10}, n_images=1)
    specimens.loc[specimens["family"] == "C", "family"] = None
    parts = split(specimens)
    of_c = parts[parts.index.str.startswith("C")]
    assert of_c.value_counts().to_dict() == {"train": 7, "test": 2, "val": 1}
    specimens["order"] = specimens["order"].where(specimens["family"].notna())
    assert set(split(specimens)[of_c.index]) == set(PARTS)


def test_family_is_not_confused_with_an_order_of_its_name():
    specimens = study({"Order": 2, "B": 1}, n_images=1)
    specimens.loc[specimens["family"] == "B", "family"] = None
    assert set(split(specimens)) == {"train"}  # two and one, not three of "Order"


def test_notes_name_untested_and_untrained_taxa_and_shared_specimens():
    rows = [
        ("a", "s1", "Order", "A", "train"),
        ("b", "s1", "Order", "A", "test"),
        ("c", "s2", "Order", "B", "train"),
        ("d", "s3", "Order", "B", "val"),
        ("e", "s4", "Order", "C", "test"),
        ("f", "s5", "Order", None, "test"),
    ]
    specimens = pd.DataFrame(rows, columns=["id", "specimen", *RANKS, "split"])
    notes = split_notes(specimens, specimens.set_index("id")["split"], RANKS)
    assert notes.to_numpy().tolist() == [
        ["untested", "family", "B", 2, 2, "2 specimens, all in train, val"],
        ["untrained", "family", "C", 1, 1, "1 specimens, all in test"],
        ["shared_specimen", "", "s1", 2, 1, "in test, train"],
    ]


def test_own_splits_share_no_specimen():
    specimens = study({"A": 11, "B": 2})
    notes = split_notes(specimens, split(specimens), RANKS)
    assert notes[["note", "name"]].to_numpy().tolist() == [["untested", "B"]]


def test_finest_testable_rank_counts_images_in_taxa_of_three_specimens():
    # 6 images (3 specimens) in A; 6 images in singletons: half is not most
    assert finest_testable_rank(study({"A": 3, "B": 1, "C": 1, "D": 1}), RANKS) == "order"
    assert finest_testable_rank(study({"A": 3, "B": 1, "C": 1}), RANKS) == "family"


def test_finest_usable_rank_counts_images_of_its_taxa_unless_all_are_told():
    def taxa(rank, sizes):
        return pd.DataFrame([{"rank": rank, "n_images": 2 * n, "n_specimens": n} for n in sizes])

    ranks = ["order", "family", "genus"]
    table = pd.concat([taxa("order", [9, 9]), taxa("family", [6, 3, 2]), taxa("genus", [3, 1, 2])])
    assert finest_usable_rank(table, ranks) == "family"  # half of the images of genera is not most
    assert finest_usable_rank(table, ranks, 35) == "family"  # 18 of 35
    assert finest_usable_rank(table, ranks, 36) == "order"
    assert finest_usable_rank(taxa("genus", [1, 2]), ranks) is None


def test_many_images_of_two_specimens_do_not_make_a_taxon_testable():
    assert finest_testable_rank(study({"A": 2, "B": 2}, n_images=17), RANKS) == "order"


def test_gaps_count_against_a_rank():
    specimens = study({"A": 3, "B": 5})
    specimens.loc[specimens["family"] == "B", "family"] = None
    assert finest_testable_rank(specimens, RANKS) == "order"


def test_study_without_a_testable_rank_stays_in_training():
    specimens = study({"A": 1, "B": 1}, n_images=5)
    assert finest_testable_rank(specimens, RANKS) == "order"
    parts = split_specimens(specimens, RANKS, None, test=0.2, val=0.2, seed=1)
    assert set(parts) == {"train"}


def test_splits_come_back_from_their_tables(tmp_path):
    parts = pd.Series(
        ["train", "val", "test"], pd.Index(["007", "NA", "c d.jpg"], name="id"), name="split"
    )
    other = parts.map({"train": "test", "val": "val", "test": "train"})
    paths = [tmp_path / "seed-3.tsv", tmp_path / "seed-11.tsv"]
    for path, table in zip(paths, (parts, other), strict=True):
        table.to_csv(path, sep="\t")
    back = read_splits(paths)
    assert list(back) == [3, 11]
    assert back[3].to_dict() == parts.to_dict()
    assert ever_in_train(back) == {"007", "c d.jpg"}


@pytest.mark.skipif(not MOTHS.exists(), reason=f"the moths are not beside the checkout: {MOTHS}")
def test_moths_split_at_family_have_a_test_part():
    moths = pd.read_csv(MOTHS).rename(columns={"filename": "id"}).assign(split=None)
    ranks = ["order", "family", "subfamily", "genus", "species"]
    parts = split_specimens(moths, ranks, "family", **SHARES, seed=1)
    n_specimens = moths.groupby("family")["specimen"].nunique()
    tested = set(moths.loc[moths["id"].map(parts) == "test", "family"])
    assert tested == set(n_specimens.index[n_specimens >= 3])
    assert len(tested) == 17
    assert (parts == "test").sum() > 40


def test_tested_is_a_specimen_that_any_split_has_in_its_test_part_whole():
    images = ["a_1", "a_2", "b_1", "c_1", "d_1"]
    specimens = pd.Series(list("aabcd"), images)
    first = pd.Series(["test", "train", "test", "train", "val"], images)
    second = pd.Series(["val", "val", "train", "test", "train"], images)
    assert ever_tested({1: first, 2: second}, specimens) == {"b", "c"}
    assert ever_tested({1: first}, specimens[["a_1", "b_1"]]) == {"a", "b"}
