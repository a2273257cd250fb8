import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from visgen.figures.counts import plot_counts
from visgen.figures.scores import plot_scores
from visgen.metrics import metrics_table


def png(figure, dpi=60):
    content = io.BytesIO()
    figure.savefig(content, dpi=dpi, metadata={"Software": None})
    return content.getvalue()


def assert_nothing_is_cut(figure):
    pixels = imread(io.BytesIO(png(figure)))[..., :3]
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 1).all()


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


@pytest.mark.parametrize("n_taxa", [3, 40, 74, 300])
def test_no_count_is_cut_at_the_edge(n_taxa):
    assert_nothing_is_cut(plot_counts(coverage(2, n_taxa), ["rank 0", "rank 1"]))


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


VARIANTS = ["random_forest", "most_frequent", "stratified", "uniform"]


def scores(ranks, variants=VARIANTS, seeds=(1, 2, 3)):
    rng = np.random.default_rng(1)
    rows = [
        {"experiment": "classification", "variant": variant, "rank": rank, "seed": seed}
        | {"metric": metric, "value": v, "ci_low": max(v - 0.1, 0), "ci_high": min(v + 0.1, 1)}
        | {"n": 101}
        for rank in ranks
        for variant in variants
        for seed in seeds
        for metric in ("accuracy", "balanced_accuracy", "macro_f1")
        for v in [rng.random()]
    ]
    return metrics_table(rows)


@pytest.mark.parametrize("n_ranks", [1, 5])
@pytest.mark.parametrize("n_variants", [1, 4, 11])
def test_no_score_is_cut_at_the_edge(n_ranks, n_variants):
    ranks = [f"rank {i}" for i in range(n_ranks)]
    table = scores(ranks, [f"random_forest_number_{i}" for i in range(n_variants)])
    assert_nothing_is_cut(plot_scores(table, ranks))


def test_points_are_means_over_seeds_with_their_intervals():
    table = scores(["family", "genus"])
    figure = plot_scores(table, ["family", "genus", "species"])
    rows = table[(table["variant"] == "stratified") & (table["metric"] == "balanced_accuracy")]
    means = rows.groupby("rank")[["value", "ci_low", "ci_high"]].mean()
    axes = figure.axes[1]
    assert axes.get_title(loc="left").startswith("balanced accuracy")
    assert np.allclose(axes.lines[2].get_ydata(), means["value"])
    drawn = [segment[:, 1] for segment in axes.collections[2].get_segments()]
    assert np.allclose(drawn, means[["ci_low", "ci_high"]])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["random forest", "most frequent", "stratified", "uniform"]


def test_only_ranks_with_a_score_are_shown_with_their_test_specimens():
    axes = plot_scores(scores(["family"]), ["order", "family"]).axes[-1]
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["family\n(101 test specimens)"]


def test_study_without_any_score_has_an_empty_figure():
    png(plot_scores(metrics_table([]), ["family"]))


def test_same_input_gives_the_same_bytes_and_no_global_figure():
    for draw in (
        lambda: plot_counts(coverage(7), ["rank 0"]),
        lambda: plot_scores(scores(["family"]), ["family"]),
    ):
        assert png(draw()) == png(draw())
    assert not plt.get_fignums()
