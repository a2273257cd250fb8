import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from visgen.classification.confidence.measuring import BIN_COLUMNS, measure_confidence
from visgen.classification.confidence.reliability import (
    calibration_error,
    errors_if_calibrated,
    reliability_bins,
)
from visgen.classification.confidence.temperature import fit_temperature, scale_probabilities
from visgen.metrics import EXPECTED, SCORE, metrics_table, of_role
from visgen.specimens.splits import calibrates

TAXA = [f"Taxon {i}" for i in range(5)]


def calibrated(n, rng, n_taxa=5, spread=1.5):
    """Odds of which the truths are drawn."""
    odds = np.exp(rng.normal(scale=spread, size=(n, n_taxa)))
    odds = odds / odds.sum(axis=1, keepdims=True)
    truth = (odds.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    return odds, np.minimum(truth, n_taxa - 1)


def study(n_val=80, n_test=60, n_images=1, seed=1, power=1.0):
    """Predictions table, specimens and numbers of training images; taxa 3 and 4 are the tail."""
    n = n_val + n_test
    odds, truth = calibrated(n, np.random.default_rng(seed))
    odds = odds**power / (odds**power).sum(axis=1, keepdims=True)
    table = pd.DataFrame(odds.astype(np.float32), columns=TAXA)
    table.insert(0, "part", np.repeat(["val", "test"], [n_val, n_test]))
    table.insert(1, "id", [f"image {i:03d}" for i in range(n)])
    table.insert(2, "truth", np.array(TAXA)[truth])
    table.insert(3, "predicted", np.array(TAXA)[odds.argmax(axis=1)])
    specimens = pd.Series([f"s{i:03d}" for i in range(n)], table["id"])
    copies = [table.assign(id=table["id"] + f" view {i}") for i in range(n_images)]
    names = pd.concat([specimens.rename(lambda x, i=i: f"{x} view {i}") for i in range(n_images)])
    return pd.concat(copies, ignore_index=True), names, pd.Series([99, 80, 31, 10, 3], TAXA)


def measure(table, specimens, n_train, tail=20, confidence=0.8, simulations=50, seed=1):
    return measure_confidence(
        {(seed, "genus"): table},
        specimens,
        {(seed, "genus"): n_train},
        tail=tail,
        confidence=confidence,
        simulations=simulations,
    )


def scores_of(rows):
    """Return scores by evaluator and metric, without nulls."""
    table = of_role(metrics_table(rows), SCORE)
    return table.set_index(["evaluator", "metric"])[["value", "ci_low", "ci_high", "n"]]


def nulls_of(rows):
    return of_role(metrics_table(rows), EXPECTED).set_index(["evaluator", "metric"])


def half_of(table, specimens, seed=1):
    """Rows of the calibration slice."""
    own = specimens.loc[table["id"]]
    return (table["part"] == "val").to_numpy() & calibrates(own).to_numpy()


@pytest.mark.parametrize("power", [0.5, 2.0, 3.0])
def test_temperature_is_the_power_that_sharpened_the_probabilities(power):
    odds, truth = calibrated(20000, np.random.default_rng(1), spread=0.7)
    sharp = odds**power
    sharp /= sharp.sum(axis=1, keepdims=True)
    found = fit_temperature(sharp, truth, np.ones(len(truth)))
    assert found == pytest.approx(power, rel=0.03)


def test_temperature_of_calibrated_probabilities_is_one():
    odds, truth = calibrated(20000, np.random.default_rng(2))
    assert fit_temperature(odds, truth, np.ones(len(truth))) == pytest.approx(1, abs=0.03)


def test_temperature_has_the_least_loss_of_a_grid():
    odds, truth = calibrated(83, np.random.default_rng(3), n_taxa=7)
    weights = np.random.default_rng(4).random(83)

    def loss(temperature):
        scaled = scale_probabilities(odds**2, temperature)
        wrong = ((scaled - np.eye(7)[truth]) ** 2).sum(axis=1)
        return np.average(wrong, weights=weights)

    best = loss(fit_temperature(odds**2, truth, weights))
    assert best <= min(loss(t) for t in np.geomspace(0.01, 100, 301)) + 1e-9


def test_temperature_stays_one_where_every_other_is_as_good():
    assert fit_temperature(np.full((11, 5), 0.2), np.zeros(11, int), np.ones(11)) == 1


@pytest.mark.parametrize(("truth", "low", "high"), [(0, 0.01, 0.02), (2, 99.9, 100)])
def test_temperature_stays_within_its_bounds(truth, low, high):
    odds = np.tile([0.6, 0.3, 0.1], (13, 1))
    assert low <= fit_temperature(odds, np.full(13, truth), np.ones(13)) <= high


def test_temperature_without_images_is_refused():
    with pytest.raises(ValueError, match="no image"):
        fit_temperature(np.empty((0, 3)), np.empty(0, int), np.empty(0))


@pytest.mark.parametrize("temperature", [0.01, 0.3, 1, 7, 100])
def test_scaling_does_not_change_the_order_of_taxa(temperature):
    odds, _ = calibrated(101, np.random.default_rng(5), n_taxa=7)
    scaled = scale_probabilities(odds.astype(np.float32), temperature)
    assert (scaled.argmax(axis=1) == odds.argmax(axis=1)).all()
    assert np.allclose(scaled.sum(axis=1), 1)


def test_scaling_by_hand():
    scaled = scale_probabilities(np.array([[0.64, 0.36]]), 2)
    assert scaled == pytest.approx(np.array([[8 / 14, 6 / 14]]))


def test_zero_for_the_truth_gives_finite_numbers():
    odds, truth = np.tile([0.5, 0.5, 0, 0, 0], (7, 1)), np.array([0, 0, 0, 0, 0, 0, 3])
    assert 0.01 <= fit_temperature(odds, truth, np.ones(7)) <= 100
    assert scale_probabilities(odds, 3.0).tolist() == odds.tolist()
    table, specimens, n_train = study()
    table[TAXA] = np.eye(5, dtype=np.float32)[0]
    rows, bins, _ = measure(table, specimens, n_train)
    assert np.isfinite(scores_of(rows)["value"]).all()
    assert np.isfinite(bins[["confidence", "accuracy"]]).all(axis=None)


def test_scaled_probability_too_small_for_a_number_has_a_finite_loss():
    table, specimens, n_train = study()
    table[TAXA] = np.eye(5, dtype=np.float32)[0]
    # little sure of itself, but always right: the temperature falls to its lower bound
    choice = (table["part"] == "val") & ~half_of(table, specimens)
    table.loc[choice, "truth"] = TAXA[0]
    table.loc[choice, TAXA] = np.array([0.22, 0.195, 0.195, 0.195, 0.195], np.float32)
    rows, _, _ = measure(table, specimens, n_train)
    temperature = scores_of(rows).loc[("temperature", "temperature"), "value"]
    assert (1e-3 / 5) ** (1 / temperature) == 0
    assert np.isfinite(scores_of(rows)["value"]).all()


@pytest.mark.parametrize("n", [50, 1000])
def test_bins_are_those_of_scikit_learn(n):
    rng = np.random.default_rng(n)
    confidence, right = rng.random(n), rng.random(n) < 0.6
    bins = reliability_bins(confidence, right)
    accuracy, mean = calibration_curve(right, confidence, n_bins=10, strategy="quantile")
    assert np.allclose(bins["accuracy"], accuracy)
    assert np.allclose(bins["confidence"], mean)
    assert (bins["n_images"] == n // 10).all()


def test_equal_confidences_share_a_bin_even_if_their_last_bits_differ():
    confidence = np.repeat([0.2, 0.5, 0.9], [10, 30, 10])
    confidence = confidence + np.tile([0, 1e-16], 25)
    bins = reliability_bins(confidence, np.ones(50))
    assert bins["confidence"].tolist() == pytest.approx([0.2, 0.5, 0.9])
    assert bins["n_images"].tolist() == [10, 30, 10]


def test_error_of_perfectly_reliable_bins_is_zero():
    confidence = np.repeat([0.25, 0.5, 0.75], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0])
    assert calibration_error(reliability_bins(confidence, right, n_bins=3)) == 0


def test_error_by_hand():
    bins = reliability_bins(np.repeat([0.3, 0.8], [4, 6]), np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0]))
    # |0.5 − 0.3| · 4 / 10 + |0.5 − 0.8| · 6 / 10
    assert calibration_error(bins) == pytest.approx(0.26)


def test_errors_if_calibrated_are_those_of_calibrated_probabilities():
    rng = np.random.default_rng(6)
    errors = []
    for _ in range(300):
        odds, truth = calibrated(70, rng)
        top = odds.max(axis=1)
        errors.append(calibration_error(reliability_bins(top, odds.argmax(axis=1) == truth)))
    odds, _ = calibrated(7000, rng)
    simulated = [
        errors_if_calibrated(odds[i : i + 70].max(axis=1), np.arange(70), 10, i).mean()
        for i in range(0, 7000, 70)
    ]
    assert np.mean(simulated) == pytest.approx(np.mean(errors), rel=0.05)


def test_images_of_one_specimen_leave_more_error_to_chance():
    confidence = np.random.default_rng(7).random(120)
    alone = errors_if_calibrated(confidence, np.arange(120), 100, 1)
    shared = errors_if_calibrated(confidence, np.arange(120) // 12, 100, 1)
    assert shared.mean() > 1.3 * alone.mean()
    copies = errors_if_calibrated(np.tile(confidence, 3), np.tile(np.arange(120), 3), 100, 1)
    assert copies == pytest.approx(alone)


def test_scaling_brings_sharpened_probabilities_back():
    rows, _, _ = measure(*study(n_val=800, n_test=900, power=4.0))
    values = scores_of(rows)["value"]
    assert values["temperature", "temperature"] == pytest.approx(4, rel=0.2)
    assert values["temperature", "ece"] < 0.4 * values["uncalibrated", "ece"]
    assert values["temperature", "brier"] < values["uncalibrated", "brier"]
    chance = nulls_of(rows).loc[("temperature", "ece"), "value"]
    assert values["temperature", "ece"] == pytest.approx(chance, abs=0.02)


def test_brier_score_is_that_of_scikit_learn():
    table, specimens, n_train = study()
    rows, _, _ = measure(table, specimens, n_train)
    test = table[table["part"] == "test"]
    value = scores_of(rows).loc[("uncalibrated", "brier")]
    odds = test[TAXA].to_numpy(float)
    odds = odds / odds.sum(axis=1, keepdims=True)
    expected = brier_score_loss(test["truth"], odds, labels=TAXA, scale_by_half=False)
    assert value["value"] == pytest.approx(expected, rel=1e-5)
    assert value["ci_low"] < value["value"] < value["ci_high"]


def test_scores_have_the_columns_of_the_contract_and_errors_no_interval():
    rows, bins, omitted = measure(*study())
    table = metrics_table(rows)
    assert not omitted
    assert set(table["rank"]) == {"genus"}
    over_seeds = table["against"] == "valid_sets_over_seeds"
    assert set(table.loc[~over_seeds, "seed"]) == {1} and table.loc[over_seeds, "seed"].isna().all()
    assert set(table.loc[table["metric"] != "temperature", "part"]) == {"test"}
    assert list(bins) == BIN_COLUMNS
    assert bins.groupby("evaluator")["n_images"].sum().tolist() == [60, 60]
    assert scores_of(rows).xs("ece", level=1)[["ci_low", "ci_high"]].isna().all(axis=None)
    spread = nulls_of(rows).xs("ece", level=1)
    assert ((spread["ci_low"] < spread["value"]) & (spread["value"] < spread["ci_high"])).all()
    assert set(spread["against"]) == {"calibrated"}
    assert set(spread["n_permutations"]) == {50}


def test_copies_of_images_change_neither_numbers_nor_intervals():
    few, _, _ = measure(*study())
    many, _, _ = measure(*study(n_images=3))
    pd.testing.assert_frame_equal(pd.DataFrame(few), pd.DataFrame(many), rtol=1e-5)


def test_every_specimen_counts_once_for_the_temperature():
    table, specimens, n_train = study()
    copied = table.iloc[:40].copy()
    copied["id"] += " again"
    more = pd.concat([table, copied], ignore_index=True)
    names = pd.concat([specimens, specimens.iloc[:40].rename("{} again".format)])
    few, many = (
        scores_of(measure(*given, n_train)[0]).loc[("temperature", "temperature")]
        for given in ((table, specimens), (more, names))
    )
    assert many["value"] == pytest.approx(few["value"], rel=1e-4)
    assert many["n"] == few["n"]


def test_sets_are_those_of_the_first_image_of_each_specimen_by_id():
    table, specimens, n_train = study(n_images=2)
    later = table["id"].str.endswith("view 1").to_numpy()
    spared = later & ((table["part"] == "test").to_numpy() | half_of(table, specimens))
    whole, other = (
        scores_of(measure(t, specimens, n_train)[0]) for t in (table, changed(table, spared))
    )
    evaluators = ["conformal", "mondrian"]
    pd.testing.assert_frame_equal(other.loc[evaluators], whole.loc[evaluators])
    assert whole.loc[("conformal", "coverage"), "n"] == 60


def test_images_of_unknown_taxa_count_for_nothing_but_unconditional_coverage():
    table, specimens, n_train = study()
    extra = table.assign(id=table["id"] + " more")
    extra["truth"] = np.where(np.arange(len(extra)) % 2, None, "no column")
    names = pd.concat([specimens, pd.Series("another", extra["id"])])
    both = pd.concat([table, extra], ignore_index=True)
    expected, found = measure(table, specimens, n_train), measure(both, names, n_train)
    rows = [pd.DataFrame(part[0]).set_index(["evaluator", "metric"]) for part in (found, expected)]
    whole = [part.index.get_level_values(1).str.endswith("unconditional_coverage") for part in rows]
    pd.testing.assert_frame_equal(rows[0][~whole[0]], rows[1][~whole[1]])
    pd.testing.assert_frame_equal(found[1], expected[1])
    # One specimen more, of a taxon without a column: of all and of the tail, never of the head.
    key = ("conformal", "unconditional_coverage")
    known, more = rows[1].loc[key], rows[0].loc[key]
    assert more["n"] == known["n"] + 1
    assert more["value"] == pytest.approx(known["value"] * known["n"] / more["n"])
    head = ("conformal", "head_unconditional_coverage")
    assert rows[0].loc[head, "n"] == rows[1].loc[head, "n"]


def test_order_of_rows_does_not_matter():
    table, specimens, n_train = study(n_images=2)
    expected = measure(table, specimens, n_train)
    mixed = table.sample(frac=1, random_state=1)
    found = measure(mixed, specimens.sample(frac=1, random_state=2), n_train[::-1])
    pd.testing.assert_frame_equal(pd.DataFrame(found[0]), pd.DataFrame(expected[0]))


def changed(table, rows):
    """Give some images odds that say nothing of their taxon."""
    other = table.copy()
    other.loc[rows, TAXA] = np.roll(table.loc[rows, TAXA].to_numpy(), 1, axis=1)
    return other


def test_choice_half_fits_the_temperature_and_nothing_of_it_calibrates():
    table, specimens, n_train = study()
    half = half_of(table, specimens)
    choice = (table["part"] == "val").to_numpy() & ~half
    # without choice images the temperature is 1 either way: sets must come out alike
    alone = table[~choice]
    unfit = table.assign(truth=table["truth"].mask(choice))
    first, second = (measure(t, specimens, n_train) for t in (alone, unfit))
    pd.testing.assert_frame_equal(pd.DataFrame(first[0]), pd.DataFrame(second[0]))
    whole = scores_of(measure(table, specimens, n_train)[0])
    assert whole.loc[("conformal", "n_calibration"), "value"] == half.sum()
    assert whole.loc[("temperature", "temperature"), "n"] == choice.sum()
    other = scores_of(measure(changed(table, choice), specimens, n_train)[0])
    temperatures = [t.loc[("temperature", "temperature"), "value"] for t in (whole, other)]
    assert temperatures[1] > 1.5 * temperatures[0]


def test_calibration_slice_does_not_move_the_temperature():
    table, specimens, n_train = study()
    half = half_of(table, specimens)
    whole, other = (
        scores_of(measure(t, specimens, n_train)[0]) for t in (table, changed(table, half))
    )
    same = ["temperature", "uncalibrated"]
    pd.testing.assert_frame_equal(other.loc[same], whole.loc[same])
    sizes = [t.loc[("conformal", "set_size"), "value"] for t in (whole, other)]
    assert sizes[1] > sizes[0]


def test_empty_choice_half_leaves_the_temperature_at_one_and_is_listed():
    table, specimens, n_train = study()
    half = half_of(table, specimens)
    rows, bins, omitted = measure(table[half | (table["part"] == "test")], specimens, n_train)
    (row,) = omitted
    assert row["evaluator"] == "temperature"
    assert "the temperature stays 1" in row["reason"]
    assert set(row) == {"seed", "rank", "evaluator", "group", "reason"}
    before, after = (bins[bins["evaluator"] == e] for e in ("uncalibrated", "temperature"))
    columns = ["confidence", "accuracy", "n_images"]
    assert (before[columns].to_numpy() == after[columns].to_numpy()).all()
    assert ("temperature", "temperature") not in scores_of(rows).index


def test_too_small_slice_is_listed():
    table, specimens, n_train = study(n_val=13)
    rows, bins, omitted = measure(table, specimens, n_train, confidence=0.95)
    reasons = {(row["evaluator"], row["group"]): row["reason"] for row in omitted}
    n = int(half_of(table, specimens).sum())
    expected = f"{n} calibration specimens, confidence 0.95 needs 19"
    assert reasons["conformal", "all"].startswith(expected)
    assert {row["evaluator"] for row in rows} == {"uncalibrated", "temperature"}
    assert len(bins)


def test_test_part_without_known_taxa_is_listed():
    table, specimens, n_train = study()
    table.loc[table["part"] == "test", "truth"] = None
    rows, bins, omitted = measure(table, specimens, n_train)
    assert rows == []
    assert bins.empty
    assert list(bins) == BIN_COLUMNS
    assert "no test image" in omitted[0]["reason"]


def test_tail_is_told_by_training_images():
    rows = scores_of(measure(*study(n_val=400))[0])
    table, _, _ = study(n_val=400)
    test = table[table["part"] == "test"]["truth"]
    assert rows.loc[("mondrian", "tail_coverage"), "n"] == test.isin(TAXA[3:]).sum()
    rows = scores_of(measure(*study(n_val=400), tail=10)[0])
    assert rows.loc[("mondrian", "tail_coverage"), "n"] == (test == TAXA[4]).sum()


def test_taxon_without_a_number_of_training_images_is_refused():
    table, specimens, n_train = study()
    with pytest.raises(KeyError, match="Taxon 4"):
        measure(table, specimens, n_train.drop("Taxon 4"))


def test_every_seed_and_rank_is_measured():
    table, specimens, n_train = study()
    keys = [(2, "genus"), (1, "family"), (1, "genus")]
    rows, bins, _ = measure_confidence(
        dict.fromkeys(keys, table),
        specimens,
        dict.fromkeys(keys, n_train),
        tail=20,
        confidence=0.8,
        simulations=3,
    )
    for found in (pd.DataFrame([row for row in rows if "seed" in row]), bins):
        assert list(dict.fromkeys(zip(found["seed"], found["rank"], strict=True))) == sorted(keys)


def test_nothing_to_measure_gives_empty_tables():
    rows, bins, omitted = measure_confidence({}, pd.Series(dtype=str), {}, tail=2, confidence=0.9)
    assert (rows, omitted) == ([], [])
    assert list(bins) == BIN_COLUMNS
