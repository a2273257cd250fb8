import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.cluster.hierarchy as hierarchy
from random_distances import euclidean, names, random_matrix
from scipy.spatial.distance import pdist, squareform
from scipy.stats import binom, pearsonr, spearmanr
from scipy.stats import t as student
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import cosine_distances, tidy
from visgen.distances.permutation_tests.mantel import mantel
from visgen.distances.permutation_tests.mantel_within import (
    centred_within,
    mantel_within,
    pairs_within,
)
from visgen.simulate.phylogeny import simulate_phylogeny
from visgen.simulate.traits import branch_loadings, evolve_traits


def simulated_pair(n_taxa, n_features, signal, rng):
    """Return distances on a random ultrametric tree and between vectors evolved along it.

    Brownian motion; covariance between taxa is signal · C + (1 - signal) · I, with C the shared
    path from the root (Pagel's lambda).
    """
    points = rng.normal(size=(n_taxa, 2))
    heights = squareform(hierarchy.cophenet(hierarchy.average(points)))
    shared = 1 - heights / heights.max()
    covariance = signal * shared + (1 - signal) * np.eye(n_taxa)
    values, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(values, 0))
    vectors = root @ rng.normal(size=(n_taxa, n_features))
    tree = DistanceMatrix(tidy(2 * heights), names(n_taxa))
    return tree, cosine_distances(pd.DataFrame(vectors, index=names(n_taxa)))


def test_r_equals_that_of_scipy_over_the_upper_triangle():
    x, y = random_matrix(13, 1), random_matrix(13, 2)
    pairs = x.condensed_form(), y.condensed_form()
    assert mantel(x, y, permutations=9, seed=0).r == pytest.approx(pearsonr(*pairs)[0])
    ranked = mantel(x, y, "spearman", permutations=9, seed=0)
    assert ranked.r == pytest.approx(spearmanr(*pairs)[0])
    assert (ranked.n_taxa, ranked.n_pairs) == (13, 78)


def test_taxa_are_joined_by_name_not_by_row():
    x, y = random_matrix(11, 1), random_matrix(11, 2)
    mixed = y.filter(np.random.default_rng(0).permutation(y.ids))
    assert mantel(x, y, permutations=99, seed=5) == mantel(x, mixed, permutations=99, seed=5)


def test_exact_p_of_five_taxa_is_met():
    x, y = random_matrix(5, 3), random_matrix(5, 4)
    observed = pearsonr(x.condensed_form(), y.condensed_form())[0]
    every = [
        pearsonr(x.filter([x.ids[i] for i in order]).condensed_form(), y.condensed_form())[0]
        for order in itertools.permutations(range(5))
    ]
    exact = np.mean(np.array(every) >= observed - 1e-12)
    assert mantel(x, y, permutations=9999, seed=0).p == pytest.approx(exact, abs=0.02)
    assert mantel(x, x, permutations=9999, seed=0).p == pytest.approx(1 / 120, abs=0.004)


def test_p_is_never_below_one_in_permutations_plus_one():
    x = random_matrix(23, 1)
    assert mantel(x, x, permutations=199, seed=0).p == 1 / 200


def test_negative_correlation_is_no_evidence():
    x = random_matrix(17, 1)
    opposite = DistanceMatrix(tidy(x.data.max() - x.data), x.ids)
    result = mantel(x, opposite, permutations=199, seed=0)
    assert result.r == pytest.approx(-1)
    assert result.p == 1


def test_same_seed_gives_the_same_result():
    x, y = random_matrix(13, 1), random_matrix(13, 2)
    groups = pd.Series([i // 5 for i in range(13)], index=names(13))
    assert mantel(x, y, seed=7, permutations=99) == mantel(x, y, seed=7, permutations=99)
    within = [mantel_within(x, y, groups, seed=7, permutations=99) for _ in range(2)]
    assert within[0] == within[1]


def test_rejects_at_its_level_without_signal_and_nearly_always_with_it():
    rng = np.random.default_rng(11)

    def rejections(signal, n_replicates):
        pairs = [simulated_pair(23, 31, signal, rng) for _ in range(n_replicates)]
        tests = [mantel(*pair, permutations=199, seed=i) for i, pair in enumerate(pairs)]
        return sum(test.p <= 0.05 for test in tests)

    low, high = binom.ppf([0.001, 0.999], 200, 0.05)
    assert low <= rejections(signal=0, n_replicates=200) <= high
    assert rejections(signal=1, n_replicates=40) >= 38


def test_diagonal_raises_r_and_is_left_out():
    # Trap: the perfect pairs of each taxon with itself lift the correlation.
    x, y = random_matrix(74, 1), random_matrix(74, 2)
    r_with = pearsonr(*(m.data[np.triu_indices(74)] for m in (x, y)))[0]
    r = mantel(x, y, permutations=9, seed=0).r
    assert r == pytest.approx(pearsonr(x.condensed_form(), y.condensed_form())[0])
    assert r_with > r + 0.1


def test_published_p_value_fits_pairs_with_the_diagonal():
    # Roy 2025: r .4032, p 5.7419e-109. 74 families give 2,701 pairs, 2,775 with the diagonal.
    def p_value(r, n_pairs):
        return 2 * student.sf(r * np.sqrt((n_pairs - 2) / (1 - r**2)), n_pairs - 2)

    assert p_value(0.40317, 74 * 75 // 2) == pytest.approx(5.7419e-109, rel=0.05)
    assert p_value(0.40317, 74 * 73 // 2) > 100 * 5.7419e-109


def test_agreement_of_groups_alone_is_not_found_within_groups():
    rng = np.random.default_rng(2)
    groups = pd.Series([f"g{i // 5}" for i in range(35)], index=names(35))
    plain, within, all_pairs = 0, 0, 0
    for replicate in range(60):
        centres = np.repeat(rng.normal(scale=3, size=(7, 3)), 5, axis=0)
        x, y = (euclidean(centres + rng.normal(size=(35, 3))) for _ in range(2))
        plain += mantel(x, y, permutations=99, seed=replicate).p <= 0.05
        result = mantel_within(x, y, groups, permutations=99, seed=replicate)
        all_pairs += result.p <= 0.05
        within += result.p_within <= 0.05
    assert plain == 60
    high = binom.ppf(0.999, 60, 0.05)
    assert within <= high
    assert all_pairs <= high


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_agreement_within_groups_is_found(method):
    rng = np.random.default_rng(3)
    points = rng.normal(size=(35, 3))
    groups = pd.Series([f"g{i // 5}" for i in range(35)], index=names(35))
    x, y = euclidean(points), euclidean(points + 0.3 * rng.normal(size=(35, 3)))
    result = mantel_within(x, y, groups, method, permutations=199, seed=0)
    assert (result.p, result.p_within) == (1 / 200, 1 / 200)
    assert result.r == pytest.approx(mantel(x, y, method, permutations=9, seed=0).r)
    assert (result.n_taxa, result.n_groups, result.n_pairs_within) == (35, 7, 70)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_within_r_equals_that_of_a_plain_loop(method):
    x, y = random_matrix(13, 1), random_matrix(13, 2)
    labels = ["a"] * 5 + ["b"] * 2 + ["c"] * 5 + ["d"]
    groups = pd.Series(labels, index=names(13))
    kept = [(i, j) for i in range(13) for j in range(i) if labels[i] == labels[j]]
    columns = []
    for matrix in (x, y):
        pairs = pd.Series([matrix.data[pair] for pair in kept])
        pairs = pairs.rank() if method == "spearman" else pairs
        columns.append(pairs - pairs.groupby([labels[i] for i, _ in kept]).transform("mean"))
    result = mantel_within(x, y, groups, method, permutations=9, seed=0)
    assert result.r_within == pytest.approx(np.corrcoef(*columns)[0, 1])
    assert (result.n_groups, result.n_pairs_within) == (3, 21)


def test_pairs_within_groups_are_each_pair_of_a_group_once():
    assert np.argwhere(pairs_within(np.array([0, 1, 0, 0]))).tolist() == [[0, 2], [0, 3], [2, 3]]


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_groups_without_pairs_or_of_equal_distances_have_no_departures(method):
    distances = random_matrix(5, 1).data
    assert centred_within(distances, np.arange(5), method) is None
    assert centred_within(np.ones((5, 5)), np.array([0, 0, 0, 1, 1]), method) is None
    found = centred_within(distances, np.array([0, 0, 0, 1, 1]), method)
    assert found[:3].sum() == pytest.approx(0) and found[3] == pytest.approx(0)
    assert (found**2).sum() == pytest.approx(1)


def test_different_taxa_are_refused():
    with pytest.raises(
        ValueError, match=r"only in the first: \['t006'\], only in the second: \[\]"
    ):
        mantel(random_matrix(7, 1), random_matrix(6, 1), seed=0)


def test_few_taxa_are_refused():
    with pytest.raises(ValueError, match="4 taxa, expected at least 5"):
        mantel(random_matrix(4, 1), random_matrix(4, 2), seed=0)


def test_star_tree_is_refused():
    star = DistanceMatrix(0.3 * (1 - np.eye(7)), names(7))
    with pytest.raises(ValueError, match=r"the second matrix has the same distance 0.3 \(a star"):
        mantel(random_matrix(7, 1), star, seed=0)


def test_unknown_method_and_no_permutations_are_refused():
    x = random_matrix(7, 1)
    with pytest.raises(ValueError, match="method is 'kendall', expected one of pearson, spearman"):
        mantel(x, x, "kendall", seed=0)
    with pytest.raises(ValueError, match="permutations is 0"):
        mantel(x, x, permutations=0, seed=0)


def test_groups_that_allow_no_test_are_refused():
    x, y = random_matrix(7, 1), random_matrix(7, 2)
    pairs = pd.Series([i // 2 for i in range(7)], index=names(7))
    with pytest.raises(ValueError, match="no group has three taxa"):
        mantel_within(x, y, pairs, seed=0)
    gaps = pairs.drop("t006").where(pairs != 2)
    with pytest.raises(ValueError, match=r"no group for \['t004', 't005', 't006'\]"):
        mantel_within(x, y, gaps, seed=0)
    with pytest.raises(ValueError, match="'t001' occurs twice"):
        mantel_within(x, y, pd.concat([pairs, pairs.loc[["t001"]]]), seed=0)
    flat = x.data.copy()
    flat[:3, :3] = 1 - np.eye(3)
    groups = pd.Series(list("aaabcde"), index=names(7))
    with pytest.raises(ValueError, match=r"within each group .* the first matrix are equal"):
        mantel_within(DistanceMatrix(flat, x.ids), y, groups, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal", "n", "least", "most"), [(0.0, 150, 0.01, 0.1), (1.0, 30, 0.95, 1.0)]
)
def test_mantel_rejects_simulated_shells_as_often_as_their_signal_says(signal, n, least, most):
    # no images; at signal 0, 2 to 15 rejections of 150 leave out one run in 100
    rejections = 0
    for seed in range(n):
        tree, _ = simulate_phylogeny(40, seed // 10)
        traits = evolve_traits(tree, 7, signal, 0.0, seed)
        visual = DistanceMatrix(squareform(pdist(traits)), list(traits.index))
        genetic = DistanceMatrix(path_lengths(tree, list(traits.index)), list(traits.index))
        rejections += mantel(visual, genetic, permutations=99, seed=seed).p <= 0.05
    assert least <= rejections / n <= most


def path_lengths(tree, names):
    """Path lengths from shared heights: the root is 1 above every tip."""
    shared = branch_loadings(tree).loc[names]
    return tidy(2 * (1 - shared.to_numpy() @ shared.to_numpy().T))
