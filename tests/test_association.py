import itertools

import numpy as np
import pandas as pd
import pytest
from random_distances import euclidean, names, random_matrix
from scipy import spatial
from scipy.stats import binom, linregress, pearsonr, rankdata
from skbio.stats.distance import DistanceMatrix
from skbio.stats.ordination import pcoa
from visgen.distances.matrices import cosine_distances, tidy
from visgen.distances.permutation_tests.distance_correlation import distance_correlation
from visgen.distances.permutation_tests.mantel_within import mantel_within
from visgen.distances.permutation_tests.partial_mantel import other_group, partial_mantel
from visgen.distances.permutation_tests.procrustes import procrustes


def groups_of(n_taxa, size):
    return pd.Series([f"g{i // size}" for i in range(n_taxa)], names(n_taxa))


def partial_in_groups_of_three(x, y, **options):
    return partial_mantel(x, y, other_group(groups_of(len(x.ids), 3), x.ids), **options)


MEASURES = [partial_in_groups_of_three, distance_correlation, procrustes]


# What holds for all of them


@pytest.mark.parametrize("measure", MEASURES)
def test_taxa_are_joined_by_name_not_by_row(measure):
    rng = np.random.default_rng(0)
    x, y = random_matrix(11, 1), random_matrix(11, 2)
    mixed = [matrix.filter(rng.permutation(matrix.ids)) for matrix in (x, y)]
    assert measure(*mixed, permutations=99, seed=5) == measure(x, y, permutations=99, seed=5)


@pytest.mark.parametrize("measure", MEASURES)
def test_same_seed_gives_the_same_result(measure):
    x, y = random_matrix(11, 1), random_matrix(11, 2)
    one, same, other = (measure(x, y, permutations=99, seed=seed) for seed in (3, 3, 5))
    assert one == same
    assert one.value == other.value
    assert one.null_mean != other.null_mean


@pytest.mark.parametrize("measure", MEASURES)
def test_units_do_not_matter(measure):
    x, y = random_matrix(11, 1), random_matrix(11, 2)
    tiny = DistanceMatrix(x.data * 1e-7, x.ids)  # of which scikit-bio's pcoa makes nothing
    result, scaled = (measure(m, y, permutations=99, seed=5) for m in (x, tiny))
    assert scaled[:3] == pytest.approx(result[:3])


@pytest.mark.parametrize("measure", MEASURES)
def test_independent_matrices_are_rejected_in_about_5_percent(measure):
    ps = np.array(
        [
            measure(
                random_matrix(17, 2 * i), random_matrix(17, 2 * i + 1), permutations=99, seed=i
            ).p
            for i in range(200)
        ]
    )
    low, high = binom.ppf([0.001, 0.999], 200, 0.05)
    assert low <= (ps <= 0.05).sum() <= high
    assert 0.42 < ps.mean() < 0.58  # .5 by chance, four standard errors to each side


@pytest.mark.parametrize("measure", MEASURES)
def test_related_matrices_are_found(measure):
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        points = rng.normal(size=(23, 3))
        x, y = euclidean(points), euclidean(points + 0.5 * rng.normal(size=points.shape))
        result = measure(x, y, permutations=99, seed=seed)
        assert result.value > result.null_mean
        found += result.p <= 0.05
    assert found >= 18


@pytest.mark.parametrize("measure", MEASURES)
def test_p_is_never_below_one_in_permutations_plus_one(measure):
    x = random_matrix(23, 1)
    result = measure(x, x, permutations=199, seed=0)
    assert result.value == pytest.approx(1)
    assert result.p == 1 / 200
    assert result.n_taxa == 23


@pytest.mark.parametrize("measure", MEASURES)
def test_permutations_are_the_same_in_chunks(measure, monkeypatch):
    x, y = random_matrix(11, 1), random_matrix(11, 2)
    whole = measure(x, y, permutations=99, seed=5)
    monkeypatch.setattr("visgen.distances.permutation_tests.association._CHUNK", 200)
    assert measure(x, y, permutations=99, seed=5)[:3] == pytest.approx(whole[:3])


@pytest.mark.parametrize("measure", MEASURES)
def test_matrices_that_allow_no_test_are_refused(measure):
    x = random_matrix(7, 1)
    star = DistanceMatrix(0.3 * (1 - np.eye(7)), names(7))
    with pytest.raises(
        ValueError, match=r"only in the first: \['t006'\], only in the second: \[\]"
    ):
        measure(x, random_matrix(6, 1), permutations=9, seed=0)
    with pytest.raises(ValueError, match="4 taxa, expected at least 5"):
        measure(random_matrix(4, 1), random_matrix(4, 2), permutations=9, seed=0)
    with pytest.raises(ValueError, match=r"the second matrix has the same distance 0.3 \(a star"):
        measure(x, star, permutations=9, seed=0)
    with pytest.raises(ValueError, match="permutations is 0"):
        measure(x, x, permutations=0, seed=0)


# Partial Mantel


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_partial_r_is_that_of_the_residuals(method):
    x, y, z = (random_matrix(13, seed) for seed in (1, 2, 3))
    pairs = [matrix.condensed_form() for matrix in (x, y, z)]
    pairs = [rankdata(column) for column in pairs] if method == "spearman" else pairs
    left = []
    for column in pairs[:2]:
        line = linregress(pairs[2], column)
        left.append(column - line.slope * pairs[2] - line.intercept)
    result = partial_mantel(x, y, z, method, permutations=9, seed=0)
    assert result.value == pytest.approx(pearsonr(*left)[0])


def test_exact_p_of_five_taxa_is_met_by_permuting_the_first_matrix():
    x, y, z = (random_matrix(5, seed) for seed in (3, 4, 6))

    def partial(order):
        columns = [x.filter([x.ids[i] for i in order]), y, z]
        r = np.corrcoef([matrix.condensed_form() for matrix in columns])
        return (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))

    every = np.array([partial(order) for order in itertools.permutations(range(5))])
    result = partial_mantel(x, y, z, permutations=9999, seed=0)
    assert result.p == pytest.approx(np.mean(every >= partial(range(5)) - 1e-12), abs=0.02)
    assert result.null_mean == pytest.approx(every.mean(), abs=0.01)


def test_other_group_is_zero_within_and_one_between():
    groups = pd.Series({"a": "one", "b": "two", "c": "one", "unused": "two"})
    matrix = other_group(groups, ("c", "b", "a"))
    assert matrix.ids == ("c", "b", "a")
    assert matrix.data.tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]


def test_taxa_without_a_group_are_refused():
    groups = pd.Series({"a": "one", "b": None})
    with pytest.raises(ValueError, match=r"groups: no group for \['b', 'c'\]"):
        other_group(groups, ["a", "b", "c"])


def test_third_matrices_that_allow_no_test_are_refused():
    x, y = random_matrix(7, 1), random_matrix(7, 2)
    with pytest.raises(ValueError, match=r"only in the third: \['t007'\]"):
        partial_mantel(x, y, random_matrix(8, 1), seed=0)
    for groups in (["g"] * 7, names(7)):  # all in one, each in its own
        z = other_group(pd.Series(groups, names(7)), names(7))
        with pytest.raises(ValueError, match="every pair in the third matrix has the same"):
            partial_mantel(x, y, z, seed=0)
    double = DistanceMatrix(2 * x.data, x.ids)
    with pytest.raises(ValueError, match="the first matrix is the third up to scale"):
        partial_mantel(double, y, x, seed=0)
    with pytest.raises(ValueError, match="the second matrix is the third up to scale"):
        partial_mantel(y, double, x, seed=0)


def test_a_permuted_matrix_that_equals_the_third_counts_as_no_correlation():
    z = other_group(groups_of(5, 3), names(5))
    order = [0, 3, 1, 4, 2]
    x = DistanceMatrix(z.data[np.ix_(order, order)], names(5))
    result = partial_mantel(x, random_matrix(5, 1), z, permutations=999, seed=0)
    assert np.isfinite(result).all()


def test_partial_mantel_is_fooled_by_groups_where_the_test_within_is_not():
    # Groups lie at independent places in x and in y: nothing agrees beyond "same or other group".
    groups = groups_of(35, 5)
    z = other_group(groups, names(35))
    partial, within = 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x, y = (
            euclidean(
                np.repeat(rng.normal(scale=3, size=(7, 3)), 5, axis=0) + rng.normal(size=(35, 3))
            )
            for _ in range(2)
        )
        partial += partial_mantel(x, y, z, permutations=99, seed=seed).p <= 0.05
        within += mantel_within(x, y, groups, permutations=99, seed=seed).p_within <= 0.05
    assert partial >= 20  # 5 were right; more than 12 once in 1,000
    assert within <= binom.ppf(0.999, 100, 0.05)


# Distance correlation


def corrected_by_loop(x, y):
    """Székely & Rizzo 2014, equation 3.1 and definition 2."""
    n = len(x)

    def u(a):
        rows, total = a.sum(axis=1), a.sum()
        centred = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                if i != j:
                    centred[i, j] = (
                        a[i, j]
                        - rows[i] / (n - 2)
                        - rows[j] / (n - 2)
                        + total / ((n - 1) * (n - 2))
                    )
        return centred

    def product(a, b):
        pairs = [a[i, j] * b[i, j] for i in range(n) for j in range(n) if i != j]
        return sum(pairs) / (n * (n - 3))

    a, b = u(x), u(y)
    return product(a, b) / np.sqrt(product(a, a) * product(b, b))


def uncorrected_by_loop(x, y):
    """Székely, Rizzo & Bakirov 2007, definition 5; the diagonal is part of it."""
    n = len(x)

    def centred(a):
        means = a.mean(axis=1)
        return [[a[i, j] - means[i] - means[j] + a.mean() for j in range(n)] for i in range(n)]

    def product(a, b):
        return sum(a[i][j] * b[i][j] for i in range(n) for j in range(n)) / n**2

    a, b = centred(x), centred(y)
    return np.sqrt(product(a, b) / np.sqrt(product(a, a) * product(b, b)))


def test_distance_correlation_equals_that_of_a_plain_loop():
    for seed in range(3):
        x, y = random_matrix(13, seed), random_matrix(13, seed + 10)
        expected = corrected_by_loop(x.data, y.data)
        assert distance_correlation(x, y, 9, seed=0).value == pytest.approx(expected)


def test_distance_correlation_equals_that_of_another_program():
    # The Python package dcor 0.7: u_distance_correlation_sqr and distance_correlation.
    i = np.arange(1.0, 14.0)
    x = np.column_stack([i**2 % 7, i * 3 % 11])
    y = np.column_stack([i**3 % 5, x[:, 0] + i * 5 % 3])
    x, y = euclidean(x), euclidean(y)
    assert distance_correlation(x, y, 9, seed=0).value == pytest.approx(0.028770963331020635)
    assert uncorrected_by_loop(x.data, y.data) == pytest.approx(0.5654848543636848)


def test_only_the_corrected_distance_correlation_is_zero_under_independence():
    draws = [(random_matrix(11, 2 * i), random_matrix(11, 2 * i + 1)) for i in range(60)]
    uncorrected = [uncorrected_by_loop(x.data, y.data) for x, y in draws]
    corrected = [distance_correlation(x, y, 1, seed=0).value for x, y in draws]
    assert min(uncorrected) > 0.3
    assert abs(np.mean(corrected)) < 0.05
    assert min(corrected) < 0


def test_exact_p_of_five_taxa_is_met_by_distance_correlation():
    x, y = random_matrix(5, 3), random_matrix(5, 4)
    every = np.array(
        [
            corrected_by_loop(x.data[np.ix_(order, order)], y.data)
            for order in itertools.permutations(range(5))
        ]
    )
    p = np.mean(every >= every[0] - 1e-12)
    assert distance_correlation(x, y, seed=0).p == pytest.approx(p, abs=0.02)


def test_distance_correlation_finds_a_curve_that_correlation_misses():
    found = 0
    for seed in range(20):
        place = np.random.default_rng(seed).uniform(-1, 1, size=41)
        x, y = euclidean(place[:, None]), euclidean(place[:, None] ** 2)
        found += distance_correlation(x, y, 99, seed=seed).p <= 0.05
    assert found == 20


def test_cosine_distances_show_every_dependence_only_under_the_root():
    # y tells the axis on which a direction lies, not which way it points along it.
    plain, rooted = 0, 0
    for seed in range(20):
        angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, size=53)
        vectors = pd.DataFrame({"x": np.cos(angle), "y": np.sin(angle)}, names(53))
        x = cosine_distances(vectors)
        root = DistanceMatrix(np.sqrt(x.data), x.ids)
        y = euclidean(np.column_stack([np.cos(2 * angle), np.sin(2 * angle)]))
        plain += distance_correlation(x, y, 99, seed=seed).p <= 0.05
        rooted += distance_correlation(root, y, 99, seed=seed).p <= 0.05
    assert plain <= 5
    assert rooted == 20


def test_a_star_tree_with_unequal_arms_has_no_distance_correlation():
    arms = np.arange(1.0, 8.0)
    star = DistanceMatrix(tidy((arms[:, None] + arms) * (1 - np.eye(7))), names(7))
    with pytest.raises(ValueError, match="the first matrix is that of a star tree"):
        distance_correlation(star, random_matrix(7, 1), 9, seed=0)


# Procrustes


@pytest.mark.parametrize("n_axes", [1, 2, 5])
def test_procrustes_equals_that_of_scipy(n_axes):
    rng = np.random.default_rng(1)
    x, y = (euclidean(rng.normal(size=(17, 7))) for _ in range(2))
    maps = [pcoa(matrix, dimensions=17).samples.to_numpy()[:, :n_axes] for matrix in (x, y)]
    disparity = spatial.procrustes(*maps)[2]
    result = procrustes(x, y, 9, seed=0, n_axes=n_axes)
    assert result.value == pytest.approx(np.sqrt(1 - disparity))
    assert result.n_axes == (n_axes, n_axes)


def test_maps_of_unequal_axes_equal_those_filled_with_zeros():
    rng = np.random.default_rng(1)
    x, y = euclidean(rng.normal(size=(17, 2))), euclidean(rng.normal(size=(17, 7)))
    result = procrustes(x, y, 9, seed=0, n_axes=5)
    assert result.n_axes == (2, 5)
    maps = [pcoa(matrix, dimensions=17).samples.to_numpy()[:, :5] for matrix in (x, y)]
    maps[0] = np.pad(maps[0][:, :2], ((0, 0), (0, 3)))
    assert result.value == pytest.approx(np.sqrt(1 - spatial.procrustes(*maps)[2]))


def test_maps_do_not_mind_turning_shifting_and_scaling():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(17, 3))
    turned = 5 * points @ np.linalg.qr(rng.normal(size=(3, 3)))[0] + 7
    result = procrustes(euclidean(points), euclidean(turned), 99, seed=0)
    assert result.value == pytest.approx(1)
    assert result.p == 1 / 100


def test_axes_explain_80_percent_but_are_at_most_a_third_of_the_taxa():
    rng = np.random.default_rng(1)
    few = euclidean(rng.normal(size=(23, 5)) * [10, 10, 0.1, 0.1, 0.1])
    many = euclidean(rng.normal(size=(23, 500)))
    assert procrustes(few, many, 9, seed=0).n_axes == (2, 7)
    assert procrustes(many, few, 9, seed=0).n_axes == (7, 2)


def test_only_axes_of_positive_eigenvalues_are_kept():
    rng = np.random.default_rng(1)
    x = cosine_distances(pd.DataFrame(rng.normal(size=(23, 3)), names(23)))
    centring = np.eye(23) - 1 / 23
    eigenvalues = np.linalg.eigvalsh(-centring @ x.data**2 @ centring / 2)
    assert eigenvalues.min() < -0.1
    result = procrustes(x, random_matrix(23, 2), 9, seed=0, n_axes=22)
    assert result.n_axes == ((eigenvalues > 1e-8).sum(), 3)


def test_axes_of_equal_eigenvalues_stay_or_go_together():
    # Four groups of three at equal distances: three equal axes part them, eight equal ones
    # the taxa within them.
    x = other_group(groups_of(12, 3), names(12)).data + (1 - np.eye(12))
    x = DistanceMatrix(x, names(12))
    y = random_matrix(12, 1)
    axes = [procrustes(x, y, 9, seed=0, n_axes=n).n_axes[0] for n in (1, 2, 3, 4, 10, 11)]
    assert axes == [3, 3, 3, 3, 3, 11]
    assert procrustes(x, y, 9, seed=0).n_axes[0] == 3


def test_chance_agreement_of_maps_rises_with_their_axes_and_is_reported():
    rng = np.random.default_rng(1)
    x, y = (euclidean(rng.normal(size=(41, 97))) for _ in range(2))
    by_chance = [procrustes(x, y, 99, seed=0, n_axes=n).null_mean for n in (2, 13, 40)]
    assert by_chance[0] < 0.25
    assert 0.4 < by_chance[1] < 0.6
    assert by_chance[2] > 0.75
    default = procrustes(x, y, 99, seed=0)
    assert default.n_axes == (13, 13)
    assert default.p > 0.05
    assert default.value == pytest.approx(default.null_mean, abs=0.1)


def test_no_axes_are_refused():
    with pytest.raises(ValueError, match="n_axes is 0, expected at least 1"):
        procrustes(random_matrix(7, 1), random_matrix(7, 2), 9, seed=0, n_axes=0)
