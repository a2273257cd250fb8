from functools import partial

import numpy as np
import pandas as pd
import pytest
from prior_study import looks_of_taxa, relatives, study, taxon_names
from scipy.stats import multivariate_normal
from signal_study import evolve, tree_distances
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel
from visgen.features.within_covariance import NoSpreadError
from visgen.prior.calibrating import fit_temperature
from visgen.prior.evidence import evidence_of
from visgen.prior.files import SavedPrior, describe_fit, read_prior, write_prior
from visgen.prior.fitting import fit_prior, own_covariance, prior_covariance
from visgen.prior.looks import fit_looks
from visgen.prior.permuting import measure_orders, one_sided, relative_orders
from visgen.prior.posterior import (
    cosine_scores,
    credit,
    density_scores,
    log_probabilities,
    plain_weights,
    posterior_of,
    posterior_weights,
    products_of,
)
from visgen.prior.recognition import SCORINGS, recall_by_taxon, recalls, scores_of, trial_of
from visgen.prior.unseen import chance_recalls, unseen_recalls
from visgen.signal.covariance import BROWNIAN
from visgen.signal.mixed_model import root_means

N_TAXA, N_AXES = 29, 37
UNSEEN = np.array([3, 11, 20])


class Given(Kernel):
    """A kernel whose values are given; inputs are positions."""

    def __init__(self, values):
        self.values = values

    def __call__(self, x, y=None, eval_gradient=False):
        x, y = (np.ravel(p).astype(int) for p in (x, x if y is None else y))
        return self.values[np.ix_(x, y)]

    def diag(self, x):
        return np.diag(self.values)[np.ravel(x).astype(int)]

    def is_stationary(self):
        return False


def known_part(looks, unseen):
    seen = np.setdiff1d(np.arange(len(looks.taxa)), unseen)
    taxa = [looks.taxa[i] for i in seen]
    return looks._replace(taxa=taxa, means=looks.means[seen], n_images=looks.n_images[seen])


def fitted(unseen=(), **more):
    distances, looks = study(N_TAXA, N_AXES, **more)
    looks = known_part(looks, list(unseen))
    kind = relatives("tree", distances, scales=[BROWNIAN, 0.5])
    evidence = evidence_of(looks, kind.taxa)
    prior = prior_covariance(fit_prior(evidence, [kind]), [kind])
    return looks, evidence, kind, prior


def test_posterior_is_that_of_a_gaussian_process():
    looks, evidence, _, prior = fitted(UNSEEN)
    weights = posterior_weights(prior, looks.n_images, evidence.known)
    posterior = posterior_of(weights, looks.means)
    process = GaussianProcessRegressor(Given(prior), alpha=1 / looks.n_images, optimizer=None)
    process.fit(evidence.known[:, None], looks.means - posterior.general)
    everyone = np.arange(N_TAXA)[:, None]
    expected = posterior.general + process.predict(everyone)
    assert posterior.means == pytest.approx(expected, abs=1e-8)
    # sklearn takes g as known; a constant of great variance beside K is a g that is not.
    vague = GaussianProcessRegressor(Given(prior + 1e4), alpha=1 / looks.n_images, optimizer=None)
    vague.fit(evidence.known[:, None], looks.means)
    deviations = vague.predict(everyone, return_std=True)[1]
    assert weights.variances == pytest.approx(deviations[:, 0] ** 2, abs=1e-3)
    _, covariance = process.predict(everyone, return_cov=True)
    assert (weights.variances >= np.diag(covariance[..., 0]) - 1e-8).all()


def test_general_mean_is_that_of_the_mixed_model():
    looks, _, _, prior = fitted()
    weights = posterior_weights(prior, looks.n_images)
    expected = root_means(looks.means, 1 / looks.n_images, prior)
    assert weights.of_general @ looks.means == pytest.approx(expected)
    assert weights.of_taxa.sum(axis=1) == pytest.approx(np.ones(N_TAXA))


def test_a_constant_added_to_all_covariances_changes_nothing():
    looks, evidence, _, prior = fitted(UNSEEN)
    one, other = (
        posterior_weights(values, looks.n_images, evidence.known) for values in (prior, prior + 3)
    )
    for a, b in zip(one, other, strict=True):
        assert a == pytest.approx(b)


def test_a_taxon_without_images_looks_like_its_relatives_and_is_less_sure():
    distances = tree_distances(N_TAXA, 1)
    near = np.argwhere(distances == distances[distances > 0].min())[0]
    rng = np.random.default_rng(2)
    true = 2 * evolve(distances, 300, 1, rng)
    looks = known_part(looks_of_taxa(true, np.full(N_TAXA, 3), 4), [near[0]])
    kind = relatives("tree", distances, scales=[BROWNIAN])
    evidence = evidence_of(looks, kind.taxa)
    prior = prior_covariance(fit_prior(evidence, [kind]), [kind])
    weights = posterior_weights(prior, looks.n_images, evidence.known)
    posterior = posterior_of(weights, looks.means)
    error = ((posterior.means[near[0]] - true[near[0]]) ** 2).mean()
    assert error < 0.5 * ((posterior.general - true[near[0]]) ** 2).mean()
    assert error == pytest.approx(weights.variances[near[0]], rel=0.25)
    assert weights.variances[near[0]] == weights.variances.max()


def test_without_relatives_means_are_shrunk_by_their_number():
    _, looks = study(N_TAXA, N_AXES)
    weights = posterior_weights(
        own_covariance(fit_prior(evidence_of(looks, looks.taxa)), 29), looks.n_images
    )
    posterior = posterior_of(weights, looks.means)
    own = fit_prior(evidence_of(looks, looks.taxa)).own
    share = own / (own + 1 / looks.n_images)
    expected = posterior.general + share[:, None] * (looks.means - posterior.general)
    assert posterior.means == pytest.approx(expected)


def test_scores_from_products_are_those_of_plain_loops():
    looks, evidence, _, prior = fitted(UNSEEN)
    weights = posterior_weights(prior, looks.n_images, evidence.known)
    posterior = posterior_of(weights, looks.means)
    specimens = np.random.default_rng(5).normal(size=(7, N_AXES)) + posterior.means[:7]
    products = products_of(specimens, looks.means)
    cosines, densities = cosine_scores(products, weights), density_scores(products, weights)
    for i, look in enumerate(specimens):
        expected = []
        for k in range(N_TAXA):
            a, b = look - posterior.general, posterior.means[k] - posterior.general
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert cosines[i, k] == pytest.approx(cosine)
            spread = (1 + posterior.variances[k]) * np.eye(N_AXES)
            expected.append(multivariate_normal(posterior.means[k], spread).logpdf(look))
        assert np.diff(densities[i]) == pytest.approx(np.diff(expected))


def test_probabilities_sum_to_one_and_follow_numbers_of_images_where_asked():
    scores = np.array([[0.0, 0.0, 1.0], [5.0, 0.0, 0.0]])
    balanced = np.exp(log_probabilities(scores, 2))
    assert balanced.sum(axis=1) == pytest.approx([1, 1])
    assert balanced[0] == pytest.approx(np.array([1, 1, np.exp(0.5)]) / (2 + np.exp(0.5)))
    collected = np.exp(log_probabilities(scores, 2, np.array([1, 3, 0])))
    assert collected[0] == pytest.approx([0.25, 0.75, 0])


def test_ties_are_broken_at_random():
    scores = np.array([[1, 1, 0.0], [1, 0, 0], [0, 1, 1], [-np.inf, 2, 3]])
    assert credit(scores, scores[:, 0]).tolist() == [0.5, 1, 0, 0]
    assert credit(scores, scores[:, 0], first=2).tolist() == [1, 1, 0, 0]


def few_and_many(seed=6, n_taxa=47, n_axes=60):
    """A trial in which relatives are needed, its evidence, kinds of relatives and truth."""
    distances = tree_distances(n_taxa, seed)
    rng = np.random.default_rng(seed)
    true = 0.8 * evolve(distances, n_axes, 0.95, rng)
    looks = looks_of_taxa(true, rng.choice([1, 4], n_taxa), seed)
    specimens = np.repeat(true, 11, axis=0)
    specimens += rng.normal(size=specimens.shape)
    kind = relatives("tree", distances, scales=[BROWNIAN, 0.5])
    trial = trial_of(looks, kind.taxa, specimens, np.repeat(kind.taxa, 11), 2.0)
    return trial, evidence_of(looks, kind.taxa), kind


def test_relatives_help_rare_taxa_and_permuted_ones_do_not():
    trial, evidence, kind = few_and_many()
    orders = relative_orders(kind.taxa, 19, 1)
    table = measure_orders(evidence, [kind], orders, partial(recalls, trial))
    alone = posterior_weights(own_covariance(fit_prior(evidence), 47), trial.n_images)
    without = recalls(trial, alone)
    assert table.loc[0, "rare"] > without["rare"] + 0.05
    assert table.loc[1:, "rare"].mean() == pytest.approx(without["rare"], abs=0.02)
    assert one_sided(table["rare"].to_numpy()) == 0.05
    with pytest.raises(ValueError, match="1 of 2 values are not defined"):
        one_sided(np.array([1, np.nan]))
    assert table.loc[0, "nearest_relative"] > 0.4 > 0.1 > table.loc[1:, "nearest_relative"].mean()
    again = measure_orders(evidence, [kind], orders[:3], partial(recalls, trial))
    pd.testing.assert_frame_equal(again, table[:3])


def test_permuted_genes_leave_the_taxonomy_what_it_has():
    trial, evidence, kind = few_and_many()
    genes = kind._replace(name="genes")
    table = measure_orders(
        evidence, [kind, genes], relative_orders(kind.taxa, 5, 1), partial(recalls, trial)
    )
    alone = measure_orders(evidence, [kind], np.arange(47)[None], partial(recalls, trial))
    assert table["rare"].to_numpy() == pytest.approx(alone.loc[0, "rare"], abs=0.02)


def test_recall_counts_taxa_alike():
    trial, *_ = few_and_many()
    weights = plain_weights(trial.n_images)
    for scoring in SCORINGS:
        scores = scores_of(trial, weights, scoring)
        named = scores.argmax(axis=1)
        by_taxon = [np.mean(named[trial.truth == k] == k) for k in range(47)]
        assert recall_by_taxon(trial, scores) == pytest.approx(by_taxon)
        found = recalls(trial, weights, scoring)
        rare = trial.n_images == 1
        assert found["all"] == pytest.approx(np.mean(by_taxon))
        assert found["rare"] == pytest.approx(np.mean(np.array(by_taxon)[rare]))
        assert found["others"] == pytest.approx(np.mean(np.array(by_taxon)[~rare]))


def test_what_is_expected_as_collected_is_named_common():
    rows = []
    for seed in range(1, 6):  # of one trial alone both can name as many
        trial, *_ = few_and_many(seed)
        weights = plain_weights(trial.n_images)
        balanced, collected = (recalls(trial, weights, s) for s in ("balanced", "as_collected"))
        rows.append({kind: collected[kind] - balanced[kind] for kind in ("rare", "others")})
    gains = pd.DataFrame(rows).mean()
    assert gains["rare"] < -0.02 and gains["others"] > 0


def test_orders_keep_taxa_in_their_groups():
    taxa = taxon_names(9)
    groups = pd.Series(list("aabbb") + [None] * 2, taxa[:7])
    orders = relative_orders(taxa, 50, 1, groups)
    assert orders.shape == (51, 9)
    assert (orders[0] == np.arange(9)).all()
    assert (orders[:, 5:] == np.arange(5, 9)).all()
    assert {tuple(sorted(row)) for row in orders[:, :2]} == {(0, 1)}
    assert 10 <= len(np.unique(orders, axis=0)) <= 12
    with pytest.raises(ValueError, match="no group has two taxa"):
        relative_orders(taxa, 5, 1, pd.Series(list("abc"), taxa[:3]))


def test_unseen_taxa_are_named_by_their_relatives():
    distances = tree_distances(41, 6)
    rng = np.random.default_rng(7)
    true = 2 * evolve(distances, 101, 1, rng)
    unseen = np.arange(0, 41, 5)
    looks = known_part(looks_of_taxa(true, np.full(41, 3), 8), unseen)
    kind = relatives("tree", distances, scales=[BROWNIAN])
    specimens = np.repeat(true[unseen], 3, axis=0) + rng.normal(size=(27, 101))
    names = np.repeat(np.array(kind.taxa)[unseen], 3)
    trial = trial_of(looks, kind.taxa, specimens, names)
    evidence = evidence_of(looks, kind.taxa)
    table = measure_orders(
        evidence, [kind], relative_orders(kind.taxa, 19, 1), partial(unseen_recalls, trial)
    )
    chance = chance_recalls(len(unseen), 41)
    assert chance == {"among_unseen": 1 / 9, "among_all": 1 / 41, "first_five": 5 / 41}
    for key in ("among_unseen", "first_five"):
        assert table.loc[0, key] > 3 * chance[key]
        assert one_sided(table[key].to_numpy()) == 0.05
    assert table.loc[1:, "among_unseen"].mean() == pytest.approx(1 / 9, abs=0.08)
    assert np.isnan(
        recalls(
            trial,
            posterior_weights(
                prior_covariance(fit_prior(evidence, [kind]), [kind]),
                looks.n_images,
                evidence.known,
            ),
        )["all"]
    )


def test_a_specimen_of_a_taxon_that_cannot_be_named_is_refused():
    _, looks = study()
    specimens = np.zeros((2, 37))
    with pytest.raises(ValueError, match="'elsewhere' is not among them"):
        trial_of(looks, looks.taxa, specimens, ["t003", "elsewhere"])
    with pytest.raises(ValueError, match="'t028' is not among them, expected all taxa with train"):
        trial_of(looks, looks.taxa[:28], specimens, ["t003", "t004"])


def features(n_taxa=17, n_images=(1, 3), seed=9):
    rng = np.random.default_rng(seed)
    y = np.repeat(taxon_names(n_taxa), rng.choice(n_images, n_taxa))
    code = np.unique(y, return_inverse=True)[1]
    x = rng.normal(size=(n_taxa, 23))[code] + 0.5 * rng.normal(size=(len(y), 23))
    return (5 + x @ rng.normal(size=(23, 23))).astype(np.float32), y


def test_looks_have_one_length_and_vary_by_one_within_taxa():
    x, y = features()
    space, looks = fit_looks(x, y)
    assert np.linalg.norm(looks.images, axis=1) == pytest.approx(space.length)
    residuals = looks.images - looks.means[looks.code]
    n, n_axes = looks.images.shape
    assert (residuals**2).sum() / ((n - 17) * n_axes) == pytest.approx(1)
    assert space.apply(x) == pytest.approx(looks.images, rel=1e-4, abs=1e-4)
    assert looks.taxa == sorted(set(y)) and looks.n_images.sum() == len(y)
    order = np.random.default_rng(1).permutation(len(y))
    _, again = fit_looks(x[order], y[order])
    assert np.abs(again.means @ again.means.T - looks.means @ looks.means.T).max() < 1e-2


def test_too_few_taxa_or_no_taxon_with_two_images_is_refused():
    x, y = features()
    few = np.isin(y, np.unique(y)[:9])
    with pytest.raises(ValueError, match="9 taxa with training images, expected at least 10"):
        fit_looks(x[few], y[few])
    firsts = np.unique(y, return_index=True)[1]
    with pytest.raises(NoSpreadError, match="each of the 17 taxa has one training image"):
        fit_looks(x[firsts], y[firsts])
    one = np.append(firsts, firsts[np.flatnonzero(np.diff(firsts) > 1)[0]] + 1)
    with pytest.raises(NoSpreadError, match="1 of 17 taxa have two training images"):
        fit_temperature(x[one], y[one])


def test_temperature_is_higher_where_axes_are_copies():
    rng = np.random.default_rng(10)
    y = np.repeat(taxon_names(24), 4)
    code = np.repeat(np.arange(24), 4)
    x = 0.6 * rng.normal(size=(24, 40))[code] + rng.normal(size=(96, 40))
    found = fit_temperature(x.astype(np.float32), y)
    assert 1 <= found < 20
    assert found == fit_temperature(x.astype(np.float32), y)


def test_a_prior_is_read_as_it_was_written(tmp_path):
    x, y = features()
    space, looks = fit_looks(x, y)
    kind = relatives("tree", tree_distances(19, 1), filled=["t018"])  # two without images
    evidence = evidence_of(looks, kind.taxa)
    fit = fit_prior(evidence, [kind])
    weights = posterior_weights(prior_covariance(fit, [kind]), looks.n_images, evidence.known)
    n_images = np.append(looks.n_images, [0, 0])
    prior = SavedPrior(
        space,
        posterior_of(weights, looks.means),
        kind.taxa,
        n_images,
        3.25,
        describe_fit(fit, [kind]),
    )
    paths = {"tensors": tmp_path / "prior.safetensors", "about": tmp_path / "prior.json"}
    write_prior(paths, prior)
    found = read_prior(paths)
    assert found.taxa == kind.taxa and found.temperature == 3.25
    assert found.about == prior.about
    assert found.about["relatives"][0]["name"] == "tree"
    assert found.about["relatives"][0]["filled"] == ["t018"]
    for a, b in zip(found.posterior, prior.posterior, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(found.space.apply(x), space.apply(x))
    assert np.array_equal(found.n_images, n_images)
    written = [path.read_bytes() for path in paths.values()]
    write_prior(paths, found)
    assert [path.read_bytes() for path in paths.values()] == written
    paths["about"].write_text('{"format": 2}')
    with pytest.raises(ValueError, match="not a prior of format 1"):
        read_prior(paths)
