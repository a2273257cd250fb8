from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics
from visgen.bootstrap import true_taxon
from visgen.classification.scores.counts import count_guesses, weighted_scores
from visgen.classification.scores.guesses import guesses, in_top
from visgen.classification.scores.intervals import score_variants, share_with_interval
from visgen.shares import per_taxon, wilson

TAXA = list("ABCDEF")


def predictions(n_specimens=31, n_images=3, skill=0.5, seed=1, taxa="ABCDE"):
    """A predictions table and its specimens; taxon F can be guessed and is never true."""
    rng = np.random.default_rng(seed)
    specimen = np.repeat(np.arange(n_specimens), n_images)
    truth = rng.choice(list(taxa), n_specimens)[specimen]
    odds = rng.random((len(truth), 6)).astype(np.float32)
    odds[np.arange(len(truth)), [TAXA.index(t) for t in truth]] += 2 * (
        rng.random(len(truth)) < skill
    )
    odds /= odds.sum(axis=1, keepdims=True)
    labels = pd.DataFrame({"part": "test", "id": [f"image {i}" for i in range(len(truth))]})
    labels["truth"], labels["predicted"] = truth, np.array(TAXA)[odds.argmax(axis=1)]
    table = pd.concat([labels, pd.DataFrame(odds, columns=TAXA)], axis=1)
    return table, pd.Series([f"s{i}" for i in specimen])


def counted(table, specimens):
    found = guesses(table)
    nothing = np.zeros(len(found))
    return count_guesses(found, specimens, heights=nothing, distances=None)


def scored(table, specimens, bootstraps=199, seed=0):
    taxon = true_taxon(table["truth"], specimens)
    scores, _ = score_variants(
        {"one": counted(table, specimens)}, taxon, pairs=[], bootstraps=bootstraps, seed=seed
    )
    return pd.DataFrame(scores["one"]).set_index("metric")


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("seed", range(7))
def test_values_are_those_of_scikit_learn(seed):
    table, specimens = predictions(n_specimens=2 + 5 * seed, seed=seed)
    truth, guess, odds = table["truth"], table["predicted"], table[TAXA]
    values = scored(table, specimens, bootstraps=0)["value"]
    f1, top_k = sklearn_metrics.f1_score, sklearn_metrics.top_k_accuracy_score
    precision = partial(sklearn_metrics.precision_score, truth, guess, zero_division=0)
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(truth, guess),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(truth, guess),
        "macro_f1": f1(truth, guess, average="macro"),
        "weighted_f1": f1(truth, guess, average="weighted"),
        "macro_precision": precision(average="macro"),
        "weighted_precision": precision(average="weighted"),
        "mcc": sklearn_metrics.matthews_corrcoef(truth, guess),
        "top_3_accuracy": top_k(truth, odds, k=3, labels=TAXA),
        "top_5_accuracy": top_k(truth, odds, k=5, labels=TAXA),
    }
    assert values[list(expected)].to_dict() == pytest.approx(expected)


def test_values_by_hand():
    table, _ = predictions(4, 1)
    table["truth"], table["predicted"] = list("AAAB"), list("AACB")
    values = scored(table, pd.Series(list("stuv")))["value"]
    # recall A 2/3, B 1; F1 A 2·2/(3+2), B 1, C 0; precision A 2/2, B 1, C 0/1
    expected = {"accuracy": 3 / 4, "balanced_accuracy": 5 / 6, "macro_f1": (4 / 5 + 1 + 0) / 3}
    expected |= {"macro_precision": 2 / 3, "weighted_precision": (3 * 1 + 1 * 1) / 4}
    assert values[list(expected)].to_dict() == pytest.approx(expected)


def test_a_taxon_that_is_never_guessed_has_no_precision():
    table, _ = predictions(4, 1)
    table["truth"], table["predicted"] = list("AABC"), list("AAAA")
    values = scored(table, pd.Series(list("stuv")))["value"]
    assert values["macro_precision"] == pytest.approx((2 / 4 + 0 + 0) / 3)
    assert values["weighted_precision"] == pytest.approx(2 * (2 / 4) / 4)


def test_the_order_of_taxa_changes_no_score():
    table, specimens = predictions()
    other = dict(zip(TAXA, "DFEACB", strict=True))
    renamed = table.rename(columns=other)
    renamed["truth"], renamed["predicted"] = (
        table["truth"].map(other),
        table["predicted"].map(other),
    )
    expected, found = scored(table, specimens), scored(renamed, specimens)
    pd.testing.assert_frame_equal(found, expected)


def test_copies_of_images_change_neither_value_nor_interval():
    table, specimens = predictions()
    copies = pd.concat([table] * 5, ignore_index=True)
    copies["id"] = [f"image {i}" for i in range(len(copies))]
    many = scored(copies, pd.concat([specimens] * 5, ignore_index=True))
    pd.testing.assert_frame_equal(many, scored(table, specimens))


def test_more_specimens_make_intervals_narrower():
    few, many = (scored(*predictions(n, 2, seed=3)) for n in (37, 37 * 4))
    width_few, width_many = (rows["ci_high"] - rows["ci_low"] for rows in (few, many))
    for metric in ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "top_3_accuracy"):
        assert width_many[metric] < 0.75 * width_few[metric]


@pytest.mark.parametrize("seed", range(7))
def test_interval_contains_the_value(seed):
    rows = scored(*predictions(n_specimens=41, seed=seed, skill=0.14 * seed))
    rows = rows.drop(index="mistake_height")
    assert (rows["ci_low"] <= rows["value"] + 1e-12).all()
    assert (rows["value"] <= rows["ci_high"] + 1e-12).all()


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_intervals_cover_as_often_as_they_say(metric):
    # 23 taxa of three specimens with a recall of their own each, drawn anew: the hard case.
    recall = np.random.default_rng(0).uniform(0.1, 0.9, 23)
    truth = np.repeat([f"T{i:02d}" for i in range(23)], 3)
    specimens = pd.Series([f"s{i}" for i in range(69)])
    hits = 0
    for seed in range(100):
        right = np.random.default_rng(seed + 1).random(69) < np.repeat(recall, 3)
        found = pd.DataFrame({"truth": truth, "predicted": np.where(right, truth, "none")})
        counts = count_guesses(
            found.assign(n_above=0, n_level=1, n_taxa=3),
            specimens,
            heights=np.zeros(69),
            distances=None,
        )
        taxon = true_taxon(found["truth"], specimens)
        scores, _ = score_variants({"x": counts}, taxon, pairs=[], bootstraps=200, seed=seed)
        row = next(row for row in scores["x"] if row["metric"] == metric)
        hits += row["ci_low"] <= recall.mean() <= row["ci_high"]
    assert 0.9 <= hits / 100 < 1


def test_means_over_taxa_of_one_specimen_each_get_no_interval():
    table, _ = predictions(5, 1)
    table["truth"], table["predicted"] = list("ABCDD"), list("ABDDD")
    limits = scored(table, pd.Series(list("stuvw")))[["ci_low", "ci_high"]]
    assert limits.loc[["balanced_accuracy", "macro_f1", "macro_precision"]].isna().to_numpy().all()
    assert limits.loc[["accuracy", "mcc"]].notna().to_numpy().all()


def test_seed_decides_the_interval_and_nothing_else():
    one, same, other = (scored(*predictions(), seed=s) for s in (3, 3, 5))
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert one["value"].equals(other["value"])
    assert (one["ci_low"] != other["ci_low"]).sum() >= 5


def test_without_samples_there_is_no_interval():
    assert scored(*predictions(), bootstraps=0)[["ci_low", "ci_high"]].isna().all(axis=None)


def test_differences_are_paired():
    table, specimens = predictions(53)
    better, same = table.copy(), table.copy()
    wrong = better["truth"] != better["predicted"]
    mended = wrong & (np.arange(len(wrong)) % 2 == 0)
    better.loc[mended, "predicted"] = better.loc[mended, "truth"]
    tables = {"one": table, "better": better, "same": same}
    scores, differences = score_variants(
        {name: counted(t, specimens) for name, t in tables.items()},
        true_taxon(table["truth"], specimens),
        pairs=[("better", "one"), ("same", "one")],
        bootstraps=199,
        seed=1,
    )
    values = {name: {row["metric"]: row for row in rows} for name, rows in scores.items()}
    gain = {row["metric"]: row for row in differences["better", "one"]}["accuracy"]
    assert gain["value"] == pytest.approx(
        values["better"]["accuracy"]["value"] - values["one"]["accuracy"]["value"]
    )
    own = values["one"]["accuracy"]
    assert gain["ci_low"] > 0 and gain["ci_high"] - gain["ci_low"] < own["ci_high"] - own["ci_low"]
    for row in differences["same", "one"]:
        assert row["value"] == row["ci_low"] == row["ci_high"] == 0


def test_mistakes_are_averaged_over_mistakes_only():
    table, specimens = predictions(7, 1)
    table["truth"], table["predicted"] = list("AABBCCD"), list("ABBACCA")
    found = guesses(table)
    counts = count_guesses(
        found,
        specimens,
        heights=np.array([0, 1, 0, 3, 0, 0, 2]),
        distances=np.array([0, 0.5, 0, np.nan, 0, 0, 1.5]),
    )
    taxon = true_taxon(table["truth"], specimens)
    scores, _ = score_variants({"x": counts}, taxon, pairs=[], bootstraps=0, seed=1)
    values = {row["metric"]: row["value"] for row in scores["x"]}
    assert values["mistake_height"] == pytest.approx((1 + 3 + 2) / 3)
    assert values["mistake_distance"] == pytest.approx((0.5 + 1.5) / 2)


def test_equal_odds_are_ranked_at_random():
    table, _ = predictions(11, 1)
    table[TAXA] = np.float32(1 / 6)
    assert in_top(guesses(table), 3) == pytest.approx(np.full(11, 3 / 6))
    table[TAXA] = np.float32(0)
    table["F"] = np.float32(1)  # never true: the other five share the places that are left
    assert in_top(guesses(table), 3) == pytest.approx(np.full(11, 2 / 5))


def test_truths_that_no_classifier_could_name_are_marked():
    table, _ = predictions(3, 1)
    table["truth"] = ["A", None, "unheard of"]
    found = guesses(table)
    assert (found["n_level"] > 0).tolist() == [True, False, False]


def test_a_specimen_counts_for_the_taxon_of_most_of_its_images():
    truth = pd.Series(list("BBACCA"))
    specimens = pd.Series(list("xxxyzz"))
    assert true_taxon(truth, specimens).tolist() == [1, 2, 0]


def test_share_of_images_has_an_interval_over_specimens():
    true = np.arange(120) % 3 == 0
    few = share_with_interval(true, pd.Series(np.arange(120) // 12), bootstraps=199, seed=1)
    assert few["value"] == pytest.approx(1 / 3) and few["n"] == 10
    whole = np.arange(120) // 12 % 2 == 0
    mixed = share_with_interval(whole, pd.Series(np.arange(120) // 12), bootstraps=199, seed=1)
    assert mixed["ci_high"] - mixed["ci_low"] > 0.3 > few["ci_high"] - few["ci_low"]


def test_taxa_are_scored_as_by_scikit_learn():
    table, specimens = predictions(61, 2)
    n_train = pd.Series([7, 5, 3, 2, 1, 11], TAXA)
    rows = pd.DataFrame(per_taxon(guesses(table), specimens, n_train)).set_index("taxon")
    precision, recall, f1, n = sklearn_metrics.precision_recall_fscore_support(
        table["truth"], table["predicted"], labels=TAXA, zero_division=0
    )
    tested = list("ABCDE")
    assert rows["n_train"].tolist() == n_train.tolist()
    assert rows["n_test"].tolist() == n.tolist()
    assert rows.loc[tested, "precision"].to_numpy() == pytest.approx(precision[:5])
    assert rows.loc[tested, "recall"].to_numpy() == pytest.approx(recall[:5])
    assert rows.loc[tested, "f1"].to_numpy() == pytest.approx(f1[:5])
    assert rows.loc["F", ["recall", "f1", "recall_low"]].isna().all()
    assert rows["n_specimens"].sum() == 61


def test_interval_of_a_recall_is_wilson_s_on_specimens():
    table, specimens = predictions(8, 5)
    table["truth"] = table["predicted"] = "A"
    table.loc[specimens.isin(["s1", "s2"]), "predicted"] = "B"
    row = next(per_taxon(guesses(table), specimens, pd.Series({"A": 3})))
    assert row["recall"] == 6 / 8
    # 6 of 8: R's prop.test(6, 8, correct = FALSE) gives 0.409 to 0.929
    assert row["recall_low"] == pytest.approx(0.409, abs=5e-4)
    assert row["recall_high"] == pytest.approx(0.929, abs=5e-4)
    assert wilson(0, 5)[0] == 0 and wilson(1, 5)[1] == 1


def test_no_name_is_no_taxon_and_nan_may_be_one():
    truth = pd.Series(["nan"] * 11 + ["Arca"] * 7, dtype="str")
    guess = truth.where(np.arange(18) % 5 != 3)  # a lineage may end above the rank
    guess[2] = "Arca"
    found = pd.DataFrame({"truth": truth, "predicted": guess, "n_above": 0, "n_level": 1})
    once = np.ones((1, 18))
    counts = count_guesses(
        found.assign(n_taxa=2), pd.Series(range(18)), heights=np.zeros(18), distances=None
    )
    scores = weighted_scores(counts, once, once)
    asked = {"labels": ["Arca", "nan"], "average": "macro", "zero_division": 0}
    named = guess.fillna("nothing").tolist()
    for name, of in (
        ("macro_f1", sklearn_metrics.f1_score),
        ("macro_precision", sklearn_metrics.precision_score),
        ("balanced_accuracy", sklearn_metrics.recall_score),
    ):
        assert scores[name] == pytest.approx([of(truth.tolist(), named, **asked)])
    expected = sklearn_metrics.matthews_corrcoef(truth.tolist(), named)
    assert scores["mcc"] == pytest.approx([expected])
