import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from visgen.classification.confidence.conformal_sets import (
    allowed_ranks,
    conformal_sets,
    least_calibration,
    mondrian_sets,
)
from visgen.classification.confidence.set_coverage import (
    coverage_range,
    mean_with_interval,
    of_group,
    score_sets,
)
from visgen.metrics import metrics_table

N_TAXA = 7


NO_TAIL = np.zeros(N_TAXA, bool)


def draw(n, rng, taxa=range(N_TAXA), gain=2.0):
    """Odds and truths of specimens of some taxa; a small gain makes the true ones hard to see."""
    truth = rng.choice(taxa, n)
    logits = rng.normal(size=(n, N_TAXA))
    logits[np.arange(n), truth] += gain
    odds = np.exp(logits)
    return odds / odds.sum(axis=1, keepdims=True), truth


def score(calibration, test, in_tail=NO_TAIL, confidence=0.9, seed=1):
    rows, omitted = score_sets(calibration, test, in_tail, confidence=confidence, seed=seed)
    table = metrics_table(rows).set_index(["evaluator", "metric", "role"]).sort_index()
    return table[["against", "value", "ci_low", "ci_high", "n"]], omitted


def slow_sets(calibration, candidates, confidence):
    sets = np.zeros(candidates.shape, bool)
    for place in np.ndindex(candidates.shape):
        count = 1
        for other in calibration:
            count += other >= candidates[place]
        sets[place] = round(count / (len(calibration) + 1) - (1 - confidence), 12) > 0
    return sets


@pytest.mark.parametrize("n", [0, 3, 9, 10, 19, 37])
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95])
def test_sets_are_those_of_a_slow_loop(n, confidence):
    rng = np.random.default_rng(n)
    calibration, candidates = rng.integers(5, size=n) / 5, rng.integers(6, size=(11, 3)) / 5
    expected = slow_sets(calibration, candidates, confidence)
    assert (conformal_sets(calibration, candidates, confidence) == expected).all()


@pytest.mark.parametrize("n_taxa", [5, 7])
def test_sets_of_groups_are_those_of_each_group_alone(n_taxa):
    rng = np.random.default_rng(n_taxa)
    groups, of_true = np.arange(n_taxa) % 3, rng.integers(3, size=41)
    scores, candidates = rng.random(41), rng.random((13, n_taxa))
    sets = mondrian_sets(scores, of_true, candidates, groups, 0.8)
    for taxon in range(n_taxa):
        own = scores[of_true == groups[taxon]]
        assert (sets[:, taxon] == slow_sets(own, candidates[:, taxon], 0.8)).all()


def test_p_value_of_exactly_one_less_confidence_is_outside():
    # The largest of nine scores is beaten: p = 1 / 10 = 1 − 0.9, which floats make larger.
    assert 1 / 10 > 1 - 0.9
    assert not conformal_sets(np.arange(9.0), np.array([8.5]), 0.9)[0]
    assert conformal_sets(np.arange(9.0), np.array([8.0]), 0.9)[0]


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99, 2 / 3])
def test_least_calibration_is_the_first_that_leaves_something_out(confidence):
    n = least_calibration(confidence)
    assert allowed_ranks(n, confidence) == 1
    assert allowed_ranks(n - 1, confidence) == 0
    assert conformal_sets(np.zeros(n - 1), np.ones(1), confidence)[0]
    assert not conformal_sets(np.zeros(n), np.ones(1), confidence)[0]


@pytest.mark.parametrize("confidence", [0.0, 1.0, 90])
def test_confidence_beyond_a_share_is_refused(confidence):
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        conformal_sets(np.zeros(3), np.zeros(3), confidence)


def test_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        conformal_sets(np.array([0.1, np.nan]), np.zeros(3), 0.9)


@pytest.mark.slow
@pytest.mark.parametrize(("confidence", "n"), [(0.9, 59), (0.75, 59)])
def test_coverage_over_repeated_splits_is_the_stated_one(confidence, n, monkeypatch):
    monkeypatch.setattr("visgen.classification.confidence.set_coverage.BOOTSTRAPS", 2)
    values, within, repeats = [], 0, 150
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        calibration, test = draw(n, rng), draw(101, rng)
        assert len(np.unique(calibration[1])) == N_TAXA
        rows, _ = score(calibration, test, confidence=confidence)
        values.append(rows.loc[("conformal", "coverage", "score"), "value"])
        valid = rows.loc[("conformal", "coverage", "expected")]
        within += valid["ci_low"] <= values[-1] <= valid["ci_high"]
    assert np.mean(values) == pytest.approx(confidence, abs=0.02)
    assert 0.92 <= within / repeats <= 1


@pytest.mark.slow
def test_head_and_tail_apart_cover_the_tail_where_one_pool_does_not(monkeypatch):
    monkeypatch.setattr("visgen.classification.confidence.set_coverage.BOOTSTRAPS", 2)
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)

        def of_both(n_head, n_tail, rng=rng):
            parts = draw(n_head, rng, range(5)), draw(n_tail, rng, [5, 6], gain=-1.0)
            return tuple(map(np.concatenate, zip(*parts, strict=True)))

        # 12 of 120 and 2 of 20 ranks: exactly 0.1
        rows, omitted = score(of_both(119, 19), of_both(101, 53), np.arange(N_TAXA) >= 5)
        assert not omitted
        found.append(rows["value"].xs("score", level="role"))
    mean = pd.concat(found, axis=1).mean(axis=1)
    assert mean["conformal", "tail_coverage"] < 0.6
    for metric in ("tail_coverage", "head_coverage", "coverage"):
        assert mean["mondrian", metric] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("groups", [[(47, 29)], [(47, 29), (23, 61)]])
def test_coverage_range_is_that_of_simulated_studies(groups):
    rng, confidence, repeats = np.random.default_rng(3), 0.8, 20000
    covered = np.zeros(repeats)
    for n_test, n in groups:
        ranks = int((n + 1) * 0.2 + 1e-9)
        limit = np.sort(rng.random((repeats, n)), axis=1)[:, -ranks]
        covered += rng.binomial(n_test, limit)  # uniform scores: coverage is the limit itself
    n_test, n_calibration = zip(*groups, strict=True)
    found = coverage_range(n_test, n_calibration, confidence)
    expected = np.percentile(covered / sum(n_test), [2.5, 97.5])
    assert found == pytest.approx(expected, abs=1.01 / sum(n_test))


def test_coverage_range_needs_calibration_and_test_specimens():
    with pytest.raises(ValueError, match="8 calibration specimens are too few"):
        coverage_range([5], [8], 0.9)
    with pytest.raises(ValueError, match="no test specimen"):
        coverage_range([0], [9], 0.9)


def test_scores_by_hand():
    # Nine calibration specimens of taxa 0 and 1; the least probability of a true taxon is 0.3, and
    # at confidence 0.9 a taxon as probable as that is in the set.
    own = np.array([0.3, 0.4, 0.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.9])
    truth = np.array([0, 1] * 4 + [0])
    odds = np.repeat((1 - own)[:, None] / 2, 3, axis=1)
    odds[np.arange(9), truth] = own
    test = np.array([[0.6, 0.3, 0.1], [0.75, 0.25, 0], [0.4, 0.3, 0.3], [0, 0, 1], [0.9, 0.1, 0]])
    rows, omitted = score((odds, truth), (test, np.array([0, 1, 1, 2, 0])), np.zeros(3, bool))
    # Taxon 2 is not in the slice; the sets are {0, 1}, {0}, {0, 1, 2}, {0}.
    own = rows.loc["conformal"].xs("score", level="role")
    assert own["value"].to_dict() == pytest.approx(
        {"coverage": 3 / 4, "set_size": 7 / 4, "n_calibration": 9, "n_candidates": 3}
        | {"outside": 1 / 5, "unconditional_coverage": 4 / 5}
    )
    assert own["n"].to_dict() == {
        "unconditional_coverage": 5, "coverage": 4, "set_size": 4, "n_calibration": 9,
        "n_candidates": 4, "outside": 5,
    }  # fmt: skip
    null = rows.loc[("conformal", "coverage", "expected")]
    assert (null["against"], null["value"], null["n"]) == ("valid_sets", 0.9, 4)
    limits = own.loc["coverage", ["ci_low", "ci_high"]].tolist()
    # Wilson's interval of 3 of 4, as R's prop.test(3, 4, correct = FALSE) prints it
    assert limits == pytest.approx([0.3006418, 0.9544127], abs=1e-6)
    assert [row["evaluator"] for row in omitted] == ["mondrian"]


def test_interval_of_coverage_is_wilsons():
    rng = np.random.default_rng(5)
    rows, _ = score(draw(59, rng), draw(83, rng))
    row = rows.loc[("conformal", "coverage", "score")]
    expected = binomtest(round(row["value"] * 83), 83).proportion_ci(method="wilson")
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))


def test_scores_of_the_groups_are_those_of_their_specimens():
    rng, in_tail = np.random.default_rng(2), np.arange(N_TAXA) >= 3
    calibration, test = draw(61, rng), draw(103, rng)
    rows, omitted = score(calibration, test, in_tail)
    assert not omitted
    for name in ("conformal", "mondrian"):
        for metric in ("coverage", "set_size"):
            whole, head, tail = (
                rows.loc[(name, of_group(metric, group), "score")]
                for group in ("all", "head", "tail")
            )
            assert head["n"] + tail["n"] == whole["n"] == 103
            sum_ = head["value"] * head["n"] + tail["value"] * tail["n"]
            assert sum_ == pytest.approx(whole["value"] * 103)
    n = {
        (name, group): rows.loc[(name, of_group("n_calibration", group), "score")]
        for name in ("conformal", "mondrian")
        for group in ("all", "head", "tail")
    }
    assert n["mondrian", "head"]["value"] == (calibration[1] < 3).sum()
    assert n["mondrian", "head"]["value"] + n["mondrian", "tail"]["value"] == 61
    assert {n["conformal", group]["value"] for group in ("all", "head", "tail")} == {61}
    assert n["conformal", "head"]["n"] == 61


def test_too_small_slice_is_listed_and_not_scored():
    rng = np.random.default_rng(2)
    odds, truth = draw(8, rng)
    rows, omitted = score((odds, truth), draw(31, rng))
    assert rows.empty
    (row,) = [row for row in omitted if row["evaluator"] == "conformal"]
    assert row["reason"].startswith("8 calibration specimens, confidence 0.9 needs 9")


def test_too_small_tail_is_listed_and_takes_the_set_size_of_the_head_with_it():
    rng, in_tail = np.random.default_rng(2), np.arange(N_TAXA) >= 6
    odds, truth = draw(97, rng)
    kept = np.flatnonzero(truth < 6).tolist() + np.flatnonzero(truth == 6)[:5].tolist()
    rows, omitted = score((odds[kept], truth[kept]), draw(89, rng), in_tail)
    assert {row["evaluator"] for row in omitted} == {"mondrian"}
    reasons = {row["group"]: row["reason"] for row in omitted}
    assert set(reasons) == {"all", "tail", "head"}
    assert reasons["tail"].startswith("5 calibration specimens")
    assert "no set size" in reasons["head"]
    apart, pooled = (set(rows.loc[e].index.get_level_values(0)) for e in ("mondrian", "conformal"))
    assert "head_coverage" in apart
    assert {"coverage", "tail_coverage", "head_set_size"}.isdisjoint(apart)
    assert {"coverage", "tail_coverage", "head_set_size"} <= pooled


def test_test_part_without_a_taxon_of_the_slice_is_listed():
    rng = np.random.default_rng(2)
    odds, _ = draw(19, rng)
    test, _ = draw(11, rng)
    rows, omitted = score((odds, np.zeros(19, int)), (test, np.ones(11, int)))
    assert rows.empty
    assert "none of 11 test specimens" in omitted[1]["reason"]


@pytest.mark.parametrize("tail", [True, False])
def test_taxa_of_one_group_have_one_pool_only(tail):
    rng = np.random.default_rng(2)
    rows, omitted = score(draw(61, rng), draw(31, rng), np.full(N_TAXA, tail))
    assert set(rows.index.get_level_values(0)) == {"conformal"}
    assert not rows.index.get_level_values(1).str.contains("head_|tail_").any()
    where = "tail" if tail else "head"
    assert f"all {N_TAXA} taxa are in the {where}" in omitted[0]["reason"]


def test_mean_has_the_interval_of_specimens_and_not_of_images():
    values, specimen = np.arange(23.0), np.arange(23)
    few = mean_with_interval(values, specimen, 1)
    many = mean_with_interval(np.repeat(values, 5), np.repeat(specimen, 5), 1)
    assert few == pytest.approx(many)
    mean, low, high = few
    assert mean == 11
    half = 1.96 * values.std() / 23**0.5
    assert (low, high) == pytest.approx((11 - half, 11 + half), abs=0.4)
