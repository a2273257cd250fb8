from functools import cache

import numpy as np
import pandas as pd
import pytest
from figure_checks import png
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from visgen.distances.matrices import tidy
from visgen.embedding.held_out.fresh_looks import FRESH, SCORED
from visgen.embedding.held_out.random_draws import random_rows
from visgen.embedding.held_out.rows import held_out_rows
from visgen.embedding.held_out.scoring import DEALT_SPECIMENS, NULLS, PERMUTED_BAGS, Fold
from visgen.figures.embedding.held_out import plot_held_out
from visgen.figures.embedding.held_out_pairs import MAX_POINTS, departures, plot_held_out_pairs
from visgen.metrics import metrics_table, of_role

PERMUTED = pd.DataFrame(
    [
        (null, number, part, metric, scale * number)
        for null, scale in ((PERMUTED_BAGS, 0.01), (DEALT_SPECIMENS, 0.02))
        for number in range(1, 20)
        for part, metric in (
            ("known_known", "pearson"),
            ("held_out_held_out", "pearson"),
            ("held_out_known", "pearson_double_centred"),
            ("held_out_known", "nearest_regret"),
        )
    ],
    columns=["null", "permutation", "part", "metric", "value"],
)
FRESH_SCORES = pd.DataFrame(
    [
        (null, number, *key, 0.4 * signal + 0.05 * (-1) ** number)
        for signal, null in FRESH.items()
        for number in range(1, 5)
        for key in SCORED
    ],
    columns=PERMUTED.columns,
)


def folds(n_taxa, n_folds, seed=1):
    rng = np.random.default_rng(seed)
    genetic = tidy(rng.random((n_taxa, n_taxa)))
    number = np.arange(n_taxa) % n_folds
    return [
        Fold(genetic, (i + 1) * tidy(rng.random((n_taxa, n_taxa))), number == i)
        for i in range(n_folds)
    ]


@cache
def rows(kind, nulls):
    permuted = pd.concat([PERMUTED[PERMUTED["null"].isin(nulls)], FRESH_SCORES])
    return held_out_rows(kind, folds(13, 3), permuted, None, 1)


@cache
def draws(kind, nulls):
    return random_rows(kind, folds(13, 3, 2), PERMUTED[PERMUTED["null"].isin(nulls)])


def scores(variants, kinds=("tips", "clades"), nulls=NULLS):
    return metrics_table([
        {"variant": variant} | row
        for variant in variants
        for kind in kinds
        for row in (draws if variant == "random" else rows)(kind, nulls)
    ])  # fmt: skip


@cache
def three_variants():
    return plot_held_out(scores(["mean", "random", "guided"]), ["guided"], ["random"])


@cache
def pairs(n_taxa):
    kinds = dict.fromkeys(("tips", "clades"), folds(n_taxa, 2))
    return plot_held_out_pairs(kinds, scores(["guided"]), fitted=True)


def value(table, variant, part, metric, null=None, kind="tips"):
    table = of_role(table, "score") if null is None else of_role(table, "expected", null)
    of_kind = (table["evaluator"] == f"held_out_{kind}") & table["fold"].isna()
    of_part = (table["part"] == part) & (table["metric"] == metric)
    return table[of_kind & of_part & (table["variant"] == variant)].iloc[0]


def legend(figure):
    return "\n".join(text.get_text() for text in figure.legends[0].get_texts())


def marks(axes):
    return [line for line in axes.get_lines() if line.get_marker() == "o"]


def test_scores_refits_and_blind_picks_are_drawn_where_they_are():
    table = scores(["mean", "random", "guided"])
    figure = three_variants()
    in_sample, among, to_known, regret = figure.axes[:4]
    assert [label.get_text() for label in in_sample.get_yticklabels()] == [
        *("guided", "mean", "random")
    ]
    found = value(table, "guided", "held_out_known", "pearson_double_centred")
    mark = marks(to_known)[0]
    assert mark.get_xydata().tolist() == [[found["value"], 0]]
    interval = to_known.collections[0].get_segments()[0]
    assert interval[:, 0].tolist() == [found["ci_low"], found["ci_high"]]
    bands = [patch for patch in among.patches if isinstance(patch, Rectangle)]
    assert len(bands) == 4  # two of each but the random ones
    for band, name in zip(to_known.patches[:2], NULLS, strict=True):
        null = value(table, "guided", "held_out_known", "pearson_double_centred", name)
        assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx(
            (null["ci_low"], null["ci_high"])
        )
    above, below = (patch.get_y() for patch in to_known.patches[:2])
    assert above < below == 0
    (blind,) = (
        line.get_xdata()[0]
        for line in regret.get_lines()
        if line.get_marker() == "x" and line.get_ydata()[0] == 0
    )
    expected = value(table, "guided", "held_out_known", "nearest_regret", "random_relative")
    assert blind == expected["value"]


def test_guided_unguided_and_random_vectors_differ_and_in_sample_is_hollow():
    figure = three_variants()
    in_sample, among = figure.axes[:2]
    assert len({to_hex(mark.get_color()) for mark in marks(among)}) == 3
    faces = [to_hex(mark.get_markerfacecolor()) for mark in marks(in_sample)]
    assert faces[0] == "#ffffff" and "#ffffff" not in faces[1:]
    assert not in_sample.collections[0].get_segments()[0].size  # no interval: fitted
    assert "proves nothing" in in_sample.get_xlabel()


def test_what_is_no_score_of_held_out_taxa_is_not_drawn():
    table = scores(["mean", "guided"])
    other = {"variant": "other", "evaluator": "in_sample", "part": "all", "metric": "pearson"}
    more = pd.concat([metrics_table([other | {"value": 0.9}]), table])
    drawn, expected = (plot_held_out(given, ["guided"], []) for given in (more, table))
    assert png(drawn) == png(expected)


def test_without_refits_there_is_no_band():
    figure = plot_held_out(scores(["guided"], nulls=()), ["guided"], [])
    assert not any(axes.patches for axes in figure.axes)
    assert "fitted again" not in legend(figure)


def test_without_dealt_specimens_there_is_one_band():
    figure = plot_held_out(scores(["mean"], nulls=(PERMUTED_BAGS,)), [], [])
    assert [len(axes.patches) for axes in figure.axes] == [1] * 8
    assert "bags permuted and" in legend(figure) and "specimens dealt" not in legend(figure)


def test_random_vectors_have_their_mean_and_range_and_the_number_of_draws():
    figure = three_variants()
    among = figure.axes[1]
    found = value(scores(["random"]), "random", "held_out_held_out", "pearson")
    assert marks(among)[2].get_xydata().tolist() == [[found["value"], 2]]
    interval = among.collections[2].get_segments()[0]
    assert interval[:, 0].tolist() == [found["ci_low"], found["ci_high"]]
    assert "random vectors: mean, 95 % of 20 draws" in legend(figure)
    one = plot_held_out(scores(["random"], nulls=()), [], ["random"])
    assert "random vectors: one draw" in legend(one)


def test_one_kind_alone_and_a_score_that_is_lacking_are_drawn():
    table = scores(["guided", "mean"], kinds=["clades"])
    table.loc[table["part"] == "held_out_held_out", ["value", "ci_low", "ci_high"]] = np.nan
    figure = plot_held_out(table, ["guided"], [])
    assert len(figure.axes) == 4
    assert figure.axes[0].get_title(loc="left") == "whole clades held out (13 taxa)"
    assert [text.get_text() for text in figure.axes[1].texts] == ["no score"] * 2


def test_without_any_held_out_taxa_a_notice_stands():
    assert "too few taxa" in plot_held_out(scores([]), [], []).texts[0].get_text()
    figure = plot_held_out_pairs({}, scores([]), fitted=True)
    assert "too few taxa" in figure.texts[0].get_text()


def test_visual_distances_are_departures_within_each_fold():
    of_folds = folds(11, 2)
    genetic, visual = departures(of_folds, "held_out_held_out")
    held = of_folds[0].held_out
    first = [
        of_folds[0].visual[i, j] for i in range(11) for j in range(i + 1, 11) if held[i] and held[j]
    ]
    n = len(first)
    assert n == 15 and len(visual) == 15 + 10  # six and five taxa held out
    assert visual[:n] == pytest.approx((np.array(first) - np.mean(first)) / np.std(first))
    assert genetic[0] == of_folds[0].genetic[0, 2]
    for part in (visual[:n], visual[n:]):
        assert (part.mean(), part.std()) == pytest.approx((0, 1))


def test_equal_distances_are_no_departure():
    equal = 1 - np.eye(7)
    _, visual = departures([Fold(equal, equal, np.arange(7) < 3)], "held_out_known")
    assert visual.tolist() == [0] * 12


@pytest.mark.parametrize("n_taxa", [5, 23, 211])
def test_every_pair_of_every_fold_is_in_its_panel(n_taxa):
    figure = pairs(n_taxa)
    assert len(figure.axes) == 6
    n_held = n_taxa - n_taxa // 2
    n_pairs = 2 * n_held * (n_taxa - n_held)
    (drawn,) = figure.axes[2].collections
    if n_pairs > MAX_POINTS:
        assert drawn.get_array().sum() == n_pairs  # hexagons, by how many pairs each has
        assert figure.axes[2].get_xlabel().endswith("(the darker, the more pairs)")
    else:
        assert len(drawn.get_offsets()) == n_pairs


def test_titles_have_the_pooled_scores_and_mark_what_is_fitted():
    table = scores(["guided"], kinds=["tips"])
    of_folds = {"tips": folds(13, 3)}
    known, among, to_known = (
        axes.get_title(loc="left")
        for axes in plot_held_out_pairs(of_folds, table, fitted=True).axes
    )
    r = value(table, "guided", "known_known", "pearson")["value"]
    assert known == f"known × known: fitted, proves nothing\nr = {r:.3f}".replace("= -", "= −")
    assert among.startswith("held-out × held-out: not fitted\nr = ") and ", p = " in among
    assert to_known.count("\n") == 2 and "\ncentred r = " in to_known
    unfitted = plot_held_out_pairs(of_folds, table, fitted=False).axes[0].get_title(loc="left")
    assert "proves" not in unfitted


def test_titles_without_refits_say_that_nothing_is_tested():
    table = scores(["guided"], kinds=["tips"], nulls=())
    figure = plot_held_out_pairs({"tips": folds(13, 3)}, table, fitted=True)
    assert figure.axes[1].get_title(loc="left").endswith(", not tested")


def test_titles_of_random_vectors_say_which_draw_is_shown():
    table = scores(["random"], kinds=["tips"])
    of_folds = {"tips": folds(13, 3, 2)}
    for axes in plot_held_out_pairs(of_folds, table, fitted=False).axes:
        name, *lines = axes.get_title(loc="left").split("\n")
        assert name.endswith(": the first of 20 draws")
        assert all(line.endswith(", mean of all") for line in lines)
    alone = scores(["random"], kinds=["tips"], nulls=())
    title = plot_held_out_pairs(of_folds, alone, fitted=False).axes[1].get_title(loc="left")
    assert title.startswith("held-out × held-out: one draw\nr = ") and title.endswith("not tested")
