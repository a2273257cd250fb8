import numpy as np
import pandas as pd
import pytest
from prior_study import looks_of_taxa, relatives, study, taxon_names
from scipy.optimize import minimize
from signal_study import evolve, tree_distances
from visgen.prior.evidence import Evidence, evidence_of
from visgen.prior.fitting import fit_prior, nearest_relative, prior_covariance
from visgen.prior.relatives import fill_from_taxonomy, relatives_of, taxonomy_steps
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.covariance import BROWNIAN
from visgen.signal.likelihood import likelihood_of
from visgen.signal.variance_components import best_variances, invert, restricted_likelihood


def components(n=13, q=5):
    one, other = tree_distances(n, 1), tree_distances(n, 2)
    covariances = [1 - one / one.max(), np.exp(-other / np.median(other)), None]
    noise = 1 / np.array([1, 1, 2, 3, 3, 5, 7, 9, 1, 2, 4, 30, 2])
    return 1.5 * np.random.default_rng(4).normal(size=(n, q)), noise, covariances


def test_likelihood_and_slopes_are_those_of_a_plain_sum_over_axes():
    traits, noise, covariances = components()
    variances = np.array([0.7, 0.2, 0.4])

    def plain(values):
        observed = np.diag(noise) + values[0] * covariances[0] + values[1] * covariances[1]
        observed += values[2] * np.eye(13)
        inverse = np.linalg.inv(observed)
        total = 0
        for axis in traits.T:
            mean = inverse.sum(axis=0) @ axis / inverse.sum()
            total -= 0.5 * (np.linalg.slogdet(observed)[1] + np.log(inverse.sum()))
            total -= 0.5 * (axis - mean) @ inverse @ (axis - mean)
        return total

    found = restricted_likelihood(traits @ traits.T, 5, noise, covariances, variances)
    assert found.value == pytest.approx(plain(variances))
    for i in range(3):
        step = 1e-5 * np.eye(3)[i]
        slope = (plain(variances + step) - plain(variances - step)) / 2e-5
        assert found.slopes[i] == pytest.approx(slope, rel=1e-5)


def test_expected_information_is_the_variance_of_the_slopes():
    _, noise, covariances = components()
    variances = np.array([0.7, 0.2, 0.4])
    observed = np.diag(noise + 0.4) + 0.7 * covariances[0] + 0.2 * covariances[1]
    root = np.linalg.cholesky(observed)
    rng = np.random.default_rng(5)
    slopes = []
    for _ in range(3000):
        drawn = root @ rng.normal(size=(13, 2))
        at = restricted_likelihood(drawn @ drawn.T, 2, noise, covariances, variances)
        slopes.append(at.slopes)
    assert np.cov(np.transpose(slopes)) == pytest.approx(at.information, rel=0.1)


def test_one_covariance_gives_the_likelihood_of_the_mixed_model():
    distances, looks = study()
    evidence = evidence_of(looks, looks.taxa)
    covariance = 1 - distances / distances.max()
    found = best_variances(
        evidence.squares, 37, 1 / looks.n_images, [covariance, None], np.array([0.5, 0.5])
    )
    total = found.values.sum()
    other = likelihood_of(looks.means, 1 / looks.n_images, covariance)
    expected = other(found.values[0] / total)
    assert total == pytest.approx(expected.variance, rel=1e-2)
    best = max(other(signal).log_likelihood for signal in np.linspace(0, 1, 201))
    nothing = other(0.0).log_likelihood
    alone = restricted_likelihood(
        evidence.squares, 37, 1 / looks.n_images, [None], np.array([other(0.0).variance])
    )
    assert found.likelihood.value - alone.value == pytest.approx(best - nothing, abs=0.01)


@pytest.mark.parametrize("size", [0.1, 1, 3])
def test_variances_that_fit_best_are_those_of_a_bounded_search(size):
    traits, noise, covariances = components()
    squares = size * traits @ traits.T

    def loss(variances):
        found = restricted_likelihood(squares, 5, noise, covariances, variances)
        return -found.value, -found.slopes

    found = best_variances(squares, 5, noise, covariances, np.ones(3))
    other = minimize(loss, np.ones(3), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 3)
    assert found.likelihood.value == pytest.approx(-other.fun, abs=1e-3)
    assert (found.values >= 0).all() and (found.values == 0).any()


def test_a_covariance_that_is_not_positive_definite_is_refused():
    with pytest.raises(ValueError, match=r"covariance of 2 taxa is not positive definite"):
        invert(np.array([[1.0, 2.0], [2.0, 1.0]]))


@pytest.mark.parametrize("order", [None, np.random.default_rng(8).permutation(29)])
def test_no_other_scale_is_more_likely(order):
    distances, looks = study(signal=0.7)
    kind = relatives("tree", distances)
    evidence = evidence_of(looks, kind.taxa)
    fit = fit_prior(evidence, [kind], [order])
    taken = np.arange(29) if order is None else order
    values = [
        best_variances(
            evidence.squares,
            37,
            1 / looks.n_images,
            [covariance[np.ix_(taken, taken)], None],
            np.array([1.0, 1.0]),
        ).likelihood.value
        for covariance in kind.covariances
    ]
    assert fit.log_likelihood == pytest.approx(max(values), abs=0.1)
    assert fit.log_likelihood >= fit.log_likelihood_without


def test_permuted_relatives_fall_silent():
    distances, looks = study(n_taxa=61, n_axes=101)
    kind = relatives("tree", distances, scales=[BROWNIAN])
    evidence = evidence_of(looks, kind.taxa)
    fit = fit_prior(evidence, [kind])
    assert fit.pi < 0.4
    assert sum(fit.variances) + fit.own == pytest.approx(2, rel=0.25)
    rng = np.random.default_rng(9)
    for _ in range(5):
        order = rng.permutation(61)
        permuted = fit_prior(evidence, [kind], [order])
        assert permuted.pi > 0.85
        silent = nearest_relative(prior_covariance(permuted, [kind], [order]))
        assert silent < 0.1 < nearest_relative(prior_covariance(fit, [kind])) / 3


def test_a_sum_finds_the_right_weights():
    one, other = tree_distances(83, 1), tree_distances(83, 2)
    rng = np.random.default_rng(10)
    true = evolve(one, 211, 1, rng) + np.sqrt(2) * evolve(other, 211, 1, rng)
    looks = looks_of_taxa(true + np.sqrt(0.5) * rng.normal(size=true.shape), np.full(83, 3), 11)
    kinds = [relatives(name, d, scales=[BROWNIAN]) for name, d in (("a", one), ("b", other))]
    fit = fit_prior(evidence_of(looks, kinds[0].taxa), kinds)
    assert fit.names == ("a", "b")
    assert fit.variances == pytest.approx([1, 2], rel=0.15)
    assert fit.own == pytest.approx(0.5, rel=0.3)


def test_a_kind_that_is_added_to_a_fit_gives_the_fit_of_both():
    distances, looks = study()
    kinds = [relatives("tree", distances), relatives("other", tree_distances(29, 7))]
    evidence = evidence_of(looks, kinds[0].taxa)
    first = fit_prior(evidence, kinds[:1])
    added = fit_prior(evidence, kinds, first=first)
    both = fit_prior(evidence, kinds)
    assert added.scales == both.scales
    assert added[3][:1] == pytest.approx(both[3][:1], rel=1e-2)
    assert added.log_likelihood == pytest.approx(both.log_likelihood, abs=0.01)
    assert added.log_likelihood_without == both.log_likelihood_without
    assert both.log_likelihood >= first.log_likelihood - 1e-6


def test_taxa_without_images_take_no_part_in_the_fit():
    distances, looks = study()
    kind = relatives("tree", distances, scales=[BROWNIAN])
    seen = np.arange(29) % 4 != 0
    few = looks._replace(
        taxa=[t for t, s in zip(looks.taxa, seen, strict=True) if s],
        means=looks.means[seen],
        n_images=looks.n_images[seen],
    )
    evidence = evidence_of(few, kind.taxa)
    assert evidence.known.tolist() == np.flatnonzero(seen).tolist()
    covariance = kind.covariances[0][np.ix_(seen, seen)]
    fit = fit_prior(evidence, [kind])
    found = best_variances(
        evidence.squares, 37, 1 / few.n_images, [covariance, None], np.array([1.0, 1.0])
    )
    assert [*fit.variances, fit.own] == pytest.approx(found.values, rel=1e-2)
    assert prior_covariance(fit, [kind]).shape == (29, 29)


def test_taxa_twice_or_not_among_relatives_are_refused():
    _, looks = study()
    with pytest.raises(ValueError, match="relatives: 't001' is there twice"):
        evidence_of(looks, [*looks.taxa, "t001"])
    with pytest.raises(ValueError, match=r"2 taxa with images are not among them: \['t027'"):
        evidence_of(looks, looks.taxa[:27])


ABOVE = pd.DataFrame(
    {"family": list("AAAABBB"), "genus": ["a", "a", "b", "b", "c", None, None]}, taxon_names(7)
)


def test_steps_count_ranks_that_differ_and_a_gap_is_like_none():
    expected = [[0, 1, 2, 2, 3, 3, 3], [3, 3, 3, 3, 2, 2, 0]]
    assert taxonomy_steps(ABOVE).data[[0, 6]].tolist() == expected
    with pytest.raises(ValueError, match="the taxonomy: 't000' is there twice"):
        taxonomy_steps(pd.concat([ABOVE, ABOVE[:1]]))


def test_a_taxon_without_sequence_gets_the_distances_of_its_rank():
    steps = taxonomy_steps(ABOVE)
    taxa = ["t001", "elsewhere", "t000", "t002", "t004"]
    given = np.array(
        [
            [0, 9, 0.1, 0.4, 0.9],
            [9, 0, 9, 9, 9],
            [0.1, 9, 0, 0.6, 0.7],
            [0.4, 9, 0.6, 0, 0.5],
            [0.9, 9, 0.7, 0.5, 0],
        ]
    )
    found, filled = fill_from_taxonomy("COI", DistanceMatrix(given, taxa), steps)
    assert filled == ["t003", "t005", "t006"]
    assert list(found.ids) == taxon_names(7)
    assert found["t000", "t001"] == 0.1 and found["t002", "t004"] == 0.5
    assert found["t003", "t002"] == pytest.approx(0.1)  # a genus
    assert found["t003", "t000"] == pytest.approx(0.5)  # a family: mean of .4 and .6
    assert found["t006", "t005"] == pytest.approx(0.5)
    assert found["t006", "t003"] == pytest.approx(0.7)  # mean of .9, .7 and .5


def test_relatives_without_any_of_the_taxa_are_refused():
    other = DistanceMatrix(tree_distances(5, 1), list("vwxyz"))
    with pytest.raises(ValueError, match=r"relatives by COI: 0 of the 7 taxa are in it"):
        fill_from_taxonomy("COI", other, taxonomy_steps(ABOVE))


def test_ties_everywhere_are_refused_with_the_name():
    with pytest.raises(ValueError, match=r"relatives by tree: every pair of taxa has the same"):
        relatives("tree", 1 - np.eye(11))


def test_taxa_that_are_mostly_the_same_are_refused():
    distances = np.zeros((11, 11))
    distances[0, 1:] = distances[1:, 0] = 1
    with pytest.raises(ValueError, match="relatives by COI: half of the pairs of taxa or more"):
        relatives("COI", distances)


def test_what_is_clipped_is_told_and_a_constant_makes_it_positive():
    values = np.random.default_rng(12).uniform(size=(31, 31)) ** 2
    distances = np.triu(values, 1) + np.triu(values, 1).T
    kind = relatives("odd", distances)
    assert max(kind.clipped) > 0.05
    assert min(np.linalg.eigvalsh(one)[0] for one in kind.covariances) > -1e-4
    tree = relatives("tree", tree_distances(31, 1))
    assert tree.clipped == (0,) * len(tree.scales) and tree.filled == []
    assert [np.diag(one).max() for one in tree.covariances] == pytest.approx([1] * 8)
    assert relatives_of("x", DistanceMatrix(distances), ["b", "a"]).filled == ["a", "b"]


def test_relatives_that_are_the_identity_at_small_scales_do_not_fall_silent():
    # One rank above: the nearest relatives are half as far as all others.
    above = pd.DataFrame(
        {"family": np.repeat(list("abcdefghijkl"), 4)}, [f"s{i:02}" for i in range(48)]
    )
    kind = relatives_of("taxonomy", taxonomy_steps(above))
    family = pd.factorize(above["family"])[0]
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n_images = rng.integers(1, 6, 48)
        means = np.sqrt(0.6) * rng.standard_normal((12, 60))[family]
        means += np.sqrt(0.4) * rng.standard_normal((48, 60))
        means += rng.standard_normal((48, 60)) / np.sqrt(n_images)[:, None]
        evidence = Evidence(means @ means.T, 60, n_images, np.arange(48))
        fit = fit_prior(evidence, [kind])
        assert fit.log_likelihood - fit.log_likelihood_without > 20
