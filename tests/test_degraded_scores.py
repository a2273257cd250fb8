"""What degraded pictures cost: scores beside those of the same specimens as they are."""

import numpy as np
import pandas as pd
import pytest
from test_naming_scoring import TAXA, answers_of, model_of, planted, prepare
from visgen.features.tables import write_features
from visgen.metrics import COLUMNS, DIFFERENCE, EXPECTED, SCORE, metrics_table
from visgen.naming.degraded_scores import Version, _score_version, read_version, score_degraded
from visgen.naming.overview import AS_THEY_ARE
from visgen.naming.scored import Scored
from visgen.report.naming.degraded import degraded_content
from visgen.tables import write_table

RANKS = ["genus", "species"]
OPTIONS = {"confidence": 0.9, "false_flags": 0.05, "seed": 1}


def found_in(scores, metric, role, rank="all", evaluator=None, part=None):
    rows = scores[(scores["metric"] == metric) & (scores["role"] == role)]
    rows = rows[rows["rank"] == rank]
    if evaluator is not None:
        rows = rows[rows["evaluator"] == evaluator]
    if part is not None:
        rows = rows[rows["part"] == part]
    (row,) = rows.to_dict("records")
    return row


# --- by hand -----------------------------------------------------------------------------------


def scored(best, node, verdict):
    """Return five specimens of species x, x, y, z and z, said to be of those numbered."""
    truth = TAXA.loc[["x", "x", "y", "z", "z"]]
    truth.index = list("abcde")
    odds = np.full((5, 3), 0.05)
    odds[np.arange(5), best] = 0.9
    answers = answers_of([tuple(row) for row in odds], node, verdict)
    return Scored(model_of(TAXA, [5, 2, 3]), answers, truth, 0.9, 0.1)


def by_hand():
    known, new = "known", "new species"
    clean = scored([0, 0, 1, 2, 0], [1, 1, 1, 1, -1], [known, known, known, known, new])
    degraded = scored([0, 1, 1, 0, 0], [1, 1, 0, -1, -1], [known, known, new, new, new])
    odd, odd_clean = np.array([0, 0, 1, 1, 0], bool), np.zeros(5, bool)
    return metrics_table(_score_version(degraded, clean, odd, odd_clean, seed=1))


def test_a_score_stands_beside_that_of_the_pictures_as_they_are_and_the_difference():
    rows = by_hand()
    species = {"metric": "accuracy", "rank": "species"}
    assert found_in(rows, role=SCORE, **species)["value"] == pytest.approx(2 / 5)
    assert found_in(rows, role=EXPECTED, **species)["value"] == pytest.approx(4 / 5)
    less = found_in(rows, role=DIFFERENCE, **species)
    assert less["value"] == pytest.approx(-2 / 5) and less["n"] == 5
    assert less["ci_low"] < less["value"] < less["ci_high"] <= 0  # paired: none is better
    assert set(rows.loc[rows["role"] != SCORE, "against"]) == {AS_THEY_ARE}


def test_names_that_are_trusted_are_judged_among_those_of_each_version():
    rows = by_hand()
    of_species = {"metric": "named_accuracy", "rank": "species"}
    own, clean = (found_in(rows, role=role, **of_species) for role in (SCORE, EXPECTED))
    assert (own["value"], own["n"]) == (1 / 2, 2)
    assert (clean["value"], clean["n"]) == (1, 4)
    assert not ((rows["metric"] == "named_accuracy") & (rows["role"] == DIFFERENCE)).any()


def test_flags_without_a_warning_are_those_of_pictures_with_nothing_odd():
    rows = by_hand()
    values = {
        metric: [found_in(rows, metric, role)["value"] for role in (SCORE, EXPECTED, DIFFERENCE)]
        for metric in ("false_flags", "unwarned_flags", "noticed")
    }
    assert values["false_flags"] == pytest.approx([3 / 5, 1 / 5, 2 / 5])
    assert values["unwarned_flags"] == pytest.approx([1 / 5, 1 / 5, 0])
    assert values["noticed"] == pytest.approx([2 / 5, 0, 2 / 5])


# --- of specimens of planted taxa --------------------------------------------------------------


@pytest.fixture(scope="module")
def scores():
    labelled = planted()
    part = pd.Series(["test", "val", *["train"] * 5] * 15, labelled.taxa.index)
    nothing = np.zeros(len(labelled.taxa), bool)
    far = labelled._replace(x=labelled.x + 50)
    versions = {
        "grey": Version(labelled, labelled, nothing, nothing, lacking=nothing),
        "outline": Version(far, labelled, ~nothing, nothing, lacking=np.arange(7) < 3),
        "blurred": None,
    }
    return score_degraded(labelled, part, prepare, versions, shared={"variant": "v"}, **OPTIONS)


def test_scores_have_the_columns_of_the_contract_and_a_part_of_each_version(scores):
    assert list(scores.columns) == COLUMNS
    assert set(scores["part"]) == {"test_grey", "test_outline"}
    assert set(scores["experiment"]) == {"naming"} and set(scores["variant"]) == {"v"}
    assert not scores.drop(columns=["value", "ci_low", "ci_high", "p", "n"]).duplicated().any()


def test_the_same_pictures_cost_nothing_and_foreign_ones_are_called_new(scores):
    less = scores[(scores["role"] == DIFFERENCE) & (scores["part"] == "test_grey")]
    assert len(less) and (less["value"] == 0).all()
    of_outline = {"part": "test_outline", "role": SCORE}
    assert found_in(scores, "false_flags", **of_outline)["value"] == 1
    assert found_in(scores, "unwarned_flags", **of_outline)["value"] == 0
    assert found_in(scores, "false_flags", **of_outline)["n"] == 15
    assert found_in(scores, "lacking", **of_outline)["value"] == 3 / 7


def test_specimens_that_were_learned_from_are_not_asked():
    labelled = planted()
    part = pd.Series(["test", *["train"] * 6] * 15, labelled.taxa.index)
    nothing = np.zeros(len(labelled.taxa), bool)
    learned = (part == "train").to_numpy()
    of_learned = labelled.of(learned)
    version = Version(of_learned, of_learned, nothing[learned], nothing[learned], nothing)
    assert score_degraded(labelled, part, prepare, {"grey": version}, **OPTIONS).empty


# --- files -------------------------------------------------------------------------------------


def test_a_version_is_read_beside_the_same_images(tmp_path):
    ids = pd.Index(["a_1", "a_2", "b_1", "c_1", "d_1"], name="id")
    labels = pd.DataFrame(
        {"specimen": list("aabcd"), "genus": "G", "species": ["G x", "G x", "G y", "G y", None]},
        ids,
    )
    features = pd.DataFrame(np.arange(15, dtype=np.float32).reshape(5, 3), ids)
    rows = [
        ("b_1", True, "grey", None),
        ("a_1", False, None, "tiny"),
        ("a_2", True, "cut_at_border", "flat"),
        ("d_1", True, "cut_at_border tiny", None),
    ]
    names = ["id", "made", "oddities", "oddities_clean"]
    write_table(tmp_path / "grey.tsv", pd.DataFrame(rows, columns=names))
    own = features.loc[["b_1", "a_2", "d_1"]] + 100
    own.index = pd.MultiIndex.from_product([own.index, [0]], names=["id", "repeat"])
    write_features(tmp_path / "grey.parquet", own, {})
    paths = tmp_path / "grey.parquet", tmp_path / "grey.tsv"
    version = read_version(features, *paths, labels, RANKS)
    assert list(version.clean.taxa.index) == list(version.degraded.taxa.index) == list("abd")
    np.testing.assert_array_equal(version.clean.x, features.loc[["a_2", "b_1", "d_1"]])
    np.testing.assert_array_equal(version.degraded.x, version.clean.x + 100)
    assert version.odd.tolist() == [False, True, True]
    assert version.odd_clean.tolist() == [True, False, False]
    assert version.lacking.tolist() == [False, True, False, False]
    write_table(paths[1], pd.DataFrame([rows[1]], columns=names))
    assert read_version(features, *paths, labels, RANKS) is None


# --- the page ----------------------------------------------------------------------------------


def test_the_page_has_a_row_of_each_version_beside_the_pictures_as_they_are(scores):
    words = ["grey", "outline", "blurred"]
    page = degraded_content(scores, words, RANKS, 0.05)
    assert [row["kind"] for row in page["degraded_rows"]] == ["grey", "outline"]
    cells = dict(zip(page["degraded_heads"], page["degraded_rows"][1]["cells"], strict=True))
    assert cells["called new"]["value"].startswith("100")
    before = found_in(scores, "false_flags", EXPECTED, part="test_outline")["value"]
    assert cells["called new"]["lines"] == [f"as they are {100 * before:.1f} %"]
    assert "of outline ones" in page["degraded_finding"]
    assert "blurred" not in page["degraded_finding"]


def test_without_scores_the_page_has_no_rows():
    assert degraded_content(metrics_table([]), [], RANKS, 0.05)["degraded_rows"] == []
