"""How good naming is: names of known taxa, and what is said of withheld ones."""

import logging
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from visgen.classification.confidence.set_coverage import coverage_range
from visgen.metrics import COLUMNS, DIFFERENCE, EXPECTED, SCORE
from visgen.naming.answering import Answers
from visgen.naming.calibration import Calibration
from visgen.naming.candidate_scores import offer_withheld, score_offered
from visgen.naming.candidates import Candidates
from visgen.naming.detection import DETECTORS, auroc, score_detection
from visgen.naming.known_scores import score_known
from visgen.naming.labelled import Labelled
from visgen.naming.model import Gallery, NamingModel, study_lineages
from visgen.naming.novelty import NO_SUCH, levels
from visgen.naming.parts import Said
from visgen.naming.placement_scores import score_placement
from visgen.naming.relatives import Placement
from visgen.naming.scored import Scored
from visgen.naming.scoring import score_naming
from visgen.naming.strangers import Strangers, group_rank, leave_out_groups
from visgen.naming.verdicts import verdicts
from visgen.naming.withheld import Withheld, withhold

RANKS = ["genus", "species"]


# the area under the curve


def test_auroc_is_the_share_of_weighted_pairs_that_are_in_order():
    rng = np.random.default_rng(1)
    score = rng.integers(0, 5, 17).astype(float)  # with ties
    new, known = rng.random((3, 17)), rng.random((3, 17))
    wins = np.array([[1.0 * (a > b) + 0.5 * (a == b) for b in score] for a in score])
    pairs = np.einsum("si,sj->sij", new, known)
    slow = (pairs * wins).sum(axis=(1, 2)) / pairs.sum(axis=(1, 2))
    np.testing.assert_allclose(auroc(score, new, known), slow)


def found_of(rows, evaluator, role=SCORE):
    (row,) = (r for r in rows if r["evaluator"] == evaluator and r.get("role", SCORE) == role)
    return row


def test_taxa_count_alike_whatever_their_specimens():
    score = np.array([1.0, 1.0, 1.0, 9.0, 5.0])
    taxon, is_new = np.array([3, 3, 3, 4, 7]), np.array([1, 1, 1, 1, 0], bool)
    row = found_of(score_detection({"a": score}, taxon, is_new, seed=1), "a")
    assert (row["value"], row["n"]) == (0.5, 2)  # of specimens it would be a quarter


def test_a_score_that_separates_beats_taxa_dealt_at_random_and_one_that_does_not():
    rng = np.random.default_rng(1)
    taxon = np.repeat(np.arange(23), 3)
    is_new = taxon < 7
    scores = {"good": is_new + rng.random(69), "blind": rng.random(69)}
    rows = score_detection(scores, taxon, is_new, seed=1)
    good = found_of(rows, "good")
    assert [good[of] for of in ("value", "ci_low", "ci_high", "p")] == pytest.approx(
        [1, 1, 1, 0.001]
    )
    assert found_of(rows, "blind")["p"] > 0.05
    null = found_of(rows, "good", EXPECTED)
    assert null["ci_low"] < null["value"] < null["ci_high"] < 1
    assert null["value"] == pytest.approx(0.5, abs=0.03)
    gain = found_of(rows, "good", DIFFERENCE)
    assert gain["against"] == "blind"
    assert gain["value"] == pytest.approx(1 - found_of(rows, "blind")["value"])
    assert gain["ci_low"] > 0


def test_one_withheld_taxon_has_no_interval():
    taxon, is_new = np.array([1, 1, 2, 3, 5]), np.array([1, 1, 0, 0, 0], bool)
    row = found_of(score_detection({"a": np.arange(5.0)}, taxon, is_new, seed=1), "a")
    assert np.isnan([row["ci_low"], row["ci_high"]]).all()
    assert row["n"] == 1


# verdicts


def calibration_of_levels():
    return {level: np.arange(99.0) + 200 * k for k, level in enumerate(levels(RANKS))}


def test_verdicts_rise_with_the_relative_distance():
    strangers = Strangers(np.arange(99.0), np.arange(2, 101) / 100)
    scores = np.array([50.0, 150, 350, 550])
    verdict, p = verdicts(scores, np.zeros(4), calibration_of_levels(), strangers, 0.05)
    assert list(verdict) == ["known", "new species", "new genus", NO_SUCH]
    assert p[0] == 0.5  # 49 of 99 known ones are as far or farther, and itself


def test_what_is_far_from_all_is_no_such_specimen_though_it_looks_known():
    strangers = Strangers(np.arange(99.0), np.arange(2, 101) / 100)
    verdict, p = verdicts(
        np.array([10.0, 10]), np.array([98.5, 50]), calibration_of_levels(), strangers, 0.05
    )
    assert list(verdict) == [NO_SUCH, "known"]
    assert p[0] == 0.01  # no known one is as far from all


def test_nothing_is_said_by_too_few_known_specimens():
    few = calibration_of_levels() | {"known": np.arange(7.0)}
    strangers = Strangers(np.empty(0), np.linspace(0.1, 1, 7))
    verdict, _ = verdicts(np.array([1e6]), np.array([1e6]), few, strangers, 0.05)
    assert list(verdict) == [None]


def planted(n_genera=5, n_species=3, n_specimens=7, n_features=11, seed=1):
    """Return labelled specimens of well separated taxa."""
    rng = np.random.default_rng(seed)
    of_genus = rng.normal(0, 9, (n_genera, 1, 1, n_features))
    of_species = rng.normal(0, 5, (n_genera, n_species, 1, n_features))
    of_image = rng.normal(0, 1, (n_genera, n_species, n_specimens, n_features))
    x = (of_genus + of_species + of_image).reshape(-1, n_features).astype(np.float32)
    rows = [
        (f"G{g}", f"S{g}{s}")
        for g in range(n_genera)
        for s in range(n_species)
        for _ in range(n_specimens)
    ]
    names = pd.Index([f"v{i:03}" for i in range(len(rows))], name="specimen")
    return Labelled(pd.DataFrame(rows, names, RANKS, dtype="str"), np.arange(len(rows)), x)


def test_groups_are_left_out_at_the_coarsest_rank_that_fills_the_folds():
    assert group_rank(study_lineages(planted().taxa)) == "species"
    assert group_rank(study_lineages(planted(n_genera=11).taxa)) == "genus"


def test_specimens_are_farther_from_all_when_their_group_is_left_out():
    labelled = planted(n_genera=11, n_features=31)
    lineages = study_lineages(labelled.taxa)
    lineage = np.repeat(np.arange(33), 7)
    far = leave_out_groups(labelled, lineage, lineages, seed=1)
    assert len(far) == len(lineage)
    assert np.median(far) > 31  # what it is for the 31 axes of the distribution itself


def test_groups_that_leave_too_little_say_nothing():
    labelled = planted(n_genera=1, n_species=2)
    lineages = study_lineages(labelled.taxa)
    assert leave_out_groups(labelled, np.repeat([0, 1], 7), lineages, seed=1).tolist() == []


# known specimens, by hand


def model_of(taxa, n_labelled, **others):
    """Return a model that cannot be asked, calibrated by 19 specimens of the first lineage."""
    lineages = study_lineages(taxa)
    scores = -np.linspace(0.05, 0.95, 19)
    levels_ = levels(RANKS)
    calibration = Calibration(
        np.zeros(len(lineages), bool),
        np.zeros(19, int),
        scores,
        dict.fromkeys(levels_, np.linspace(0.0, 0.9, 19)),
        dict.fromkeys(levels_, np.arange(19.0)),
        Strangers(np.arange(19.0), (1 + np.arange(19)) / 20),
    )
    gallery = taxa.loc[taxa.index.repeat(n_labelled)]
    gallery.index = range(len(gallery))
    fields = {"parts": None, "pooling": None, "placement": None} | others
    return NamingModel(
        lineages, calibration=calibration, gallery=Gallery(np.zeros((1, 1)), gallery), **fields
    )


TAXA = pd.DataFrame([("A", "A a"), ("A", "A b"), ("B", "B c")], ["x", "y", "z"], RANKS, dtype="str")


def answers_of(odds, node, verdict, to_taxa=None):
    odds = np.array(odds)
    said = Said({}, np.zeros((len(odds), 1)), to_taxa, np.zeros(len(odds)))
    limit = -0.1
    return Answers(
        said,
        odds,
        odds.argmax(axis=1),
        np.zeros(len(odds)),
        np.array(node),
        -odds <= limit,
        np.array(verdict, object),
        np.ones(len(odds)),
    )


def scored_by_hand():
    truth = TAXA.loc[["x", "x", "y", "z", "z"]]
    truth.index = list("abcde")
    odds = [
        (0.96, 0.03, 0.01),
        (0.30, 0.60, 0.10),
        (0.20, 0.75, 0.05),
        (0.02, 0.03, 0.95),
        (0.50, 0.45, 0.05),
    ]
    verdict = ["known", "new species", "known", "known", "new genus"]
    answers = answers_of(odds, [1, 0, 1, 1, -1], verdict)
    return Scored(model_of(TAXA, [5, 2, 3]), answers, truth, 0.9, 0.1)


def value_of(rows, evaluator, metric, rank="all", role=SCORE, against=None):
    (row,) = (
        r
        for r in rows
        if (r["evaluator"], r["metric"], r.get("rank", "all")) == (evaluator, metric, rank)
        and (r.get("role", SCORE), r.get("against")) == (role, against)
    )
    return row


def test_known_specimens_are_scored_as_by_hand():
    rows = score_known(scored_by_hand(), np.array([0, 0, 1, 2, 2]), seed=1)
    for rank, accuracy, uniform, frequent in (
        ("genus", 4 / 5, 1 / 2, 3 / 5),
        ("species", 3 / 5, 1 / 3, 2 / 5),
    ):
        assert value_of(rows, "joint", "accuracy", rank)["value"] == pytest.approx(accuracy)
        null = {"rank": rank, "role": EXPECTED}
        for against, value in (("uniform", uniform), ("most_frequent", frequent)):
            row = value_of(rows, "joint", "accuracy", against=against, **null)
            assert row["value"] == pytest.approx(value)
    named = {
        rank: [value_of(rows, "trusted", m, rank)["value"] for m in ("named", "named_accuracy")]
        for rank in RANKS
    }
    assert named == {"genus": [4 / 5, 1.0], "species": [3 / 5, 1.0]}
    assert value_of(rows, "trusted", "coverage")["value"] == 1
    assert value_of(rows, "mondrian", "coverage")["value"] == 4 / 5  # e: 0.05 is outside
    assert value_of(rows, "mondrian", "set_size")["value"] == (1 + 3 + 2 + 1 + 2) / 5
    mean = (0.96 + 0.6 + 0.75 + 0.95 + 0.5) / 5
    assert value_of(rows, "joint", "mean_probability", "species")["value"] == pytest.approx(mean)


def test_false_flags_stand_beside_what_valid_p_values_give():
    rows = score_known(scored_by_hand(), np.array([0, 0, 1, 2, 2]), seed=1)
    flags = value_of(rows, "novelty", "false_flags")
    assert (flags["value"], flags["n"]) == (2 / 5, 5)
    valid = value_of(rows, "novelty", "false_flags", role=EXPECTED, against="valid_flags")
    low, high = coverage_range([5], [19], 0.9)
    assert (valid["value"], valid["ci_low"], valid["ci_high"]) == (0.1, 1 - high, 1 - low)
    said = {m: value_of(rows, "novelty", f"said_{m}")["value"] for m in ("known", "new_species")}
    assert said == {"known": 3 / 5, "new_species": 1 / 5}


def test_more_false_flags_are_told_by_the_p_values_alone():
    scored = scored_by_hand()
    rows = score_known(scored, np.array([0, 0, 1, 2, 2]), seed=1)
    for rate in (10, 20):
        found = value_of(rows, "novelty", f"false_flags_at_{rate}")
        assert found["value"] == sum(p <= rate / 100 for p in scored.answers.p) / 5
        assert found["n"] == 5


def test_coverage_of_valid_sets_stands_beside_coverage():
    rows = score_known(scored_by_hand(), np.array([0, 0, 1, 2, 2]), seed=1)
    for evaluator in ("mondrian", "mondrian_nodes"):
        row = value_of(rows, evaluator, "coverage", role=EXPECTED, against="valid_sets")
        assert (row["value"], row["ci_low"], row["ci_high"]) == (
            0.9,
            *coverage_range([5], [19], 0.9),
        )


# where new taxa are placed, by hand


class Placed(NamedTuple):
    """Distances between the known taxa and one that is new."""

    distances: pd.DataFrame
    placement: Placement


def placed():
    values = np.array([[0, 2, 6, 3.0], [2, 0, 6, 4], [6, 6, 0, 7], [3, 4, 7, 0]])
    taxa = pd.Index(["A a", "A b", "B c", "A new"], name="species")
    tips = np.array(["A a", "A b", "B c"], object)
    far = np.array([2.0] * 5 + [5.0] * 5)
    return Placed(pd.DataFrame(values, taxa, taxa), Placement(tips, np.zeros(10), far))


def test_regret_is_how_much_farther_the_named_relative_is_than_the_nearest_known_one():
    study = placed()
    model = model_of(TAXA, [5, 2, 3], placement=study.placement)
    truth = pd.DataFrame([("A", "A new")] * 3, list("abc"), RANKS, dtype="str")
    near = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0.0]])  # each one is nearest once
    answers = answers_of([[1, 0, 0]] * 3, [0] * 3, ["new species", "new species", "known"], near)
    scored = Scored(model, answers, truth, 0.9, 0.1)
    rows = score_placement(scored, np.array([4, 4, 4]), study.distances, seed=1)
    regret = value_of(rows, "placement", "regret")
    assert regret["value"] == pytest.approx((0 + 1 + 4) / 3)
    assert regret["n"] == 1
    drawn = {"role": EXPECTED, "against": "drawn_uniformly"}
    assert value_of(rows, "placement", "regret", **drawn)["value"] == pytest.approx(14 / 3 - 3)
    drawn["against"] = "drawn_by_frequency"
    by_number = (5 * 3 + 2 * 4 + 3 * 7) / 10
    assert value_of(rows, "placement", "regret", **drawn)["value"] == pytest.approx(by_number - 3)
    # Of new ones the limit is 5, of known ones 0, and they are 3, 4 and 7 away.
    assert value_of(rows, "placement", "coverage")["value"] == pytest.approx(2 / 3)
    assert value_of(rows, "placement", "flagged_coverage")["value"] == 1


def test_taxa_that_the_tree_lacks_are_not_placed():
    study = placed()
    model = model_of(TAXA, [5, 2, 3], placement=study.placement)
    truth = pd.DataFrame([("A", "A other")], ["a"], RANKS, dtype="str")
    answers = answers_of([[1, 0, 0]], [0], ["known"], np.zeros((1, 3)))
    scored = Scored(model, answers, truth, 0.9, 0.1)
    assert score_placement(scored, np.array([4]), study.distances, seed=1) == []


# all of it, on specimens of planted taxa


class NearestMeans(NamedTuple):
    """Log densities around the means of species."""

    means: np.ndarray
    known: np.ndarray
    n_taxa: int

    def logits(self, x, images, looks):
        found = np.full((len(looks), self.n_taxa), -1e3, np.float32)
        far = ((looks[:, None] - self.means[None]) ** 2).sum(axis=2)
        found[:, self.known] = -far / 2
        return {"species": found}


def prepare(labelled):
    lineages = study_lineages(labelled.taxa)

    def train_head(specimens, looks):
        return NearestMeans(looks.means, np.array(looks.taxa, int), len(lineages.taxa["species"]))

    return lineages, train_head


OPTIONS = {"confidence": 0.9, "false_flags": 0.05, "seed": 1}


def without_some(labelled, prepare=prepare):
    return {"withheld": [Withheld(labelled, prepare, withhold(labelled.taxa, 0.12, seed=1))]}


@pytest.fixture(scope="module")
def scores():
    labelled = planted()
    part = pd.Series(["test", "val", *["train"] * 5] * 15, labelled.taxa.index)
    species = pd.Index(sorted(labelled.taxa["species"].unique()), name="species")
    genus = species.str[1].to_numpy()
    far = np.where(genus[:, None] == genus, 1.0, 3.0) * (1 - np.eye(len(species)))
    distances = pd.DataFrame(far, species, species)
    options = OPTIONS | without_some(labelled) | {"shared": {"variant": "v"}}
    return score_naming(labelled, part, prepare, distances, **options)


def test_scores_have_the_columns_of_the_contract(scores):
    assert list(scores.columns) == COLUMNS
    assert set(scores["experiment"]) == {"naming"}
    assert set(scores["variant"]) == {"v"}
    assert set(scores["part"]) == {"test", "beside_withheld", "new_genus", "new_species"}
    assert not scores.drop(columns=["value", "ci_low", "ci_high", "p", "n"]).duplicated().any()


def chosen(scores, **columns):
    rows = scores
    for column, value in columns.items():
        rows = rows[rows[column] == value]
    (value,) = rows["value"]
    return value


def test_separated_taxa_are_named_and_new_ones_told(scores):
    shared = {"role": SCORE, "rank": "species"}
    assert chosen(scores, part="test", metric="accuracy", **shared) == 1
    for evaluator in DETECTORS[:2]:
        found = {"part": "new_species", "metric": "auroc", "evaluator": evaluator}
        assert chosen(scores, **found, **shared) == pytest.approx(1)
    assert chosen(scores, part="new_species", metric="n_specimens", **shared) == 2 * 7


def test_specimens_of_withheld_taxa_are_all_asked(scores):
    shared = {"role": SCORE, "metric": "n_specimens", "part": "new_genus"}
    assert chosen(scores, **shared) == 3 * 7


def test_the_flags_of_known_specimens_stand_beside_those_of_new_ones(scores):
    flags = {"metric": "false_flags", "part": "beside_withheld", "role": SCORE}
    beside = {"metric": "flagged", "part": "new_genus", "against": "known_specimens"}
    assert chosen(scores, **beside) == chosen(scores, **flags)


def test_what_cannot_be_learned_without_the_withheld_taxa_is_said(caplog):
    labelled = planted(n_genera=2, n_species=2, n_specimens=5)
    part = pd.Series(["test", *["train"] * 4] * 4, labelled.taxa.index)

    def fastidious(specimens):
        if specimens.taxa["species"].nunique() < 4:
            raise ValueError("three species are too few")
        return prepare(specimens)

    with caplog.at_level(logging.WARNING):
        options = OPTIONS | without_some(labelled, fastidious)
        scores = score_naming(labelled, part, fastidious, None, **options)
    assert set(scores["part"]) == {"test"}
    assert "nothing is said of withheld taxa: three species are too few" in caplog.text


def test_a_specimen_without_a_part_is_refused():
    labelled = planted()
    part = pd.Series("train", labelled.taxa.index[1:])
    with pytest.raises(ValueError, match="1 specimens have no part, such as 'v000'"):
        score_naming(labelled, part, prepare, None, withheld=[], **OPTIONS)


# withheld taxa among candidates


def offered_by_hand(far):
    """Return four specimens of three withheld species, by distances to the relative looked like."""
    study = placed()
    model = model_of(TAXA, [5, 2, 3], placement=study.placement)
    nothing = np.full(3, np.nan)
    to_lineages = np.tile(np.array(far, float)[:, None], (1, 3))
    candidates = Candidates(
        np.array(["A v", "A w", "B x"], object),
        np.array([[0], [0], [1]]),
        to_lineages,
        np.full((3, 2), np.nan),
        nothing,
    )
    taxa = [("A", "A v"), ("A", "A v"), ("A", "A w"), ("B", "B other")]
    truth = pd.DataFrame(taxa, list("abcd"), RANKS, dtype="str")
    answers = answers_of([[1, 0, 0]] * 4, [0] * 4, ["new species"] * 4, np.zeros((4, 3)))
    return Scored(model._replace(candidates=candidates), answers, truth, 0.9, 0.1)


def test_the_true_taxon_is_the_first_candidate_as_often_as_it_is():
    rows = score_offered(offered_by_hand([2, 3, 7]), seed=1)
    first = value_of(rows, "candidates", "first", "species")
    assert (first["value"], first["n"]) == (1 / 2, 2)  # both specimens of v, not that of w
    assert value_of(rows, "candidates", "first_five", "species")["value"] == 1
    chance = {"rank": "species", "role": EXPECTED, "against": "uniform"}
    blind = [value_of(rows, "candidates", m, **chance)["value"] for m in ("first", "first_five")]
    assert blind == [1 / 3, 1]


def test_candidates_alike_count_by_chance():
    rows = score_offered(offered_by_hand([4, 4, 4]), seed=1)
    assert value_of(rows, "candidates", "first", "species")["value"] == pytest.approx(1 / 3)


def test_without_candidates_or_true_ones_nothing_is_scored():
    scored = offered_by_hand([1, 2, 3])
    assert score_offered(scored._replace(model=scored.model._replace(candidates=None)), 1) == []
    assert score_offered(scored.select(np.array([False, False, False, True])), 1) == []


def test_withheld_taxa_are_offered_with_their_place():
    withheld = pd.DataFrame(
        [("A", "A new"), ("A", "A a"), (None, "C x"), ("A", None)], columns=RANKS, dtype="str"
    )
    study = placed()
    model = model_of(TAXA, [5, 2, 3], placement=study.placement)
    found = offer_withheld(withheld, model.lineages, study.distances, None)
    assert found.above["genus"].fillna("?").to_dict() == {"A new": "A", "C x": "?"}
    assert found.distances is study.distances
    coarse = study.distances.rename_axis("genus")
    assert offer_withheld(withheld, model.lineages, coarse, None).distances is None


def test_withheld_species_are_scored_among_each_other(scores):
    for part, n in (("new_species", 2), ("new_genus", 3)):
        rows = scores[(scores["part"] == part) & (scores["evaluator"] == "candidates")]
        assert set(rows["metric"]) == {"first", "first_five"} and set(rows["rank"]) == {"species"}
        assert (rows["n"] == n).all()
        of = rows[rows["metric"] == "first"].set_index("role")["value"]
        assert of[EXPECTED] == 1 / 5 and of[SCORE] >= 1 / 5 - 1e-9
