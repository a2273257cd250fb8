import numpy as np
import pandas as pd
import pytest
from visgen.specimens.turns import take_turns

#: Images of each species of 5 genera, 13 species in all.
SIZES = {"a": [41, 1, 1, 1, 1, 1, 1], "b": [7, 5], "c": [3, 2], "d": [1], "e": [1]}


def images(seed=3):
    rows = [
        (genus, f"{genus} {i}")
        for genus, sizes in SIZES.items()
        for i, n in enumerate(sizes)
        for _ in range(n)
    ]
    table = pd.DataFrame(rows, columns=["genus", "species"])
    return table.sample(frac=1, random_state=seed, ignore_index=True)


def first(labels, n):
    return labels.iloc[take_turns(labels)[:n]]


def test_every_image_has_its_turn():
    labels = images()
    assert sorted(take_turns(labels)) == list(range(len(labels)))


def test_all_species_come_before_any_has_a_second_image():
    assert first(images(), 13)["species"].is_unique
    assert first(images(), 14)["species"].nunique() == 13


def test_all_genera_come_before_any_has_a_second_species():
    assert first(images(), 5)["genus"].is_unique
    assert first(images(), 3)["genus"].is_unique
    assert first(images(), 8)["genus"].nunique() == 5


def test_three_ranks_take_turns_from_the_top():
    labels = images()
    labels.insert(0, "tribe", labels["genus"].map(dict(zip("abcde", "xxxyy", strict=True))))
    assert first(labels, 2)["tribe"].is_unique
    assert first(labels, 5)["genus"].is_unique and first(labels, 13)["species"].is_unique


def test_images_of_a_species_keep_their_order():
    labels = images()
    order = pd.Series(take_turns(labels))
    by_species = order.groupby(labels["species"].loc[order].to_numpy())
    assert by_species.apply(lambda places: places.is_monotonic_increasing).all()


def test_gaps_are_a_taxon_within_the_one_above():
    labels = pd.DataFrame({
        "genus": ["a", "a", "a", "b", None, None, "a", "b"],
        "species": ["a 1", None, None, None, None, None, "a 1", "b 1"],
    })  # fmt: skip
    chosen = first(labels, 5)
    assert not chosen.duplicated().any()
    assert set(chosen["genus"].fillna("")) == {"a", "b", ""}


def test_a_name_that_recurs_in_another_genus_is_another_species():
    labels = pd.DataFrame({"genus": ["a", "a", "b"], "species": ["alba", "alba", "alba"]})
    assert first(labels, 2)["genus"].tolist() == ["a", "b"]


@pytest.mark.parametrize("columns", [[], ["genus"]])
def test_without_taxa_that_differ_the_order_stays(columns):
    labels = pd.DataFrame({name: ["a"] * 7 for name in columns}, index=range(7))
    np.testing.assert_array_equal(take_turns(labels), np.arange(7))
