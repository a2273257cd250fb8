import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, png
from scipy.stats import spearmanr
from visgen.classification.scores.taxa import score_taxa
from visgen.figures.classification.taxa import plot_taxa
from visgen.metrics import metrics_table

pytestmark = pytest.mark.slow  # many drawings

CHOSEN = {"genus": "random_forest", "family": "random_forest"}


def taxa(n_taxa, rank="genus", seeds=(1, 2, 3), variant="random_forest"):
    """Long-tailed numbers of images; F1 rises with them, with noise."""
    rng = np.random.default_rng(n_taxa)
    n_train = np.array([2 + 2000 // (i + 1) ** 2 for i in range(n_taxa)])
    tables = []
    for seed in seeds:
        n_specimens = n_train // 8 + 1
        rise = np.log(n_train) / 10 + rng.random(n_taxa) / 5
        tables.append(
            pd.DataFrame(
                {
                    "variant": variant,
                    "evaluator": "independent",
                    "rank": rank,
                    "seed": seed,
                    "taxon": [f"Longissimodonta {i}" for i in range(n_taxa)],
                    "n_train": n_train,
                    "n_test": 2 * n_specimens,
                    "n_specimens": n_specimens,
                    "f1": rise,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def drawn(table, ranks, chosen, tail):
    return plot_taxa(table, metrics_table(score_taxa(table)), ranks, chosen, tail)


def many_ranks(n_taxa, ranks, variant):
    return pd.concat([taxa(n_taxa, rank, (1,), variant) for rank in ranks])


def points(axes):
    return sorted(map(tuple, axes.collections[0].get_offsets().tolist()))


def title(axes):
    return axes.get_title(loc="left")


def names(axes):
    return [text for text in axes.texts if "tail" not in text.get_text()]


def test_every_taxon_is_a_point_at_its_mean_over_seeds():
    table = taxa(13)
    mean = table.groupby("taxon")[["n_train", "f1"]].mean()
    axes = drawn(table, ["genus"], CHOSEN, 20).axes[0]
    assert np.allclose(points(axes), sorted(map(tuple, mean.to_numpy())))
    assert axes.get_xscale() == "log"


def test_only_the_chosen_classifier_trained_for_the_rank_is_drawn():
    table = taxa(7)
    other = table.assign(f1=table["f1"].to_numpy()[::-1])
    others = [other.assign(variant="other"), other.assign(evaluator="rolled_up")]
    more = pd.concat([table, *others])
    expected = drawn(table, ["genus"], CHOSEN, 20)
    assert png(drawn(more, ["genus"], CHOSEN, 20)) == png(expected)


def test_title_has_the_correlation_over_the_tested_taxa_and_counts_the_others():
    table = taxa(13)
    untested = table["taxon"].isin(["Longissimodonta 3", "Longissimodonta 5"])
    table.loc[untested, ["n_test", "n_specimens"]] = 0
    table.loc[untested, "f1"] = np.nan
    table.loc[table["taxon"] == "Longissimodonta 12", "f1"] = 0.0
    mean = table[~untested].groupby("taxon")[["n_train", "f1"]].mean()
    rho = spearmanr(mean["n_train"], mean["f1"])[0]
    axes = drawn(table, ["genus"], CHOSEN, 20).axes[0]
    assert title(axes) == (
        f"genus: random forest\nSpearman's ρ = {rho:.2f}, n = 11 taxa\n2 not tested, 1 with F1 = 0"
    )
    assert len(points(axes)) == 11


def test_taxon_tested_by_some_seeds_has_the_mean_of_those():
    table = taxa(7, seeds=(1, 2))
    gap = (table["taxon"] == "Longissimodonta 2") & (table["seed"] == 2)
    table.loc[gap, ["n_test", "f1"]] = [0, 0.9]
    axes = drawn(table, ["genus"], CHOSEN, 20).axes[0]
    row = table[(table["taxon"] == "Longissimodonta 2") & (table["seed"] == 1)].iloc[0]
    assert any(np.allclose(point, row[["n_train", "f1"]].astype(float)) for point in points(axes))
    assert "not tested" not in title(axes)


@pytest.mark.parametrize(("n_taxa", "has_rho"), [(4, False), (5, True)])
def test_few_taxa_have_no_correlation(n_taxa, has_rho):
    axes = drawn(taxa(n_taxa), ["genus"], CHOSEN, 20).axes[0]
    assert ("Spearman" in title(axes)) == has_rho
    assert f"n = {n_taxa} taxa" in title(axes)


def test_correlation_is_a_score_of_every_classifier_evaluator_and_rank():
    first, second = (taxa(7, rank).assign(f1=lambda t: t["n_train"]) for rank in CHOSEN)
    other = first.assign(variant="other", f1=-first["f1"])
    table = pd.concat([first, second, other, other.assign(evaluator="rolled_up")])
    scores = pd.DataFrame(score_taxa(table))
    assert set(scores["metric"]) == {"f1_images_spearman"}
    assert set(scores["n"]) == {7}
    kinds = zip(scores["variant"], scores["evaluator"], scores["rank"], strict=True)
    assert dict(zip(kinds, scores["value"], strict=True)) == {
        ("random_forest", "independent", "genus"): 1,
        ("random_forest", "independent", "family"): 1,
        ("other", "independent", "genus"): -1,
        ("other", "rolled_up", "genus"): -1,
    }


def test_equal_scores_have_no_correlation():
    axes = drawn(taxa(7).assign(f1=1.0), ["genus"], CHOSEN, 20).axes[0]
    assert "Spearman" not in title(axes)


def test_areas_rise_with_test_specimens():
    axes = drawn(taxa(7), ["genus"], CHOSEN, 20).axes[0]
    offsets, areas = axes.collections[0].get_offsets(), axes.collections[0].get_sizes()
    assert (np.diff(areas[np.argsort(offsets[:, 0])]) >= 0).all()
    assert areas.max() > 10 * areas.min() > 0


@pytest.mark.parametrize("tail", [1, 20, 3000])
def test_border_of_the_tail_is_drawn_with_its_label_inside_the_panel(tail):
    figure = drawn(taxa(13), ["genus"], CHOSEN, tail)
    axes = figure.axes[0]
    assert set(axes.lines[0].get_xdata()) == {tail}
    label = next(text for text in axes.texts if text.get_text().strip() == f"tail: < {tail}")
    assert axes.get_window_extent().x0 < label.get_window_extent().x0


@pytest.mark.parametrize("n_taxa", [300])
def test_names_overlap_neither_each_other_nor_the_edge_of_the_panel(n_taxa):
    table = pd.concat([taxa(n_taxa), taxa(6, "family")])
    figure = drawn(table, ["family", "genus"], CHOSEN, 20)
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert_apart(boxes)
        frame = axes.get_window_extent()
        assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
        assert 1 <= len(names(axes)) <= 12


def test_taxa_that_stand_out_are_named():
    table = taxa(40)
    table["f1"] = 0.5 - table["n_train"] / 10_000
    table.loc[table["taxon"] == "Longissimodonta 2", "f1"] = 0.05  # large and badly told apart
    table.loc[table["taxon"] == "Longissimodonta 30", "f1"] = 0.95  # small and well
    axes = drawn(table, ["genus"], CHOSEN, 20).axes[0]
    written = [text.get_text() for text in names(axes)]
    assert {"Longissimodonta 2", "Longissimodonta 30"} <= set(written)


def test_names_that_find_no_room_are_left_out():
    table = taxa(40).assign(taxon=lambda t: "A name much wider than the panel " * 3 + t["taxon"])
    axes = drawn(table, ["genus"], CHOSEN, 20).axes[0]
    assert not names(axes)


def test_taxon_without_training_images_is_drawn_at_zero():
    table = taxa(7)
    table.loc[table["taxon"] == "Longissimodonta 6", "n_train"] = 0
    figure = drawn(table, ["genus"], CHOSEN, 20)
    axes = figure.axes[0]
    (place, _), *_ = points(axes)
    ticks = dict(zip(axes.get_xticks(), axes.get_xticklabels(), strict=True))
    assert ticks[place].get_text() == "0"
    assert axes.get_xlim()[0] < place < 1


def test_panels_follow_the_ranks_that_have_a_chosen_classifier():
    table = pd.concat([taxa(5), taxa(7, "family"), taxa(3, "order")])
    figure = drawn(table, ["order", "family", "tribe", "genus"], CHOSEN, 20)
    assert [title(axes).split(":")[0] for axes in figure.axes] == ["family", "genus"]


def test_nothing_to_draw_gives_a_notice():
    for table, chosen in ((taxa(5), {}), (taxa(5)[:0], CHOSEN)):
        figure = drawn(table, ["genus"], chosen, 20)
        assert figure.texts[0].get_text() == "no taxon has a score"


def test_rank_without_a_tested_taxon_has_an_empty_panel():
    table = taxa(5).assign(n_test=0, n_specimens=0, f1=np.nan)
    axes = drawn(table, ["genus"], CHOSEN, 20).axes[0]
    assert title(axes) == "genus: random forest\nn = 0 taxa\n5 not tested"
