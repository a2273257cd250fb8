import numpy as np
import pandas as pd
import pytest
from visgen.classification.confidence.measuring import measure_confidence
from visgen.classification.evaluators import DERIVED
from visgen.classification.scores.baselines import best_baseline
from visgen.classification.scores.choosing import choose_classifiers, compare_backbones
from visgen.classification.scores.guessed import Study, collect_guesses, scored_images
from visgen.classification.scores.guesses import guesses
from visgen.classification.scores.scoring import score_classifiers
from visgen.classification.scores.taxa import (
    TAXA_COLUMNS,
    score_taxa,
    tabulate_confusion,
    tabulate_taxa,
)
from visgen.figures.classification.scores import plot_scores
from visgen.figures.classification.taxa import plot_taxa
from visgen.metrics import COLUMNS, metrics_table
from visgen.specimens.splits import calibrates
from visgen.tables import read_table, write_table

RANKS = ["family", "genus"]
GENERA = {"G1": "F1", "G2": "F1", "G3": "F2", "G4": "F2", "G5": "F3"}


def study(n=150):
    rng = np.random.default_rng(1)
    ids = pd.Index([f"image {i:03d}" for i in range(n)], name="id")
    specimens = pd.DataFrame({"genus": rng.choice(list(GENERA), n)}, ids)
    specimens["family"] = specimens["genus"].map(GENERA)
    specimens["specimen"] = [f"s{i // 2}" for i in range(n)]
    specimens[RANKS] = specimens.groupby("specimen")[RANKS].transform("first")
    return Study(specimens, RANKS)


STUDY = study()
PARTS = np.array(["val", "test"])[np.arange(150) // 2 % 2]
TRAINING = pd.DataFrame(
    [(1, "genus", g, 8, 5) for g in GENERA] + [(1, "family", f, 20, 9) for f in ("F1", "F2", "F3")],
    columns=["seed", "rank", "taxon", "n_images", "n_specimens"],
)


def table(rank, skill, seed=1, part_skill=None):
    """Predictions at a rank; `part_skill` has another skill for a part."""
    rng = np.random.default_rng(seed)
    truth = STUDY.specimens[rank]
    taxa = sorted(truth.unique())
    odds = rng.random((len(truth), len(taxa))).astype(np.float32)
    chance = pd.Series(PARTS).map(part_skill or {}).fillna(skill).to_numpy()
    known = rng.random(len(truth)) < chance
    odds[np.arange(len(truth)), [taxa.index(t) for t in truth]] += 2 * known
    odds /= odds.sum(axis=1, keepdims=True)
    labels = pd.DataFrame({"part": PARTS, "id": truth.index, "truth": truth.to_numpy()})
    labels["predicted"] = np.array(taxa)[odds.argmax(axis=1)]
    return pd.concat([labels, pd.DataFrame(odds, columns=taxa)], axis=1)


def collected(skill, seed=1, **more):
    tables = {(1, rank): table(rank, skill, seed + i, **more) for i, rank in enumerate(RANKS)}
    return collect_guesses(tables.items(), TRAINING, STUDY)[0]


def scores_of(found, reference="one"):
    rows = score_classifiers(found, STUDY, reference=reference, bootstraps=100)
    return metrics_table([{"experiment": "classification", "backbone": "net"} | r for r in rows])


FOUND = {"one": collected(0.3), "two": collected(0.8, seed=5)}
SCORES = scores_of(FOUND)


def value(scores=SCORES, **labels):
    labels = {"part": "test", "evaluator": "independent", "metric": "accuracy"} | labels
    labels = {"role": "score"} | labels
    chosen = scores[(scores[list(labels)] == pd.Series(labels)).all(axis=1)]
    assert len(chosen) == 1, chosen
    return chosen.iloc[0]


def test_scores_have_the_columns_of_the_contract():
    assert list(SCORES) == COLUMNS
    kinds = SCORES[["evaluator", "role", "against"]].fillna("").drop_duplicates()
    assert set(kinds.itertuples(index=False, name=None)) == {
        ("independent", "score", ""),
        ("independent", "difference", "one"),
        *((name, "score", "") for name in DERIVED),
        *((name, "difference", "independent") for name in DERIVED),
    }


def test_a_rank_that_the_reference_left_out_has_scores_and_no_differences():
    missing = {key: table for key, table in FOUND["one"].items() if key[1] != "genus"}
    scores = scores_of({"one": missing, "two": FOUND["two"]})
    assert (
        value(scores, variant="two", rank="genus")["value"]
        == value(variant="two", rank="genus")["value"]
    )
    against = scores[(scores["role"] == "difference") & (scores["against"] == "one")]
    assert set(against["rank"]) == {"family"}


def test_only_coarser_ranks_are_rolled_up():
    assert set(SCORES.loc[SCORES["evaluator"] == "rolled_up", "rank"]) == {"family", "all"}


def test_temperature_that_is_rolled_up_with_is_the_one_that_confidence_measures():
    predicted = table("genus", 0.6)
    _, (row,) = collect_guesses([((1, "genus"), predicted)], TRAINING, STUDY)
    labels = {"evaluator": "rolled_up", "part": "val", "rank": "genus", "seed": 1}
    assert row.items() >= (labels | {"metric": "temperature"}).items()
    n_train = TRAINING[TRAINING["rank"] == "genus"].set_index("taxon")["n_images"]
    rows, _, _ = measure_confidence(
        {(1, "genus"): predicted.sample(frac=1, random_state=1)},
        STUDY.specimens["specimen"],
        {(1, "genus"): n_train},
        tail=5,
        confidence=0.9,
        simulations=3,
    )
    (measured,) = [other for other in rows if other["metric"] == "temperature"]
    assert (row["value"], row["n"]) == (measured["value"], measured["n"])
    assert row["value"] != 1


def test_baselines_are_not_tempered():
    tables = [((1, "genus"), table("genus", 0.6))]
    assert collect_guesses(tables, TRAINING, STUDY, derived=False)[1] == []


def test_test_scores_are_those_of_test_images():
    test = table("genus", 0.8, 6).query("part == 'test'")
    expected = (test["truth"] == test["predicted"]).mean()
    assert value(variant="two", rank="genus")["value"] == pytest.approx(expected)


def test_validation_scores_are_those_of_the_half_that_may_choose():
    whole = table("genus", 0.8, 6).query("part == 'val'")
    specimens = STUDY.specimens["specimen"].loc[whole["id"]]
    half = whole[~calibrates(specimens).to_numpy()]
    assert 0 < len(half) < len(whole)
    row = value(variant="two", rank="genus", part="val")
    assert row["value"] == pytest.approx((half["truth"] == half["predicted"]).mean())
    assert np.isnan(row["ci_low"])
    assert row["n"] == STUDY.specimens["specimen"].loc[half["id"]].nunique()


def test_differences_are_differences():
    gain = value(variant="two", rank="genus", role="difference", against="one")["value"]
    one, two = (value(variant=v, rank="genus")["value"] for v in ("one", "two"))
    assert gain == pytest.approx(two - one)
    rolled, independent, difference = (
        value(variant="two", rank="family", **labels)["value"]
        for labels in (
            {"evaluator": "rolled_up"},
            {},
            {"evaluator": "rolled_up", "role": "difference", "against": "independent"},
        )
    )
    assert difference == pytest.approx(rolled - independent)


def test_better_classifiers_contradict_themselves_less():
    one, two = (
        value(variant=v, rank="all", metric="impossible_lineages")["value"] for v in ("one", "two")
    )
    assert two < one
    by_hand = np.mean([
        GENERA[genus] != family
        for genus, family in zip(
            table("genus", 0.8, 6).query("part == 'test'")["predicted"],
            table("family", 0.8, 5).query("part == 'test'")["predicted"],
            strict=True,
        )
    ])  # fmt: skip
    assert two == pytest.approx(by_hand)


def test_images_whose_taxon_was_not_trained_on_are_not_scored():
    lacking = table("genus", 0.8).drop(columns="G5")
    scored = scored_images(guesses(lacking), STUDY, "test")
    assert set(scored["truth"]) == {"G1", "G2", "G3", "G4"}


def test_the_best_on_validation_is_chosen_though_another_is_best_on_test():
    found = {
        "lucky": collected(0, part_skill={"val": 0.2, "test": 1.0}),
        "better": collected(0, part_skill={"val": 0.9, "test": 0.2}),
    }
    chosen = choose_classifiers(scores_of(found, "lucky"), RANKS, ["lucky", "better"])
    assert chosen["variant"].tolist() == ["better"] * 3
    assert chosen["rank"].tolist() == [*RANKS, "all"]
    assert chosen["evaluator"].tolist() == ["independent", "independent", "joint"]
    assert (chosen["n"] > 0).all()


def test_baselines_are_not_chosen_and_the_first_of_equals_is():
    chosen = choose_classifiers(SCORES, RANKS, ["one"])
    assert set(chosen["variant"]) == {"one"}
    same = scores_of({"b": collected(0.5), "a": collected(0.5)}, "b")
    assert set(choose_classifiers(same, RANKS, ["b", "a"])["variant"]) == {"b"}
    assert set(choose_classifiers(same, RANKS, ["a", "b"])["variant"]) == {"a"}


def test_who_left_out_a_hard_rank_is_not_chosen_for_all_ranks():
    values = {
        "whole": {"order": 0.9, "family": 0.8, "genus": 0.6},
        "partly": {"order": 0.85, "family": 0.75},
    }
    rows = [
        {"variant": name, "evaluator": "joint", "part": part, "rank": rank, "seed": seed}
        | {"metric": "balanced_accuracy", "value": value, "n": 41}
        for name, own in values.items()
        for rank, value in own.items()
        for part in ("val", "test")
        for seed in (1, 2)
    ]
    ranks = ["order", "family", "genus"]
    chosen = choose_classifiers(metrics_table(rows), ranks, ["nobody", "partly", "whole"])
    assert chosen["variant"].tolist() == ["whole"]
    assert chosen["value"].tolist() == pytest.approx([(0.9 + 0.8 + 0.6) / 3])
    unseen = metrics_table([row for row in rows if row["part"] == "test"])
    chosen = choose_classifiers(unseen, ranks, ["nobody", "partly", "whole"])
    assert chosen["variant"].tolist() == ["partly"]  # the first that has an answer


def test_without_validation_images_the_first_is_taken_and_it_is_said():
    chosen = choose_classifiers(SCORES[SCORES["part"] == "test"], RANKS, ["one", "two"])
    assert set(chosen["variant"]) == {"one"}
    assert chosen["note"].str.contains("no validation image").all()


def test_differences_choose_no_classifier():
    scores = SCORES[SCORES["part"] == "test"].assign(part="val")
    kept = scores[scores["role"] == "score"]
    for names in (["one", "two"], ["two", "one"]):
        chosen = choose_classifiers(scores, RANKS, names)
        pd.testing.assert_frame_equal(chosen, choose_classifiers(kept, RANKS, names))


def test_best_baseline_is_the_best_independent_one_and_of_equals_the_first():
    values = {"uniform": 0.2, "stratified": 0.3, "frequent": 0.3, "forest": 0.9, "none": np.nan}
    scores = pd.DataFrame({"variant": list(values), "value": list(values.values())})
    scores["evaluator"] = "independent"
    rolled = scores.assign(evaluator="rolled_up", value=0.8)
    both = pd.concat([rolled, scores], ignore_index=True)
    names = ["none", "frequent", "stratified", "uniform"]
    assert best_baseline(both, names)["variant"] == "stratified"
    assert best_baseline(both, names)["value"] == 0.3
    assert best_baseline(both, ["none"]) is None
    assert best_baseline(both, []) is None


def test_backbones_are_set_against_the_best_on_validation():
    chosen = pd.DataFrame(
        [("net", "genus", "one", 0.3), ("deep", "genus", "two", 0.8)],
        columns=["backbone", "rank", "variant", "value"],
    )
    pairs = {("net", "one"): FOUND["one"], ("deep", "two"): FOUND["two"]}
    found = {
        pair: {(s, r): t for (s, r, e), t in tables.items() if e == "independent"}
        for pair, tables in pairs.items()
    }
    rows = metrics_table(compare_backbones(chosen, found, STUDY, bootstraps=100))
    assert set(rows["backbone"]) == {"net"}
    assert set(rows["evaluator"]) == {"chosen"}
    loss = value(rows, rank="genus", evaluator="chosen", role="difference", against="deep")
    one, two = (value(variant=v, rank="genus")["value"] for v in ("one", "two"))
    assert loss["value"] == pytest.approx(one - two)
    assert loss["ci_high"] < 0


def test_every_trained_taxon_is_in_the_table_of_taxa():
    rows = pd.DataFrame(tabulate_taxa(FOUND["two"], STUDY, TRAINING))
    genera = rows[(rows["rank"] == "genus") & (rows["evaluator"] == "independent")]
    assert genera["taxon"].tolist() == list(GENERA)
    assert genera["n_test"].sum() == (PARTS == "test").sum()


def test_confusion_counts_every_test_image_once():
    table = tabulate_confusion(FOUND["two"], STUDY)
    sums = table.groupby(["rank", "evaluator"])["n_images"].sum()
    assert (sums == (PARTS == "test").sum()).all() and len(sums) == 9


def test_variants_of_other_images_are_refused():
    other = {key: t.iloc[::-1] for key, t in FOUND["two"].items()}
    with pytest.raises(ValueError, match="holds other images than the first"):
        scores_of({"one": FOUND["one"], "two": other})


def test_a_rank_that_is_classified_for_some_seeds_only_is_compared_where_it_can_be():
    chosen = pd.DataFrame(
        [(b, r, "one", 0.3) for b in ("net", "deep") for r in RANKS],
        columns=["backbone", "rank", "variant", "value"],
    )
    one = {(1, r): FOUND["one"][1, r, "independent"] for r in RANKS}
    two = {(1, r): FOUND["two"][1, r, "independent"] for r in RANKS}
    for tables in (one, two):
        tables[2, "family"] = tables[1, "family"]
    found = {("net", "one"): one, ("deep", "one"): two}
    rows = metrics_table(compare_backbones(chosen, found, STUDY, bootstraps=100))
    assert set(zip(rows["seed"], rows["rank"], strict=True)) == {
        (1, "family"),
        (1, "genus"),
        (2, "family"),
    }


def test_what_calibrates_chooses_in_no_seed():
    names = pd.Series([f"s{i}" for i in range(400)])
    half = calibrates(names)
    assert half.equals(calibrates(names)) and 150 < half.sum() < 250
    assert half[::7].equals(calibrates(names[::7]))


def test_a_study_in_which_no_rank_can_be_classified_has_empty_tables_and_figures(tmp_path):
    found = {"one": collect_guesses(iter([]), TRAINING, STUDY)[0]}
    scores = scores_of(found)
    chosen = choose_classifiers(scores, RANKS, ["one"])
    taxa = pd.DataFrame(tabulate_taxa(found["one"], STUDY, TRAINING), columns=TAXA_COLUMNS)
    confusion = tabulate_confusion(found["one"], STUDY)
    for name, table in (("scores", scores), ("chosen", chosen), ("taxa", taxa)):
        write_table(tmp_path / f"{name}.tsv", table)
        back = read_table(tmp_path / f"{name}.tsv")
        assert back.empty and list(back) == list(table)
    assert confusion.empty
    assert score_taxa(taxa) == []
    taxa, scores = (read_table(tmp_path / f"{name}.tsv") for name in ("taxa", "scores"))
    plot_taxa(taxa, scores, RANKS, {}, tail=5).savefig(tmp_path / "taxa.png")
    plot_scores(scores, RANKS, []).savefig(tmp_path / "scores.png")
