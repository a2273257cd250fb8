"""What the page and its figure say of joint answers."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, assert_nothing_is_cut, boxes_of, png
from visgen.figures.classification.answered import plot_answered
from visgen.metrics import metrics_table, over_seeds
from visgen.report.classification.lineages import (
    depth_rows,
    joint_findings,
    joint_rows,
    set_rows,
)

RANKS = ["order", "genus"]
LABELS = {"net": "net (control)"}
JOINT = pd.DataFrame([{"backbone": "net", "variant": "a_forest", "value": 0.75, "n": 17}])


def row(metric, value, low=np.nan, high=np.nan, **labels):
    labels = {"experiment": "classification", "backbone": "net", "variant": "a_forest"} | labels
    labels = {"part": "test", "seed": 1, "n": 31} | labels
    return labels | {"metric": metric, "value": value, "ci_low": low, "ci_high": high}


def scores(gain=(0.1, 0.05, 0.15), of_images=(0.2, 0.1, 0.3), coverage=0.91, apart=True):
    """Scores of two ranks; the first is `gain` better where all ranks are asked together."""
    rows = []
    for rank, (alone, together) in (("order", (0.7, 0.7 + gain[0])), ("genus", (0.5, 0.5))):
        for metric, change in (("balanced_accuracy", gain), ("accuracy", of_images)):
            if rank == "genus":
                change = (0.0, -0.1, 0.1)
            for evaluator, value in (
                ("independent", alone), ("joint", together), ("least_cost", 0.4), ("marginal", 0.3),
            ):  # fmt: skip
                rows.append(row(metric, value, 0.1, 0.9, rank=rank, evaluator=evaluator))
            against = {"role": "difference", "against": "independent"}
            rows.append(row(metric, *change, rank=rank, evaluator="joint", **against))
        rows.append(row("weight", 0.5, rank=rank, evaluator="joint", part="val"))
        rows.append(row("taxonomic_distance", 0.25, rank=rank, evaluator="joint"))
        rows.append(row("ece", 0.07, rank=rank, evaluator="marginal"))
        null = {"role": "expected", "against": "calibrated"}
        rows.append(row("ece", 0.03, rank=rank, evaluator="marginal", **null))
    for evaluator, value in (("independent", 0.46), ("joint", 0.0)):
        rows.append(row("impossible_lineages", value, 0, 0.5, rank="all", evaluator=evaluator))
    for kind in ("conformal_nodes", "mondrian_nodes") if apart else ("conformal_nodes",):
        for rank, named, right in (("order", 0.9, 0.97), ("genus", 0.6, 0.93)):
            rows.append(row("named", named, 0.1, 0.9, rank=rank, evaluator=kind))
            rows.append(row("named_accuracy", right, 0.1, 0.9, rank=rank, evaluator=kind, n=23))
    for kind in ("conformal", "conformal_nodes", *(("mondrian_nodes",) if apart else ())):
        over = {"role": "expected", "against": "valid_sets_over_seeds", "seed": None}
        for part in ("test", "redealt"):
            labels = {"rank": "all", "evaluator": kind, "part": part}
            rows.append(row("coverage", coverage, 0.8, 0.95, **labels))
            rows.append(row("coverage", 0.9, 0.87, 0.93, **labels | over))
        rows.append(row("depth", 1.5, 1.4, 1.6, rank="all", evaluator=kind))
    return over_seeds(metrics_table(rows))


def test_the_first_finding_is_a_name_for_every_rank():
    first, deep = joint_findings(scores(), JOINT, RANKS, LABELS)
    assert first.startswith("Asked for whole lineages, a forest on net (control) names rightly")
    assert "order 80.0 %, genus 50.0 %" in first
    assert "contradict each other for 46.0 % of the test images" in first
    assert "asked together for 0.0 %" in first
    assert "Points gained over asking it rank by rank: order +10.0 (+5.0 to +15.0)." in first
    assert first.endswith("Cannot tell: genus +0.0 (−10.0 to +10.0).")
    assert "60.0 % to genus (93.0 % of these rightly), 90.0 % to order" in deep
    assert "of rare and of common taxa alike" in deep


@pytest.mark.parametrize(
    ("value", "n", "said"),
    [
        (0.75, 17, "on 17 validation specimens, so few that luck has a part in it; from there to"),
        (0.75, 101, "on 101 validation specimens; from there to test its mean over ranks changes"),
        (0.75, 101, "changes by −10.0 points."),  # (80 + 50) / 2 − 75
        (np.nan, 0, ""),
    ],
)
def test_the_choice_and_what_is_lost_from_it_to_test_are_said(value, n, said):
    first = joint_findings(scores(), JOINT.assign(value=value, n=n), RANKS, LABELS)[0]
    assert said in first and ("validation" in first) == bool(said)


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((0.1, -0.05, 0.2), "Cannot tell: order +10.0"),
        (
            (-0.1, -0.2, -0.05),
            "Points lost against asking it rank by rank: order −10.0 (−20.0 to −5.0).",
        ),
        # Most taxa have one test specimen: means over taxa have no interval, images have.
        (
            (0.1, np.nan, np.nan),
            "Points gained over asking it rank by rank: order +20.0 of images (+10.0 to +30.0).",
        ),
    ],
)
def test_what_is_not_clear_of_nothing_cannot_be_told(gain, said):
    assert said in joint_findings(scores(gain), JOINT, RANKS, LABELS)[0]


def test_a_promise_that_is_not_kept_is_said():
    kept, broken = (
        joint_findings(scores(coverage=c), JOINT, RANKS, LABELS)[1] for c in (0.91, 0.85)
    )
    assert broken.endswith("less than promised.") and "less than promised" not in kept


def test_nodes_of_one_pool_are_told_where_groups_are_too_small():
    deep = joint_findings(scores(apart=False), JOINT, RANKS, LABELS)[1]
    assert "alike" not in deep and "93.0 % of these rightly" in deep


def test_rows_have_what_was_measured():
    order, genus = joint_rows(scores(), JOINT, RANKS)
    assert (order["rank"], order["weight"], order["n"]) == ("order", 0.5, 31)
    assert (order["error"], order["perfect"]) == (0.07, 0.03)
    values = [text and text["value"] for text in order["texts"]]
    assert values == ["70.0 %", "80.0 %", "+10.0", "40.0 %", "30.0 %", None, None, "0.250", None]
    assert genus["texts"][2]["value"] == "+0.0"
    flat, node, apart = set_rows(scores(), JOINT)
    assert [row["kind"] for row in (flat, node, apart)] == [
        "lists of lineages", "one taxon of any rank", "one taxon, rare and common apart",
    ]  # fmt: skip
    assert node["valid"] == node["redealt_valid"] == "87.0 % to 93.0 %"
    assert (node["coverage"]["value"], node["depth"]) == ("91.0 %", 1.5)
    found = [(r["kind"], r["rank"], r["n"]) for r in depth_rows(scores(), JOINT, RANKS)]
    assert found[1] == ("one taxon of any rank", "genus", 31) and len(found) == 4


def test_without_a_joint_answer_nothing_is_said():
    nobody = JOINT.iloc[:0]
    assert (
        joint_findings(scores(), nobody, RANKS, LABELS) == joint_rows(scores(), nobody, RANKS) == []
    )


# The figure.


def answered(ranks=RANKS):
    shares = np.arange(1, 21) / 20
    return pd.concat([
        pd.DataFrame({"share": shares, "accuracy": 1 - 0.1 * (i + 1) * shares**2})
        .assign(variant="a_forest", seed=seed, rank=rank)
        for i, rank in enumerate(ranks) for seed in (1, 2)
    ])  # fmt: skip


def test_curves_and_bars_are_what_was_measured():
    figure = plot_answered(answered(), metrics_of(), RANKS, "a_forest")
    left, right = figure.axes
    assert [line.get_label() for line in left.lines] == RANKS
    assert left.lines[1].get_ydata()[-1] == pytest.approx(0.8)
    widths = sorted({round(bar.get_width(), 3) for bar in right.patches})
    assert widths == pytest.approx([0.558, 0.6, 0.873, 0.9])
    assert "97 % right (n = 23)" in [text.get_text() for text in right.texts]


def metrics_of(apart=True):
    return scores(apart=apart).drop(columns=["value_min", "value_max", "n_seeds"]).assign(seed=1)


@pytest.mark.parametrize("apart", [True, False])
def test_nothing_is_cut_and_no_word_stands_on_another(apart):
    ranks = ["order", "genus"]
    figure = plot_answered(answered(ranks), metrics_of(apart), ranks, "a_forest")
    assert_nothing_is_cut(png(figure))
    assert_apart(boxes_of(figure, figure.axes[1].texts))


def test_without_nodes_or_answers_the_figure_says_so():
    none = metrics_of().iloc[:0]
    texts = [t.get_text() for t in plot_answered(answered(), none, RANKS, "a_forest").axes[1].texts]
    assert texts == ["no nodes: too few specimens\nto calibrate them or to test them"]
    figure = plot_answered(answered().iloc[:0], none, RANKS, None)
    assert_nothing_is_cut(png(figure))
