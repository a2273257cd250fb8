import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from visgen.metrics import COLUMNS, metrics_table, over_seeds, score_predictions, score_test_part


def guesses(n_specimens=31, n_images=3, skill=0.5, seed=1, taxa="ABCDE", guessed="ABCDEF"):
    """Truth, guess and specimen of images; taxon F is guessed, never true."""
    rng = np.random.default_rng(seed)
    specimen = np.repeat(np.arange(n_specimens), n_images)
    truth = rng.choice(list(taxa), n_specimens)[specimen]
    guess = np.where(rng.random(len(truth)) < skill, truth, rng.choice(list(guessed), len(truth)))
    ids = [f"image {i}" for i in range(len(truth))]
    return [pd.Series(x, ids) for x in (truth, guess, [f"s{i}" for i in specimen])]


def score(truth, guess, specimens, seed=0, bootstraps=199):
    rows = score_predictions(truth, guess, specimens, bootstraps=bootstraps, seed=seed)
    return pd.DataFrame(rows).set_index("metric")


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("seed", range(7))
def test_values_are_those_of_scikit_learn(seed):
    truth, guess, specimens = guesses(n_specimens=2 + 5 * seed, seed=seed)
    values = score(truth, guess, specimens)["value"]
    assert values["accuracy"] == pytest.approx(accuracy_score(truth, guess))
    assert values["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, guess))
    assert values["macro_f1"] == pytest.approx(f1_score(truth, guess, average="macro"))


def test_values_by_hand():
    truth, guess = pd.Series(list("AAAB")), pd.Series(list("AACB"))
    values = score(truth, guess, pd.Series(list("stuv")))["value"]
    # recall A 2/3, B 1; F1 A 2·2/(3+2), B 1, C 0
    assert values.to_dict() == pytest.approx(
        {"accuracy": 3 / 4, "balanced_accuracy": 5 / 6, "macro_f1": (4 / 5 + 1 + 0) / 3}
    )


def test_names_of_taxa_do_not_matter():
    truth, guess, specimens = guesses()
    other = dict(zip("ABCDEF", "DFEACB", strict=True))
    expected = score(truth, guess, specimens)
    found = score(truth.map(other), guess.map(other), specimens)
    pd.testing.assert_frame_equal(found, expected)


def test_copies_of_images_change_neither_value_nor_interval():
    few = guesses()
    many = [pd.concat([x] * 5, ignore_index=True) for x in few]
    pd.testing.assert_frame_equal(score(*many), score(*few))


@pytest.mark.parametrize("seed", range(11))
def test_interval_contains_the_value(seed):
    rows = score(*guesses(n_specimens=29, seed=seed, skill=0.1 * seed))
    assert (rows["ci_low"] <= rows["value"] + 1e-12).all()
    assert (rows["value"] <= rows["ci_high"] + 1e-12).all()


def test_means_over_taxa_of_one_specimen_each_get_no_interval():
    truth, guess = pd.Series(list("ABCDD")), pd.Series(list("ABDDD"))
    rows = score(truth, guess, pd.Series(list("stuvw")))
    limits = rows[["ci_low", "ci_high"]]
    assert limits.loc[["balanced_accuracy", "macro_f1"]].isna().to_numpy().all()
    assert limits.loc["accuracy"].notna().to_numpy().all()


def test_more_specimens_make_the_interval_narrower_but_more_images_do_not():
    def width(n_specimens, n_images):
        truth, _, specimens = guesses(n_specimens, n_images)
        # all images of a specimen are hit or missed together
        right = specimens.str[1:].astype(int) % 2 == 0
        rows = score(truth, truth.where(right, "F"), specimens, bootstraps=499)
        return (rows["ci_high"] - rows["ci_low"])["accuracy"]

    assert width(29 * 4, 2) < 0.6 * width(29, 2)
    assert width(29, 11) == pytest.approx(width(29, 2))


def test_interval_covers_as_often_as_it_says():
    hits = 0
    for seed in range(100):
        right = np.random.default_rng(seed).random(60) < 0.7  # true accuracy 0.7
        truth = pd.Series(["A"] * 60)
        row = score(truth, truth.where(right, "B"), pd.Series(map(str, range(60))), seed).loc[
            "accuracy"
        ]
        hits += row["ci_low"] <= 0.7 <= row["ci_high"]
    assert 87 <= hits <= 100


def test_seed_decides_the_interval_and_nothing_else():
    one, same, other = (score(*guesses(), seed=s) for s in (3, 3, 5))
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert (one["value"] == other["value"]).all()
    assert (one["ci_low"] != other["ci_low"]).all()


def test_tables_indexed_otherwise_are_refused():
    truth, guess, specimens = guesses()
    with pytest.raises(ValueError, match="not indexed alike"):
        score(truth, guess[::-1], specimens)


def test_only_the_test_part_is_scored():
    truth, guess, specimens = guesses()
    table = pd.DataFrame({"id": truth.index, "truth": truth.array, "predicted": guess.array})
    table["part"] = np.where(np.arange(len(table)) < 33, "test", "val")
    rows = score_test_part({(7, "family"): table}, specimens[::-1], bootstraps=19)
    first = [x.iloc[:33] for x in (truth, guess, specimens)]
    expected = score_predictions(*first, bootstraps=19, seed=7)
    assert rows == [{"rank": "family", "seed": 7, "part": "test"} | row for row in expected]
    assert {row["n"] for row in rows} == {11}


def test_table_has_the_columns_of_the_contract():
    table = metrics_table([{"metric": "accuracy", "value": 0.5, "n": 3}])
    assert list(table) == COLUMNS
    assert table["p"].isna().all()
    assert list(metrics_table([])) == COLUMNS


def test_unknown_columns_are_refused():
    with pytest.raises(ValueError, match="unknown columns: score, values"):
        metrics_table([{"metric": "accuracy", "values": 1, "score": 2}])


def test_scores_are_averaged_over_seeds():
    labels = {"experiment": "classification", "variant": "forest", "rank": "genus"}
    rows = [
        labels | {"metric": m, "seed": s, "value": v, "ci_low": v - 0.2, "ci_high": v + 0.1, "n": n}
        for m, s, v, n in [("b", 1, 0.2, 11), ("a", 1, 0.5, 11), ("b", 2, 0.4, 7), ("b", 5, 0.9, 9)]
    ]
    mean = over_seeds(metrics_table(rows)).set_index("metric")
    assert list(mean.index) == ["b", "a"]
    expected = [0.5, 0.3, 0.6, 7, 0.2, 0.9, 3]
    columns = ["value", "ci_low", "ci_high", "n", "value_min", "value_max", "n_seeds"]
    assert mean.loc["b", columns].tolist() == pytest.approx(expected)
    assert mean.loc["a", "n_seeds"] == 1
    assert "seed" not in mean
