import numpy as np
import pandas as pd
import pytest
from random_distances import names
from signal_study import evolve, tree_distances
from skbio.stats.distance import DistanceMatrix
from visgen.distances.correlations import correlations
from visgen.distances.matrices import cosine_distances
from visgen.distances.permutation_tests.mantel import mantel
from visgen.metrics import metrics_table
from visgen.signal import association
from visgen.signal.association import Redrawn, add_intervals
from visgen.signal.expectation import DRAWS, SIGNALS, expected_interval, power

N_TAXA = 13


def groups_of(labels):
    return pd.Series(list(labels), names(len(labels)))


GROUPS = {
    "within_coarsest": groups_of("aaaaabbbbbbbb"),
    "within_above": groups_of("aaabbcccddddd").drop(["t003", "t007"]),
}


def study(signal=0.7, noise=0.4, shift=0.0, n_taxa=N_TAXA, centred=True, seed=3):
    """Taxa that follow a tree, and the same by other specimens of theirs."""
    rng = np.random.default_rng(seed)
    distances = tree_distances(n_taxa, 1)
    n_specimens = pd.Series(rng.choice([1, 2, 7], n_taxa), names(n_taxa))
    spread = noise / np.sqrt(n_specimens.to_numpy())[:, None]
    vectors = shift + evolve(distances, 7, signal, rng) + spread * rng.normal(size=(n_taxa, 7))
    again = [
        pd.DataFrame(
            vectors + spread * rng.normal(size=(n_taxa, 7)) * (spread < noise), names(n_taxa)
        )
        for _ in range(20)
    ]
    vectors = pd.DataFrame(vectors, names(n_taxa))
    genetic = DistanceMatrix(distances, names(n_taxa))
    return genetic, Redrawn(vectors, again, n_specimens, centred)


def visual_of(vectors, centred):
    return cosine_distances(vectors - vectors.mean(axis=0) if centred else vectors)


def scored(genetic, redrawn, groups=GROUPS):
    """Rows as the tests of agreement make them, without a test."""
    visual = visual_of(redrawn.vectors, redrawn.centred).filter(genetic.ids)
    found = correlations(genetic, groups)(visual.data)
    rows = [
        {"evaluator": evaluator, "metric": metric, "value": r, "p": 0.03, "n": N_TAXA}
        | ({} if part == "all" else {"part": part})
        for (evaluator, part, metric), r in found.items()
    ]
    return [*rows, {"evaluator": "procrustes", "metric": "correlation", "value": 0.5, "n": N_TAXA}]


def test_rows_are_kept_and_those_of_r_have_an_interval():
    genetic, redrawn = study()
    rows = scored(genetic, redrawn)
    found = add_intervals(rows, genetic, redrawn, GROUPS, seed=1)
    assert metrics_table(found).shape[0] == len(found)
    tested = [row for row in found if "p" in row or row["evaluator"] == "procrustes"]
    kept = [{k: v for k, v in row.items() if k not in ("ci_low", "ci_high")} for row in tested]
    assert kept == rows
    for row in tested:
        if row["evaluator"] == "procrustes":
            assert "ci_low" not in row
        else:
            assert -1 <= row["ci_low"] < row["value"] < row["ci_high"] <= 1
    assert add_intervals(rows, genetic, redrawn, GROUPS, seed=1) == found
    assert "ci_low" not in rows[0]  # what was given is not changed


def test_inherited_look_power_and_new_specimens_are_beside_the_scores():
    genetic, redrawn = study()
    rows = scored(genetic, redrawn)
    found = add_intervals(rows, genetic, redrawn, GROUPS, seed=1)
    added = [row for row in found if "p" not in row and row["evaluator"] != "procrustes"]
    steps = [("mantel", None), *(("mantel_within", step) for step in GROUPS)]
    nulls = [row for row in added if row.get("against") == "brownian_motion"]
    powers = [row for row in added if row["metric"] == "power"]
    assert [(row["evaluator"], row.get("part")) for row in nulls] == steps
    assert [(row["evaluator"], row.get("part")) for row in powers] == steps
    for null in nulls:
        assert (null["metric"], null["role"], null["n"]) == ("pearson", "expected", N_TAXA)
        assert null["ci_low"] < null["value"] < null["ci_high"]
    assert all(0 <= row["value"] <= 1 for row in powers)
    again = [row for row in added if row not in nulls and row not in powers]
    assert [row["evaluator"] for row in again] == ["new_specimens"]
    r = [
        mantel(genetic, visual_of(one, True), "pearson", 1, seed=0).r
        for one in (redrawn.vectors, *redrawn.again)
    ]
    assert again[0]["value"] == pytest.approx(r[0]) == rows[0]["value"]
    half = 1.959964 * np.std(r[1:], ddof=1)
    limits = again[0]["ci_low"], again[0]["ci_high"]
    assert limits == pytest.approx((r[0] - half, r[0] + half))


@pytest.mark.parametrize("centred", [True, False])
def test_fresh_vectors_are_measured_as_those_of_the_study(monkeypatch, centred):
    # Vectors far from zero, drawn as they are: only with their mean they have the same cosines.
    genetic, redrawn = study(shift=5.0, centred=centred)
    measured = {}

    def as_they_are(looks, measure, *, seed):
        known = looks.traits.vectors + looks.mean
        measured.update(measure(np.hstack([known, np.full((len(known), 1), looks.beside)])))
        rng = np.random.default_rng(seed)
        return {key: r + rng.normal(size=(len(SIGNALS), DRAWS)) for key, r in measured.items()}

    monkeypatch.setattr(association, "fresh_statistics", as_they_are)
    add_intervals(scored(genetic, redrawn), genetic, redrawn, GROUPS, seed=1)
    visual = visual_of(redrawn.vectors, centred)
    assert measured == pytest.approx(correlations(genetic, GROUPS)(visual.data))
    other = correlations(genetic, GROUPS)(visual_of(redrawn.vectors, not centred).data)
    assert measured["mantel", "all", "pearson"] != pytest.approx(other["mantel", "all", "pearson"])


def test_intervals_nulls_and_power_are_those_of_the_draws(monkeypatch):
    genetic, redrawn = study()
    rng = np.random.default_rng(5)
    keys = list(correlations(genetic, GROUPS)(genetic.data))
    fresh = {key: 0.2 + 0.1 * rng.normal(size=(len(SIGNALS), DRAWS)) for key in keys[:-1]}
    fresh = {key: draws + 0.1 * np.arange(5)[:, None] for key, draws in fresh.items()}
    monkeypatch.setattr(association, "fresh_statistics", lambda *_, seed: fresh)
    rows = scored(genetic, redrawn)
    found = add_intervals(rows, genetic, redrawn, GROUPS, seed=1)
    for row in found:
        key = (row["evaluator"], row.get("part", "all"), row["metric"])
        if "p" in row and key in fresh:
            limits = row["ci_low"], row["ci_high"]
            assert limits == pytest.approx(expected_interval(fresh[key], row["value"]))
        elif key == keys[-1]:
            assert "ci_low" not in row
        elif row["metric"] == "power":
            assert row["value"] == power(fresh[*key[:2], "pearson"])
        elif row.get("role") == "expected":
            inherited = fresh[key][SIGNALS.index(1.0)]
            assert row["value"] == pytest.approx(inherited.mean())
            limits = row["ci_low"], row["ci_high"]
            assert limits == pytest.approx(np.percentile(inherited, [2.5, 97.5]))


def test_taxa_without_a_place_in_the_tree_are_part_of_the_mean_that_is_subtracted():
    genetic, redrawn = study(shift=1.0)
    placed = genetic.filter(names(N_TAXA)[:9])
    groups = {"within_above": GROUPS["within_coarsest"].iloc[:9]}
    rows = scored(placed, redrawn, groups)
    again = add_intervals(rows, placed, redrawn, groups, seed=1)[-1]
    assert again["evaluator"] == "new_specimens" and again["n"] == 9
    assert again["value"] == pytest.approx(rows[0]["value"])


def test_taxa_of_one_specimen_each_have_an_interval_and_no_new_specimens():
    genetic, redrawn = study(noise=0.0)
    alone = redrawn._replace(n_specimens=redrawn.n_specimens * 0 + 1)
    for redrawn in (alone, alone._replace(again=[])):
        found = add_intervals(scored(genetic, redrawn), genetic, redrawn, GROUPS, seed=1)
        assert "new_specimens" not in {row["evaluator"] for row in found}
        assert found[0]["ci_low"] < found[0]["ci_high"]


def test_the_more_look_follows_the_tree_the_higher_is_its_interval():
    limits = []
    for signal in (0.0, 1.0):
        genetic, redrawn = study(signal, noise=0.1, n_taxa=43, seed=7)
        row = {"evaluator": "mantel", "metric": "pearson", "n": 43}
        visual = visual_of(redrawn.vectors, True)
        row["value"] = mantel(genetic, visual, "pearson", 1, seed=0).r
        found = add_intervals([row], genetic, redrawn, {}, seed=1)
        limits.append((found[0]["ci_low"], found[0]["ci_high"]))
        assert found[2]["value"] > 0.9  # power
    assert limits[0][0] < 0 < limits[0][1]
    assert limits[1][0] > limits[0][1]
