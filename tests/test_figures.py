import numpy as np
import pandas as pd
import pytest
from figure_checks import png
from visgen.figures.classification.scores import plot_scores
from visgen.figures.specimens.counts import plot_counts
from visgen.metrics import metrics_table


def coverage(*n_taxa):
    """Long-tailed numbers of images; rows in no order."""
    tables = []
    for i, n in enumerate(n_taxa):
        taxa = [f"Taxon {j:03d} with an epithet longissima" for j in range(n)]
        table = pd.DataFrame({"rank": f"rank {i}", "taxon": taxa})
        table["n_images"] = [1 + 2000 // (j + 1) for j in range(n)]
        table["n_specimens"] = (table["n_images"] + 1) // 2
        tables.append(table)
    return pd.concat(tables).sample(frac=1, random_state=1)


@pytest.mark.parametrize("n_taxa", [1, 3, 40, 60])
def test_every_taxon_is_named_up_to_sixty(n_taxa):
    axes = plot_counts(coverage(n_taxa), ["rank 0"]).axes[0]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == [f"Taxon {j:03d} with an epithet longissima" for j in range(n_taxa)]
    assert axes.get_yscale() == "log"


@pytest.mark.parametrize("n_taxa", [61, 74, 300])
def test_many_taxa_go_without_names_and_the_figure_says_so(n_taxa):
    axes = plot_counts(coverage(n_taxa), ["rank 0"]).axes[0]
    assert not [label for label in axes.get_xticklabels() if "Taxon" in label.get_text()]
    assert "names in coverage.tsv" in axes.get_xlabel()
    assert f"n = {n_taxa}" in axes.get_title(loc="left")


def test_bars_and_marks_are_the_counts_largest_first():
    axes = plot_counts(coverage(7), ["rank 0"]).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == [2001, 1001, 667, 501, 401, 334, 286]
    assert axes.lines[0].get_ydata().tolist() == [(h + 1) // 2 for h in heights]
    assert axes.get_title(loc="left") == "rank 0 (n = 7): 286 to 2001 images each"


def test_single_image_is_visible_on_the_log_scale():
    table = pd.DataFrame({"rank": "r", "taxon": ["A", "B"], "n_images": [9, 1], "n_specimens": 1})
    assert plot_counts(table, ["r"]).axes[0].get_ylim()[0] < 1


def test_panels_follow_the_ranks_and_empty_ranks_are_left_out():
    figure = plot_counts(coverage(2, 3), ["rank 1", "empty", "rank 0"])
    assert [axes.get_title(loc="left")[:6] for axes in figure.axes] == ["rank 1", "rank 0"]


BASELINES = ["most_frequent", "stratified", "uniform"]
VARIANTS = ["random_forest", "most_frequent", "balanced_bagging", "stratified", "uniform"]
METRICS = ["accuracy", "balanced_accuracy", "macro_f1", "mcc"]


def scores(ranks, variants=VARIANTS, seeds=(1, 2, 3), evaluators=("independent", "joint")):
    """Values in [0, 0.5) of the test part; those of the validation part are 0.5 higher."""
    rng = np.random.default_rng(1)
    rows = [
        {"experiment": "classification", "variant": variant, "rank": rank, "seed": seed}
        | {"evaluator": evaluator, "part": part, "metric": metric, "n": 101}
        | {"value": v, "ci_low": v - 0.1, "ci_high": v + 0.1}
        for rank in ranks
        for variant in variants
        for evaluator in evaluators
        for part in ("val", "test")
        for seed in seeds
        for metric in [*METRICS, "top_3_accuracy"]
        for v in [rng.random() / 2 + (part == "val") * 0.5]
    ]
    return metrics_table(rows)


def drawn_points(axes):
    """Return (place, value) of every point, and (place, low, high) of every interval."""
    lines = [line for line in axes.lines if line.get_marker() == "o"]
    points = [(y, x) for line in lines for x, y in zip(*line.get_data(), strict=True)]
    segments = [s for collection in axes.collections for s in collection.get_segments() if len(s)]
    return sorted(points), sorted((s[0, 1], s[0, 0], s[1, 0]) for s in segments)


def test_every_classifier_has_a_row_and_baselines_come_last():
    figure = plot_scores(scores(["family", "genus"]), ["family", "genus"], BASELINES)
    names = [name.replace("_", " ") for name in ["random_forest", "balanced_bagging", *BASELINES]]
    assert len(figure.axes) == 2 * len(METRICS)
    for axes in figure.axes:
        points, _ = drawn_points(axes)
        assert np.unique(np.round([place for place, _ in points])).tolist() == [0, 1, 2, 3, 4]
        bottom, top = axes.get_ylim()
        assert bottom > 4.2 > 0 > -0.2 > top  # the first row is the highest
    for axes in (figure.axes[0], figure.axes[4]):
        assert [label.get_text() for label in axes.get_yticklabels()] == names


@pytest.mark.parametrize("evaluators", [["independent"], ["independent", "joint"]])
def test_points_are_means_over_seeds_of_the_test_part_with_their_intervals(evaluators):
    table = scores(["family", "genus"], evaluators=evaluators)
    axes = plot_scores(table, ["family", "genus", "species"], BASELINES).axes[5]
    assert axes.get_xlabel() == "balanced accuracy"
    rows = table[(table["part"] == "test") & (table["metric"] == "balanced_accuracy")]
    rows = rows[rows["rank"] == "genus"]
    means = rows.groupby(["variant", "evaluator"])[["value", "ci_low", "ci_high"]].mean()
    order = ["random_forest", "balanced_bagging", *BASELINES]
    means = means.loc[[(variant, evaluator) for variant in order for evaluator in evaluators]]
    points, intervals = drawn_points(axes)
    assert np.allclose([value for _, value in points], means["value"])
    assert np.allclose([ends for _, *ends in intervals], means[["ci_low", "ci_high"]])


def test_validation_part_differences_other_evaluators_and_rank_all_are_not_drawn():
    table = scores(["family"])
    difference = table.assign(role="difference", against="most_frequent", value=0.9)
    other = table.assign(evaluator="chosen", value=0.9)
    whole = table.assign(rank="all", value=0.9)
    more = pd.concat([table, difference, other, whole])
    pairs = zip(
        plot_scores(more, ["family"], []).axes,
        plot_scores(table, ["family"], []).axes,
        strict=True,
    )
    for axes, expected in pairs:
        assert drawn_points(axes) == drawn_points(expected)
        assert max(value for _, value in drawn_points(axes)[0]) < 0.5


def test_joint_scores_are_hollow_and_below_the_filled_ones_of_their_row():
    axes = plot_scores(scores(["family"], ["a_classifier"]), ["family"], []).axes[0]
    filled, hollow = [line for line in axes.lines if line.get_marker() == "o"]
    assert filled.get_markerfacecolor() != "white"
    assert hollow.get_markerfacecolor() == "white"
    assert -0.5 < filled.get_ydata()[0] < hollow.get_ydata()[0] < 0.5


def test_line_marks_the_best_baseline_and_its_band_the_upper_end():
    table = scores(["family"], ["random_forest", *BASELINES], (1,), ["independent"])
    axes = plot_scores(table, ["family"], BASELINES).axes[2]
    of_metric = table[(table["metric"] == "macro_f1") & (table["part"] == "test")]
    baselines = of_metric[of_metric["variant"].isin(BASELINES)]
    best = baselines.loc[baselines["value"].idxmax()]
    (line,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert set(line.get_xdata()) == {best["value"]}
    band = axes.patches[0].get_bbox()
    assert np.allclose([band.x0, band.x1], best[["value", "ci_high"]].astype(float))


def test_no_baseline_leaves_no_line():
    figure = plot_scores(scores(["family"]), ["family"], [])
    assert not [line for axes in figure.axes for line in axes.lines if line.get_linestyle() == "--"]
    assert not [t for t in figure.legends[0].get_texts() if "baseline" in t.get_text()]


def test_score_without_an_interval_is_a_point_alone_and_the_legend_says_so():
    table = scores(["family"])
    table.loc[table["metric"] == "macro_f1", ["ci_low", "ci_high"]] = np.nan
    figure = plot_scores(table, ["family"], BASELINES)
    points, intervals = drawn_points(figure.axes[2])
    assert len(points) == 10
    assert not intervals
    assert len(drawn_points(figure.axes[1])[1]) == 10
    assert "a point alone has none" in figure.legends[0].get_title().get_text()


def test_classifier_without_a_score_at_a_rank_keeps_its_row_and_says_so():
    table = scores(["family", "genus"])
    table = table[(table["variant"] != "random_forest") | (table["rank"] != "genus")]
    figure = plot_scores(table, ["family", "genus"], BASELINES)
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert texts == [[]] * 4 + [["no score"]] * 4
    assert {place for place, _ in drawn_points(figure.axes[4])[0]}.isdisjoint({-0.14, 0.2})


def test_scores_below_zero_are_inside_their_panels():
    table = scores(["family"])
    low = (table["metric"] == "mcc") & (table["part"] == "test")
    table.loc[low, ["value", "ci_low"]] = [-0.3, -0.4]
    limits = [axes.get_xlim() for axes in plot_scores(table, ["family"], BASELINES).axes]
    assert limits[3][0] < -0.4
    assert limits[3][1] > 1


def test_only_ranks_with_a_score_are_shown_with_their_test_specimens():
    figure = plot_scores(scores(["family"]), ["order", "family"], BASELINES)
    assert figure.axes[0].get_title(loc="left") == "family (101 test specimens)"
    assert len(figure.axes) == len(METRICS)


def test_height_follows_the_rows():
    def height(n_variants, n_ranks):
        ranks = [f"rank {i}" for i in range(n_ranks)]
        names = [f"classifier {i}" for i in range(n_variants)]
        return plot_scores(scores(ranks, names, (1,)), ranks, []).get_figheight()

    assert height(16, 1) - height(3, 1) == pytest.approx(13 * 0.25)
    assert height(3, 2) - height(3, 1) > 3 * 0.25


@pytest.mark.parametrize("table", [metrics_table([]), scores(["genus"])])
def test_study_without_any_score_gets_a_notice(table):
    figure = plot_scores(table, ["family"], BASELINES)
    assert figure.texts[0].get_text() == "no classifier has a score of test specimens"
    png(figure)
