import pytest
from visgen.metrics import COLUMNS, metrics_table, over_seeds


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


def test_a_seed_without_a_value_counts_and_rows_without_a_seed_have_none():
    rows = [{"metric": "a", "seed": 1, "value": 0.5}, {"metric": "a", "seed": 2, "value": None}]
    rows.append({"metric": "b", "value": 0.5})
    assert over_seeds(metrics_table(rows))["n_seeds"].tolist() == [2, 0]
