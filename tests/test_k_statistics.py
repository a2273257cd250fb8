import logging

import numpy as np
import pytest
from random_distances import random_matrix
from signal_study import evolve, tree_distances
from visgen.signal.brownian import brownian_motion, is_ultrametric
from visgen.signal.k_a import k_a
from visgen.signal.k_mult import k_mult

STATISTICS = [k_mult, k_a]

# (((A:1,B:1):1.5,(C:2,D:2):0.5):1.5,((E:0.5,F:0.5):2,G:2.5):1.5);
SHARED = np.array(
    [
        [4, 3, 1.5, 1.5, 0, 0, 0],
        [3, 4, 1.5, 1.5, 0, 0, 0],
        [1.5, 1.5, 4, 2, 0, 0, 0],
        [1.5, 1.5, 2, 4, 0, 0, 0],
        [0, 0, 0, 0, 4, 3.5, 1.5],
        [0, 0, 0, 0, 3.5, 4, 1.5],
        [0, 0, 0, 0, 1.5, 1.5, 4],
    ]
)
DISTANCES = 8 - 2 * SHARED
TRAITS = np.array(
    [
        [1.0, 0.2, -0.5],
        [1.3, 0.1, 0.4],
        [0.4, 1.1, 0.3],
        [0.9, 1.6, -0.8],
        [-1.2, 0.5, 1.1],
        [-0.8, -0.3, 0.6],
        [-0.1, -1.4, 0.9],
    ]
)


def by_definition(traits, covariance):
    """K of one trait (Blomberg et al. 2003), eigenvalue by eigenvalue of many."""
    n, one = len(covariance), np.ones(len(covariance))
    inverse = np.linalg.inv(covariance)
    residuals = traits - (one @ inverse @ traits) / (one @ inverse @ one)
    about_root, contrasts = residuals.T @ residuals, residuals.T @ inverse @ residuals
    expected = (np.trace(covariance) - n / (one @ inverse @ one)) / (n - 1)
    return about_root / expected, contrasts


# Numbers of others


def test_k_mult_is_that_of_phykit():
    motion = brownian_motion(DISTANCES)
    # PhyKIT 2.8.0: phykit phylogenetic_signal --multivariate --json, and of the first trait alone
    assert k_mult(TRAITS, motion, 9, seed=1).value == pytest.approx(1.072188745565677)
    assert k_mult(TRAITS[:, :1], motion, 9, seed=1).value == pytest.approx(1.8444865469273555)


def test_both_are_blombergs_k_of_one_trait():
    motion = brownian_motion(DISTANCES)
    about_root, contrasts = by_definition(TRAITS[:, :1], SHARED)
    for statistic in STATISTICS:
        found = statistic(TRAITS[:, :1], motion, 9, seed=1).value
        assert found == pytest.approx((about_root / contrasts).item())


def test_k_a_is_the_mean_of_the_stationary_k():
    about_root, contrasts = by_definition(TRAITS, SHARED)
    values = np.linalg.eigvals(np.linalg.inv(contrasts) @ about_root)
    motion = brownian_motion(DISTANCES)
    assert k_a(TRAITS, motion, 9, seed=1).value == pytest.approx(values.mean())


def test_no_trait_has_more_k_than_the_first_component():
    about_root, contrasts = by_definition(TRAITS, SHARED)
    values = np.linalg.eigvals(np.linalg.inv(contrasts) @ about_root)
    motion = brownian_motion(DISTANCES)
    for direction in np.random.default_rng(1).normal(size=(50, 3)):
        of_one = k_mult(TRAITS @ direction[:, None], motion, 1, seed=1).value
        assert values.min() <= of_one <= values.max()


# Permutations


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("distances", [DISTANCES, random_matrix(7, 2).data], ids=["tree", "none"])
def test_p_and_null_come_from_every_order_anew(statistic, distances):
    motion = brownian_motion(distances)
    test = statistic(TRAITS, motion, 29, seed=3)
    orders = np.random.default_rng(3).permuted(np.tile(np.arange(7), (29, 1)), axis=1)
    null = [statistic(TRAITS[order], motion, 1, seed=1).value for order in orders]
    assert test.null_mean == pytest.approx(np.mean(null))
    assert test.p == pytest.approx((1 + np.sum(null >= np.array(test.value))) / 30)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_independent_traits_are_rejected_in_about_5_percent(statistic):
    rng = np.random.default_rng(4)
    motion = brownian_motion(tree_distances(19, 5))
    ps = [statistic(rng.normal(size=(19, 4)), motion, 59, seed=1).p for _ in range(200)]
    assert 0.01 <= np.mean(np.array(ps) <= 0.05) <= 0.1


@pytest.mark.parametrize("statistic", STATISTICS)
def test_brownian_motion_has_k_near_1_and_is_seen(statistic):
    rng = np.random.default_rng(6)
    distances = tree_distances(41, 7)
    motion = brownian_motion(distances)
    tests = [statistic(evolve(distances, 10, 1, rng), motion, 99, seed=1) for _ in range(25)]
    assert np.mean([test.value for test in tests]) == pytest.approx(1, abs=0.15)
    assert max(test.p for test in tests) <= 0.05


# What they do not depend on


@pytest.mark.parametrize("statistic", STATISTICS)
def test_units_shifts_and_rotations_do_not_matter(statistic):
    motion = brownian_motion(DISTANCES)
    turned = np.linalg.qr(np.random.default_rng(8).normal(size=(3, 3)))[0]
    plain = statistic(TRAITS, motion, 49, seed=1)
    assert statistic(7 + 3 * TRAITS @ turned, motion, 49, seed=1) == pytest.approx(plain)
    assert statistic(TRAITS, brownian_motion(1e-7 * DISTANCES), 49, seed=1) == pytest.approx(plain)


def test_only_k_a_is_blind_to_which_directions_vary_most():
    motion = brownian_motion(DISTANCES)
    skewed = TRAITS @ np.array([[20, 1, 0], [3, 0.1, 0], [0, 0, 5.0]]) + [1, 2, 3]
    assert k_a(skewed, motion, 49, seed=1) == pytest.approx(k_a(TRAITS, motion, 49, seed=1))
    k = [k_mult(traits, motion, 1, seed=1).value for traits in (skewed, TRAITS)]
    assert abs(k[0] - k[1]) > 0.1


def test_k_a_of_as_many_traits_as_contrasts_would_be_the_same_for_any():
    rng = np.random.default_rng(9)
    values = []
    for traits in (rng.normal(size=(7, 6)), evolve(DISTANCES, 6, 1, rng)):
        about_root, contrasts = by_definition(traits, SHARED)
        values.append(np.trace(np.linalg.inv(contrasts) @ about_root))
        with pytest.raises(ValueError, match="6 traits of 7 taxa, expected fewer than 6"):
            k_a(traits, brownian_motion(DISTANCES), 9, seed=1)
    assert values[0] == pytest.approx(values[1])


def test_traits_that_depend_on_each_other_or_are_constant_are_refused():
    motion = brownian_motion(DISTANCES)
    with pytest.raises(ValueError, match="linearly"):
        k_a(np.column_stack([TRAITS, TRAITS.sum(axis=1)]), motion, 9, seed=1)
    with pytest.raises(ValueError, match="same traits"):
        k_mult(np.ones((7, 2)), motion, 9, seed=1)


# Trees


def test_expectation_is_that_of_simulated_brownian_motion():
    rng = np.random.default_rng(10)
    for distances in (DISTANCES, random_matrix(7, 2).data):  # also where there is no root
        motion = brownian_motion(distances)
        covariance = 2 * distances.max() - distances / 2
        y = rng.multivariate_normal(np.zeros(7), covariance, size=20_000)
        contrasts = ((y @ motion.contrasts.T) ** 2).sum(axis=1)
        residuals = y - (y @ motion.weights)[:, None]
        ratio = (residuals**2).sum() / contrasts.sum()
        assert contrasts.mean() == pytest.approx(6, rel=0.03)
        assert motion.expected == pytest.approx(ratio, rel=0.03)


def test_a_longer_root_changes_nothing():
    about_root, contrasts = by_definition(TRAITS[:, :1], SHARED + 3)
    assert k_mult(TRAITS[:, :1], brownian_motion(DISTANCES), 1, seed=1).value == pytest.approx(
        (about_root / contrasts).item()
    )


def test_without_a_clock_the_mean_is_the_plain_one():
    uneven = DISTANCES.copy()
    uneven[0, 1:] += 2
    uneven[1:, 0] += 2  # a longer last branch to A
    assert is_ultrametric(DISTANCES)
    assert is_ultrametric(DISTANCES + 1e-4 * (DISTANCES > 5))
    assert not is_ultrametric(uneven)
    np.testing.assert_allclose(brownian_motion(uneven).weights, 1 / 7)
    covariance = SHARED.copy()
    covariance[0, 0] += 2
    centring = np.eye(7) - 1 / 7
    residuals = centring @ TRAITS
    inverse = np.linalg.pinv(centring @ covariance @ centring)
    k = (residuals**2).sum() / np.einsum("ik,ij,jk->", TRAITS, inverse, TRAITS)
    expected = np.trace(centring @ covariance @ centring) / 6
    found = k_mult(TRAITS, brownian_motion(uneven), 1, seed=1).value
    assert found == pytest.approx(k / expected)


def test_negative_eigenvalues_are_left_out_and_said(caplog):
    distances = np.random.default_rng(11).uniform(0.1, 1, (9, 9))
    distances = distances + distances.T
    np.fill_diagonal(distances, 0)
    with caplog.at_level(logging.WARNING):
        motion = brownian_motion(distances)
    assert motion.clipped > 0.05
    assert f"{motion.clipped:.2g} of its eigenvalues are negative" in caplog.text
    assert len(motion.contrasts) < 8


def test_tips_without_distance_have_no_contrast():
    distances = np.repeat(np.repeat(DISTANCES, 2, axis=0), 2, axis=1)
    motion = brownian_motion(distances)
    traits = np.repeat(TRAITS, 2, axis=0)
    assert np.isfinite(k_mult(traits, motion, 9, seed=1).value)
    assert motion.contrasts.shape == (6, 14)


def test_a_star_tree_is_refused():
    with pytest.raises(ValueError, match=r"same phylogenetic distance 2 \(a star tree"):
        brownian_motion(2 - 2 * np.eye(5))
