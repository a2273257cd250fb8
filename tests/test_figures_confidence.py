from functools import cache

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of, png
from visgen.classification.confidence.set_coverage import of_group
from visgen.figures.classification.confidence import plot_confidence, pool_bins
from visgen.metrics import metrics_table

LONG = "balanced_bagging_of_a_hundred_trees_and_some_more_words"
CHOSEN = {"family": "random_forest", "genus": "a_linear_svm"}
SETS = [(kind, group) for group in ("all", "head", "tail") for kind in ("conformal", "mondrian")]
SIZES = dict(zip(SETS, (1.2, 2.3, 3.4, 4.5, 5.6, 6.7), strict=True))


def bins(ranks=("family",), seeds=(1, 2, 3), variants=("random_forest", "a_linear_svm")):
    rng = np.random.default_rng(1)
    tables = []
    for variant in variants:
        for rank in ranks:
            for seed in seeds:
                for evaluator in ("uncalibrated", "temperature"):
                    table = pd.DataFrame({"confidence": np.sort(rng.random(10))})
                    table["accuracy"] = rng.random(10)
                    table["n_images"] = rng.integers(5, 30, 10)
                    labels = {"variant": variant, "rank": rank, "seed": seed}
                    tables.append(table.assign(evaluator=evaluator, **labels))
    return pd.concat(tables, ignore_index=True)


def scores(ranks=("family",), seeds=(1, 2, 3), variants=("random_forest", "a_linear_svm")):
    """Coverage of a kind of sets rises with its place in SETS, from 0.80, and with the seed."""
    rows = []
    for variant in variants:
        for rank in ranks:
            for seed in seeds:
                labels = {"variant": variant, "rank": rank, "seed": seed, "part": "test", "n": 53}
                for evaluator, shift in (("uncalibrated", 0.1), ("temperature", 0.0)):
                    row = labels | {"evaluator": evaluator, "metric": "ece"}
                    null = {"role": "expected", "against": "calibrated", "value": 0.031}
                    rows += [row | {"value": 0.05 + shift}, row | null]
                for i, (evaluator, group) in enumerate(SETS):
                    v = 0.8 + 0.02 * i + 0.01 * (seed - 2)
                    null = {"role": "expected", "against": "valid_sets"}
                    for metric, more, value, low, high in (
                        ("coverage", {}, v, v - 0.05, v + 0.04),
                        ("coverage", null, 0.9, 0.85 - 0.01 * i, 0.95),
                        ("set_size", {}, SIZES[evaluator, group], 1, 9),
                        ("n_candidates", {}, 40, np.nan, np.nan),
                    ):
                        row = {"evaluator": evaluator, "metric": of_group(metric, group)} | more
                        rows.append(labels | row | {"value": value, "ci_low": low, "ci_high": high})
    return metrics_table(rows)


def segments(axes):
    """Return (place, low, high) of every horizontal line, thin ones apart from the ranges."""
    thin, thick = [], []
    for collection in axes.collections:
        for s in collection.get_segments():
            (thick if collection.get_linewidth()[0] > 5 else thin).append(
                (s[0, 1], s[0, 0], s[1, 0])
            )
    return sorted(thin), sorted(thick)


def points(axes):
    lines = [line for line in axes.lines if line.get_marker() in ("D", "o")]
    return sorted((y, x) for line in lines for x, y in zip(*line.get_data(), strict=True))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def draw(curves=None, table=None, ranks=("family",), chosen=CHOSEN):
    curves = bins() if curves is None else curves
    return plot_confidence(curves, scores() if table is None else table, ranks, chosen)


@cache
def one_classifier(name, n_ranks):
    ranks = ["genus", "family"][-n_ranks:]
    curves, table = bins(ranks, variants=(name,)), scores(ranks, variants=(name,))
    return draw(curves, table, ranks, dict.fromkeys(ranks, name))


def test_bins_of_one_seed_stay_as_they_are():
    one = bins(seeds=(1,), variants=("random_forest",))
    one = one[one["evaluator"] == "temperature"]
    columns = ["confidence", "accuracy", "n_images"]
    pd.testing.assert_frame_equal(pool_bins(one)[columns], one[columns].reset_index(drop=True))


def test_pooled_bins_are_means_over_the_images_of_their_seeds():
    # Two seeds of ten bins of equal mass, a little apart: they join in pairs.
    first = pd.DataFrame({"seed": 1, "confidence": np.arange(10) / 10, "accuracy": 0.0})
    second = first.assign(seed=2, confidence=first["confidence"] + 0.04, accuracy=1.0)
    pooled = pool_bins(pd.concat([first.assign(n_images=7), second.assign(n_images=7)]))
    assert pooled["confidence"].tolist() == pytest.approx((np.arange(10) / 10 + 0.02).tolist())
    assert pooled["accuracy"].tolist() == pytest.approx([0.5] * 10)
    assert pooled["n_images"].tolist() == [14] * 10


def test_pooling_keeps_images_and_their_means():
    table = bins(variants=("random_forest",))
    pooled = pool_bins(table)
    assert pooled["n_images"].sum() == table["n_images"].sum()
    for column in ("confidence", "accuracy"):
        expected = np.average(table[column], weights=table["n_images"])
        assert np.average(pooled[column], weights=pooled["n_images"]) == pytest.approx(expected)
    assert pooled["confidence"].is_monotonic_increasing
    assert len(pooled) == 10


def test_points_are_the_pooled_bins_with_areas_by_images():
    axes = draw().axes[0]
    table = bins()
    table = table[table["variant"] == "random_forest"]
    for collection, evaluator in zip(
        axes.collections, ("uncalibrated", "temperature"), strict=True
    ):
        pooled = pool_bins(table[table["evaluator"] == evaluator])
        assert np.allclose(collection.get_offsets(), pooled[["confidence", "accuracy"]])
        ratio = collection.get_sizes() / pooled["n_images"]
        assert np.allclose(ratio, ratio[0])


def test_legend_has_the_errors_and_what_they_would_be():
    labels = [text.get_text() for text in draw().axes[0].get_legend().get_texts()]
    assert labels == [
        "as predicted: ECE 0.150 (0.031 if calibrated)",
        "temperature scaled: ECE 0.050 (0.031 if calibrated)",
    ]


def test_coverage_is_the_mean_over_seeds_with_its_interval_and_range():
    axes = draw().axes[1]
    expected = 0.8 + 0.02 * np.arange(6)
    assert [value for _, value in points(axes)] == pytest.approx(expected.tolist())
    thin, thick = segments(axes)
    assert np.allclose(
        [ends for _, *ends in thin], np.transpose([expected - 0.05, expected + 0.04])
    )
    assert np.allclose([low for _, low, _ in thick], 0.85 - 0.01 * np.arange(6))
    places = [place for place, _ in points(axes)]
    assert places == [place for place, *_ in thin] == [place for place, *_ in thick]
    (line,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert set(line.get_xdata()) == {0.9}
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["all\n(n = 53)", "head\n(n = 53)", "tail\n(n = 53)"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # all is on top


def test_size_stands_beside_each_point():
    axes = draw().axes[1]
    sizes = {
        round(t.get_position()[1], 2): t.get_text() for t in axes.texts if "of" in t.get_text()
    }
    places = [round(place, 2) for place, _ in points(axes)]
    assert [sizes[place] for place in places] == [f"{v} of 40 taxa" for v in SIZES.values()]


def test_unknown_number_of_taxa_is_left_out():
    table = scores()
    found = texts(draw(table=table[table["metric"] != "n_candidates"]).axes[1])
    assert "1.2 taxa" in found
    assert not [text for text in found if " of " in text]


def test_only_the_chosen_classifier_of_a_rank_is_drawn():
    own = [t[t["variant"] == "random_forest"] for t in (bins(), scores())]
    drawn = png(draw())
    assert drawn == png(draw(*own))
    assert drawn != png(draw(chosen={"family": "a_linear_svm"}))


def test_sets_that_were_not_scored_keep_their_place_and_say_so():
    table = scores()
    of_tail = (table["evaluator"] == "mondrian") & table["metric"].str.startswith("tail_")
    table = table[~of_tail]
    axes = draw(table=table).axes[1]
    assert texts(axes).count("not scored") == 1
    assert len(points(axes)) == 5
    assert len(axes.get_yticklabels()) == 3


def test_coverage_without_a_set_size_stays():
    table = scores()
    lacks = (table["evaluator"] == "mondrian") & (table["metric"] == "head_set_size")
    axes = draw(table=table[~lacks]).axes[1]
    assert len(points(axes)) == 6
    assert not [text for text in texts(axes) if text.startswith("4.5")]


def test_study_without_a_tail_has_one_row():
    table = scores()
    kept = table["evaluator"].isin(["uncalibrated", "temperature", "conformal"])
    kept &= ~table["metric"].str.contains("head_|tail_")
    axes = draw(table=table[kept]).axes[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["all\n(n = 53)"]
    assert points(axes) == [(0, pytest.approx(0.8))]
    assert "not scored" not in texts(axes)


def test_rank_without_sets_says_why():
    table = scores()
    axes = draw(table=table[table["evaluator"].isin(["uncalibrated", "temperature"])]).axes[1]
    assert "no sets" in texts(axes)[0]
    assert not points(axes)


def test_panels_follow_the_ranks_and_ranks_without_bins_or_choice_are_left_out():
    both = ["genus", "family"]
    figure = draw(bins(both), scores(both), ["order", "genus", "family"])
    titles = [axes.get_title(loc="left") for axes in figure.axes[::2]]
    assert titles == ["genus: a linear svm", "family: random forest"]
    figure = draw(bins(both), scores(both), both, {"family": "random_forest"})
    assert len(figure.axes) == 2
    assert len(draw(ranks=both).axes) == 2


@pytest.mark.parametrize("chosen", [{}, {"family": None}, {"family": "another"}])
def test_nothing_to_draw_is_said(chosen):
    figure = draw(chosen=chosen)
    assert figure.texts[0].get_text() == "no classifier has probabilities for test specimens"


def test_title_does_not_lie_on_a_legend_of_all_curves():
    curves = bins(variants=(LONG,))
    joint = curves[curves["evaluator"] == "temperature"].assign(evaluator="marginal")
    curves, table = pd.concat([curves, joint]), scores(variants=(LONG,))
    figure = draw(curves, table, ["family"], {"family": LONG})
    assert len(figure.axes[0].get_legend().get_texts()) == 3
    axes = figure.axes[0]
    (title,) = [t for t in axes.get_children() if getattr(t, "get_text", str)().startswith("fam")]
    assert_apart(boxes_of(figure, [title, axes.get_legend()]))
