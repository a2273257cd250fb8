import numpy as np
import pandas as pd
import pytest
from visgen.classification.classifiers.resampling import resample_training

SIZES = {0: 29, 1: 11, 2: 3, 3: 1}


def training(n_repeats=1, sizes=SIZES):
    """Rows of a training part; the position of a row says nothing of its image."""
    images = [f"image {taxon} {i:03d}" for taxon, n in sizes.items() for i in range(n)]
    index = pd.MultiIndex.from_product([sorted(images), range(n_repeats)], names=["id", "repeat"])
    rows = index.to_frame(index=False)
    rows["position"] = np.random.default_rng(1).permutation(2000)[: len(rows)]
    rows["taxon"] = rows["id"].str.split().str[1].astype(int)
    number = rows["id"].str.split().str[2].astype(int)
    rows["stratum"] = "species " + rows["taxon"].astype(str) + (number % 5).astype(str)
    return rows


def resampled(rows, **options):
    found = resample_training(rows, **({"seed": 3, "to": 13} | options))
    table = rows.set_index("position").loc[found.positions].reset_index()
    return table.assign(altered=found.altered)


def sizes(table):
    return table["taxon"].value_counts().sort_index().tolist()


def test_small_taxa_are_raised_and_large_ones_left():
    table = resampled(training(), method="raise")
    assert sizes(table) == [29, 13, 13, 13]
    assert not table["altered"].any()


def test_images_of_a_raised_taxon_take_turns():
    table = resampled(training(), method="raise")
    uses = table[table["taxon"] == 2]["id"].value_counts()
    assert sorted(uses) == [4, 4, 5]


def test_all_images_stay_when_taxa_are_raised():
    rows = training()
    assert set(resampled(rows, method="raise")["id"]) == set(rows["id"])


def test_noise_on_all_marks_no_taxon_and_noise_on_raised_rows_marks_small_ones():
    everywhere = resampled(training(), method="raise", source="noise")
    assert everywhere["altered"].all()
    only = resampled(training(), method="raise", source="noise", augment="raised")
    assert only.groupby("taxon")["altered"].sum().tolist() == [0, 2, 10, 12]


def test_views_come_at_the_same_odds_in_every_taxon():
    rows = training(4, {0: 300, 1: 60, 2: 12})
    table = resampled(rows, method="raise", source="repeats", to=240)
    shares = table.groupby("taxon")["altered"].mean()
    assert np.allclose(shares, 3 / 4, atol=0.08)
    assert (table["altered"] == (table["repeat"] > 0)).all()
    assert sizes(table) == [300, 240, 240]


def test_an_image_shows_all_its_views_before_one_comes_twice():
    table = resampled(training(5, {0: 7, 1: 2}), method="raise", source="repeats", to=10)
    small = table[table["taxon"] == 1]
    assert not small.duplicated(["id", "repeat"]).any() and len(small) == 10


def test_only_added_rows_are_views_where_only_raised_ones_may_be():
    table = resampled(training(3), method="raise", source="repeats", augment="raised")
    assert (table[table["taxon"] == 0]["repeat"] == 0).all()
    small = table[table["taxon"] == 2]
    assert (small["repeat"] == 0).sum() == 3 and small["altered"].sum() == 10


def test_missing_views_are_refused():
    with pytest.raises(ValueError, match="has 0 augmented repeats, expected 1 of every training"):
        resampled(training(), method="raise", source="repeats")
    rows = training(3).drop(index=4)
    with pytest.raises(ValueError, match="has 1 augmented repeats, expected 2 of every training"):
        resampled(rows, method="raise", source="repeats")


def test_large_taxa_are_reduced_and_small_ones_left():
    table = resampled(training(), method="reduce", to=7)
    assert sizes(table) == [7, 7, 3, 1]
    assert not table.duplicated("id").any()


def test_reduced_images_keep_their_views():
    table = resampled(training(3), method="reduce", to=7)
    assert sizes(table) == [21, 21, 9, 3]


def test_reducing_by_taxonomy_keeps_every_species_and_shares_the_places_out():
    rows = training()
    table = resampled(rows, method="reduce_by_taxonomy", to=7)
    assert set(table["stratum"]) == set(rows["stratum"])
    assert sizes(table) == [7, 7, 3, 1]
    assert table[table["taxon"] == 0]["stratum"].value_counts().isin([1, 2]).all()


def test_a_taxon_of_more_species_than_places_keeps_one_image_of_each():
    table = resampled(training(), method="reduce_by_taxonomy", to=2)
    assert sizes(table) == [5, 5, 3, 1]


def test_reducing_at_random_can_lose_a_species():
    rows = training()
    lost = [
        len(set(rows["stratum"]) - set(resampled(rows, method="reduce", to=4, seed=s)["stratum"]))
        for s in range(11)
    ]
    assert max(lost) > 0


def test_large_taxa_are_reduced_before_small_ones_are_raised():
    rows = training()
    for method in ("reduce", "reduce_by_taxonomy"):
        first = {"method": method, "to": 19}
        table = resampled(rows, method="raise", to=13, reduce_first=first)
        assert sizes(table) == [19, 13, 13, 13]
        largest = table[table["taxon"] == 0]
        assert not largest.duplicated("id").any()
        assert set(rows[rows["taxon"] > 0]["id"]) <= set(table["id"])
    assert largest["stratum"].nunique() == 5


def test_images_that_were_reduced_away_show_no_views():
    first = {"method": "reduce", "to": 13}
    table = resampled(training(3), method="raise", source="repeats", reduce_first=first)
    assert sizes(table) == [13, 13, 13, 13]
    assert table[table["taxon"] == 0]["id"].nunique() == 13


def test_the_seed_draws_what_is_reduced_first():
    def positions(seed):
        first = {"method": "reduce", "to": 13}
        return resample_training(training(), "raise", 11, reduce_first=first, seed=seed).positions

    one, same, other = positions(1), positions(1), positions(2)
    assert one.tolist() == same.tolist() != other.tolist()


@pytest.mark.parametrize("method", ["raise", "reduce", "reduce_by_taxonomy"])
def test_the_seed_decides(method):
    one, same, other = (
        resample_training(training(), method, 7, seed=seed).positions for seed in (1, 1, 2)
    )
    assert one.tolist() == same.tolist() != other.tolist()


@pytest.mark.parametrize("method", ["raise", "reduce", "reduce_by_taxonomy"])
@pytest.mark.parametrize("source", ["copies", "noise", "repeats"])
def test_nothing_outside_the_training_rows_comes_in(method, source):
    rows = training(3)
    found = resample_training(rows, method, 13, source=source, seed=5)
    assert set(found.positions) <= set(rows["position"])


def test_nothing_is_raised_first():
    first = {"method": "raise", "to": 13}
    with pytest.raises(ValueError, match="resampling reduce_first 'raise' is unknown"):
        resample_training(training(), "raise", 7, reduce_first=first, seed=1)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="resampling method 'smote' is unknown"):
        resample_training(training(), "smote", 7, seed=1)
