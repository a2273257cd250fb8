import numpy as np
import pandas as pd
import pytest
from visgen.distances.steps import STEPS, groups_by_step, ranks_by_step, taxa_by_step

TAXA = list("abcdef")


def series(names):
    return pd.Series(list(names), TAXA).replace("-", None)


def test_each_step_has_the_groups_of_its_rank():
    coarsest, above = series("FFFFHH"), series("AABBCC")
    steps = taxa_by_step(coarsest, above)
    assert tuple(steps) == STEPS == ("within_coarsest", "within_above")
    pd.testing.assert_series_equal(steps["within_coarsest"], coarsest)
    pd.testing.assert_series_equal(steps["within_above"], above)


@pytest.mark.parametrize(
    ("coarsest", "above", "expected"),
    [
        ("FFFFHH", "AABBCC", ["within_coarsest", "within_above"]),
        ("AABBCC", "CCAABB", ["within_above"]),  # the same groups by other names
        ("FFFFFF", "AABBCC", ["within_above"]),  # within all taxa is what is beyond chance
        ("FFFFFF", "AAAAAA", []),
    ],
)
def test_the_same_groups_and_one_group_of_all_are_not_asked_about_twice(coarsest, above, expected):
    assert list(taxa_by_step(series(coarsest), series(above))) == expected
    numbers = [np.array(list(map(ord, names))) for names in (coarsest, above)]
    found = groups_by_step(*numbers)
    assert list(found) == expected
    for step, name in zip(STEPS, numbers, strict=True):
        if step in found:
            np.testing.assert_array_equal(found[step], name)


def test_taxa_without_a_group_are_left_out_of_its_step_alone():
    steps = taxa_by_step(series("FFFFHH"), series("AAB-CC"))
    assert steps["within_coarsest"].index.tolist() == TAXA
    assert steps["within_above"].to_dict() == {"a": "A", "b": "A", "c": "B", "e": "C", "f": "C"}


def test_taxa_without_a_group_are_not_one_of_their_own():
    # Else the gaps would make one group of all into two.
    steps = taxa_by_step(series("FFFFFF"), series("AAAA--"))
    assert steps["within_above"].to_dict() == dict.fromkeys("abcd", "A")
    assert list(taxa_by_step(series("------"), series("------"))) == ["within_above"]


def test_ranks_are_those_of_the_groups():
    ranks = ["order", "family", "genus", "species"]
    assert ranks_by_step(ranks, "species") == {
        "within_coarsest": "order",
        "within_above": "genus",
    }
    assert ranks_by_step(ranks, "family") == {"within_above": "order"}
    assert ranks_by_step(ranks, "order") == {}
