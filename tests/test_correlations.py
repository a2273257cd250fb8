import numpy as np
import pandas as pd
import pytest
from random_distances import names, random_matrix
from visgen.distances.correlations import correlations
from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.mantel_within import mantel_within

N_TAXA = 13
METHODS = ("pearson", "spearman")


def groups_of(labels):
    return pd.Series(list(labels), names(len(labels)))


GROUPS = {
    "within_coarsest": groups_of("aaaaabbbbbbbb"),
    "within_above": groups_of("aaabbcccddddd").drop(["t003", "t007"]),
}


def test_correlations_are_those_of_the_mantel_tests():
    x, y = random_matrix(N_TAXA, 1), random_matrix(N_TAXA, 2)
    found = correlations(x, GROUPS)(y.data)
    expected = {}
    for method in METHODS:
        expected["mantel", "all", method] = mantel(x, y, method, 1, seed=0).r
        for step, groups in GROUPS.items():
            inner, outer = x.filter(list(groups.index)), y.filter(list(groups.index))
            test = mantel_within(inner, outer, groups, method, 1, seed=0)
            expected["mantel_within", step, method] = test.r_within
    assert found == pytest.approx(expected)


def test_what_rises_with_distances_does_instead_of_them():
    x, y = random_matrix(N_TAXA, 1), random_matrix(N_TAXA, 2)
    correlate = correlations(x, GROUPS)
    assert correlate(3 * y.data - 7) == pytest.approx(correlate(y.data))


def test_one_method_alone_is_computed_where_asked():
    x, y = random_matrix(N_TAXA, 1), random_matrix(N_TAXA, 2)
    both, one = (correlations(x, GROUPS, methods)(y.data) for methods in (METHODS, ("spearman",)))
    assert one == {key: r for key, r in both.items() if key[-1] == "spearman"}


def test_groups_without_pairs_or_of_equal_distances_have_no_correlation():
    x, y = random_matrix(N_TAXA, 1), random_matrix(N_TAXA, 2)
    groups = {
        "alone": pd.Series(names(N_TAXA), names(N_TAXA)),
        "of pairs": groups_of("aabbccddeeffg"),  # a pair is its own mean
        "none": groups_of("a" * N_TAXA).iloc[:0],
    }
    assert {part for _, part, _ in correlations(x, groups)(y.data)} == {"all"}
    flat = y.data.copy()
    flat[:3, :3] = 1
    of_three = {"within_above": groups_of("aaabcdefghijk")}
    assert np.isnan(correlations(x, of_three)(flat)["mantel_within", "within_above", "pearson"])
