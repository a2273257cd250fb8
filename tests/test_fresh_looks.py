import numpy as np
import pandas as pd
import pytest
from guided_study import RIDGE_OPTIONS, UNGUIDED, simulate_features
from visgen.embedding.folds import KINDS, deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.held_out import refits
from visgen.embedding.held_out.fresh_looks import (
    FRESH,
    FRESH_UNGUIDED,
    SCORED,
    draws_of,
    fresh_limits,
    fresh_power,
    gain_limits,
    unguided_folds,
)
from visgen.embedding.held_out.refits import visual_distances
from visgen.embedding.ridge import held_out as ridge
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.signal.expectation import expected_interval, power, reach

KEY = ("held_out_known", "pearson_double_centred")
KEY_WITHIN = ("held_out_known", "pearson_within_above")
RIDGE = UNGUIDED | {"guidance": RIDGE_OPTIONS}


@pytest.fixture(scope="module")
def study():
    features, taxa, genetic, families = simulate_features(29, 1.0, 5)
    folds, _ = deal_folds(genetic, genetic.ids, families, 3, 1)
    specimens = pd.Series(taxa.index, taxa.index)
    return features, taxa, genetic, folds, specimens


@pytest.fixture(scope="module")
def fresh(study):
    features, taxa, genetic, folds, specimens = study
    images = make_taxon_images(features, taxa, RIDGE, seed=1)
    of_bags = folds.loc[list(images.bags.taxa)]
    tree = ridge.place_folds(in_bag_order(genetic, images.bags), of_bags, RIDGE_OPTIONS, 1)
    return ridge.refit_fresh(images, specimens, tree, of_bags, refits=11, seed=1)


def rows_of(kind, names, size=6):
    """Scores that rise with the signal by draws that are known."""
    rng = np.random.default_rng(3)
    values = {signal: 0.5 * signal + 0.1 * rng.standard_normal(size) for signal in names}
    rows = [
        (names[signal], number, kind, *KEY, value)
        for signal in names
        for number, value in enumerate(values[signal], start=1)
    ]
    columns = ["null", "permutation", "kind", "part", "metric", "value"]
    return pd.DataFrame(rows, columns=columns), np.array(list(values.values()))


def test_few_refits_have_some_fresh_looks_and_none_has_none():
    assert [draws_of(n) for n in (0, 1, 40, 99, 999)] == [0, 8, 8, 20, 200]


def test_every_signal_kind_and_score_has_its_draws_with_and_without_guidance(fresh):
    assert set(fresh["null"]) == {*FRESH.values(), *FRESH_UNGUIDED.values()}
    assert set(fresh["kind"]) == set(KINDS)
    sizes = fresh.groupby(["null", "kind", "part", "metric"]).size()
    # Of whole groups held out no pair lies within a group.
    of_kinds = {"tips": {*SCORED, KEY_WITHIN}, "clades": set(SCORED)}
    names = [*FRESH.values(), *FRESH_UNGUIDED.values()]
    assert set(sizes.index) == {
        (n, kind, *key) for n in names for kind in KINDS for key in of_kinds[kind]
    }
    assert (sizes == draws_of(11)).all()
    assert np.isfinite(fresh["value"]).all()


def test_fresh_looks_agree_with_the_tree_the_more_the_larger_the_signal(fresh):
    of_key = fresh[(fresh["metric"] == KEY[1]) & (fresh["kind"] == "tips")]
    means = of_key.groupby("null")["value"].mean()
    assert abs(means[FRESH[0.0]]) < 0.15 < means[FRESH[0.3]] < means[FRESH[1.0]]
    assert means[FRESH_UNGUIDED[0.0]] < means[FRESH_UNGUIDED[0.3]] < means[FRESH_UNGUIDED[1.0]]


@pytest.mark.slow
def test_the_same_seed_draws_the_same_looks(study):
    features, taxa, genetic, folds, specimens = study
    made = make_embedder(features, taxa, UNGUIDED, seed=1, device=None)
    tables = [
        refits.refit_fresh(made, specimens, genetic, folds, refits=2, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert tables[0].equals(tables[1]) and not tables[0].equals(tables[2])
    assert set(tables[0]["null"]) == set(FRESH.values())


@pytest.mark.parametrize("variant", [{"pooling": "random"}, {"whiten": True}])
def test_vectors_that_have_no_fresh_looks_have_no_rows(study, variant):
    features, taxa, genetic, folds, specimens = study
    made = make_embedder(features, taxa, UNGUIDED | variant, seed=1, device=None)
    assert refits.refit_fresh(made, specimens, genetic, folds, refits=2, seed=1).empty


@pytest.mark.parametrize("centred", [True, False])
def test_folds_of_unguided_vectors_are_those_of_the_embedder(study, centred):
    features, taxa, genetic, folds, _ = study
    made = make_embedder(features, taxa, UNGUIDED | {"centre": centred}, seed=1, device=None)
    distances, folds = in_bag_order(genetic, made.bags), folds.loc[list(made.bags.taxa)]
    vectors = made.images.pooled("mean", 1).to_numpy()
    found = unguided_folds(vectors, distances, folds, list(KINDS), centred)
    for kind in KINDS:
        for number, fold in enumerate(found[kind], start=1):
            known = (folds[kind] != number).to_numpy()
            assert np.array_equal(fold.held_out, ~known)
            expected = visual_distances(made.vectors(None, known))
            assert fold.visual == pytest.approx(expected, abs=1e-5)


def test_limits_are_those_of_the_expectation():
    rows, values = rows_of("tips", FRESH)
    assert fresh_limits(rows, {KEY: 0.2}) == {KEY: expected_interval(values, 0.2)}
    assert fresh_limits(rows[:0], {KEY: 0.2}) == {}


def test_power_is_told_of_scores_that_have_fresh_looks():
    rows, values = rows_of("tips", FRESH)
    within = rows.assign(metric=KEY_WITHIN[1], value=rows["value"] / 2)
    scores = {KEY: 0.2, KEY_WITHIN: 0.1, ("held_out_known", "spearman"): 0.2}
    found = fresh_power(pd.concat([rows, within]), scores)
    assert found == {KEY: power(values), KEY_WITHIN: power(values / 2)}
    assert fresh_power(rows[:0], scores) == {}


def test_a_gain_varies_as_the_difference_of_both_scores_in_the_same_looks():
    own, _ = rows_of("tips", FRESH, 4000)
    beside, _ = rows_of("tips", FRESH_UNGUIDED, 4000)
    beside["value"] = 0.5 * own["value"].to_numpy()
    low, high = gain_limits(pd.concat([own, beside]), KEY, 0.25, 0.1)
    assert (low + high) / 2 == pytest.approx(0.1)
    assert high - low == pytest.approx(2 * 1.96 * 0.05, rel=0.05)
    assert all(map(np.isnan, gain_limits(own, KEY, 0.25, 0.1)))


def test_a_gain_from_few_looks_is_less_sure():
    (own, values), (beside, _) = rows_of("tips", FRESH, 8), rows_of("tips", FRESH_UNGUIDED, 8)
    beside["value"] = 0.5 * own["value"].to_numpy()
    low, high = gain_limits(pd.concat([own, beside]), KEY, 0.25, 0.1)
    half = reach(values.mean(axis=1), values.std(axis=1, ddof=1) / 2, 8)(np.array([0.25]))
    assert (low, high) == pytest.approx((0.1 - half[0], 0.1 + half[0]))
