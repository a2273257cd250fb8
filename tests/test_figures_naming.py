"""Figures of names for specimens that had none."""

from itertools import pairwise

import pandas as pd
import pytest
from figure_checks import assert_apart, assert_nothing_is_cut, boxes_of, png
from PIL import Image
from visgen.figures.naming.answers import plot_answers
from visgen.figures.naming.specimens import SHOWN, choose_specimens, plot_specimens
from visgen.metrics import metrics_table

RANKS = ["family", "genus", "species"]
NOTHING = "no such specimen"
WHITE = (255, 255, 255)


def row(part, rank, evaluator, metric, value, n, **more):
    labels = {"experiment": "naming", "part": part, "rank": rank, "evaluator": evaluator}
    labels |= {"metric": metric, "value": value, "n": n, "seed": 1}
    return labels | {"ci_low": value - 0.05, "ci_high": min(value + 0.05, 1.0)} | more


def of_known():
    rows = []
    for i, rank in enumerate(RANKS):
        rows += [
            row("test", rank, "joint", "accuracy", 0.9 - i / 10, 113),
            row("test", rank, "trusted", "named", 0.8 - i / 10, 113),
            row("test", rank, "trusted", "named_accuracy", 0.97, 89),
            row("test", rank, "joint", "accuracy", 0.1, 113, role="expected")
            | {"against": "most_frequent"},
        ]
    return rows + said("test", "all", 113, known=0.93, new_species=0.07)


def said(part, rank, n, **shares):
    return [row(part, rank, "novelty", f"said_{word}", share, n) for word, share in shares.items()]


def of_new(rank="species", n=5):
    part = f"new_{rank}"
    return [
        row(part, rank, "novelty", "n_specimens", 53, n),
        row(part, rank, "trusted", "named_too_deep", 0.51, n),
        *said(part, rank, n, known=0.5, new_species=0.3, new_genus=0.1, no_such_specimen=0.02),
    ]


def answers(rows):
    return plot_answers(metrics_table(rows), RANKS)


def stacks(axes):
    """Return (start, width) of the bars of each row, from top to bottom."""
    bars = [bar for bar in axes.patches if bar.get_height() > 0.5]
    rows = sorted({round(bar.get_y(), 3) for bar in bars})
    return [
        sorted((bar.get_x(), bar.get_width()) for bar in bars if round(bar.get_y(), 3) == y)
        for y in rows
    ]


def test_shares_of_verdicts_are_stacked_up_to_all_specimens():
    left, _ = answers([*of_known(), *of_new()]).axes
    known, new = stacks(left)
    assert [width for _, width in known] == pytest.approx([0.93, 0.07])
    assert [width for _, width in new] == pytest.approx([0.5, 0.3, 0.1, 0.02, 0.08])
    for bars in (known, new):
        assert sum(width for _, width in bars) == pytest.approx(1)
        for (start, width), (following, _) in pairwise(bars):
            assert start + width == pytest.approx(following)
    labels = [text.get_text() for text in left.get_yticklabels()]
    assert labels == ["known taxa\n(113 specimens)", "a withheld species\n(53 specimens, 5 taxa)"]


def test_verdicts_have_their_words_and_what_no_verdict_was_given_is_said():
    left, _ = answers([*of_known(), *of_new()]).axes
    words = [text.get_text() for text in left.get_legend().get_texts()]
    assert words == [
        "looks known",
        "at least a new species",
        "at least a new genus",
        "like nothing in the study",
        "cannot be told",
    ]


def test_specimens_asked_beside_withheld_ones_stand_for_known_taxa():
    rows = [*of_known(), *of_new(), *said("beside_withheld", "all", 97, known=0.9, new_species=0.1)]
    left, _ = answers(rows).axes
    assert left.get_yticklabels()[0].get_text() == "known taxa\n(97 specimens)"
    assert stacks(left)[0][0] == pytest.approx((0, 0.9))


def test_how_many_names_cannot_be_right_stands_beside_withheld_taxa_finest_first():
    left, _ = answers([*of_new("genus", 1), *of_new()]).axes
    texts = [text.get_text() for text in left.texts]
    assert texts.count("51%") == 2 and "trusted name\ncannot be right" in texts
    labels = [text.get_text() for text in left.get_yticklabels()]
    assert [label.split("\n")[0] for label in labels] == ["a withheld species", "a withheld genus"]
    assert labels[1].endswith("1 taxon)")


def test_bars_by_rank_are_scores_with_their_intervals():
    _, right = answers(of_known()).axes
    widths = [bar.get_width() for bar in right.patches]
    expected = [v for i in range(3) for v in (0.9 - i / 10, 0.8 - i / 10, 0.97)]
    assert widths == pytest.approx(expected)
    ends = [c.get_segments()[0][:, 0] for c in right.collections if c.get_linestyle()[0][1] is None]
    assert len(ends) == 9 and ends[0].tolist() == pytest.approx([0.85, 0.95])
    assert [t.get_text() for t in right.get_yticklabels()] == [f"{r}\n(n = 113)" for r in RANKS]


@pytest.mark.parametrize("rows", [of_known(), of_new(), [*of_known(), *of_new()], []])
def test_nothing_is_cut_whatever_was_scored(rows):
    assert_nothing_is_cut(png(answers(rows)))


def test_numbers_do_not_lie_on_each_other():
    figure = answers([*of_known(), *of_new("genus"), *of_new()])
    for axes in figure.axes:
        assert_apart(boxes_of(figure, axes.texts))


# the contact sheet


def drawer(*answers):
    """Specimens named s00 ... of (verdict, trusted rank, trusted taxon, p of being known)."""
    rows = [
        {"specimen": f"s{i:02d}", "novelty": verdict, "trusted_rank": rank, "trusted_taxon": taxon}
        | {"novelty_p": p, "nearest_1": f"known {i % 3}", "taxon_1": "Arca with a very long name"}
        for i, (verdict, rank, taxon, p) in enumerate(answers)
    ]
    return pd.DataFrame(rows)


def test_every_answer_is_shown_the_strangest_first():
    many = [("known", "species", f"Arca {i}", 0.5) for i in range(29)]
    table = drawer(
        *many,
        ("known", "genus", "Arca", 0.5),
        ("new species", "genus", "Arca", 0.01),
        (NOTHING, None, None, 0.01),
        ("new genus", "family", "Arcidae", 0.01),
        (None, "species", "Arca 1", None),
    )
    found = choose_specimens(table, RANKS)
    assert len(found) == SHOWN
    assert found["specimen"].tolist()[:4] == ["s31", "s32", "s30", "s29"]
    assert found["specimen"].iloc[-1] == "s33"  # of which nothing can be told
    assert found["novelty"].value_counts()["known"] == SHOWN - 4


def test_other_taxa_come_before_more_of_the_same_and_the_least_like_known_first():
    same = [("known", "species", "Arca noae", 0.1 + i / 100) for i in range(SHOWN)]
    table = drawer(*same, ("known", "species", "Barbatia", 0.9))
    found = choose_specimens(table, RANKS)
    assert found["specimen"].tolist() == ["s00", "s24", *(f"s{i:02d}" for i in range(1, 23))]


def test_the_choice_does_not_depend_on_the_order_of_rows():
    answers = [("known", "species", f"Arca {i % 7}", 0.5) for i in range(31)]
    table = drawer(*answers)
    turned = table.sample(frac=1, random_state=1)
    assert choose_specimens(turned, RANKS).equals(choose_specimens(table, RANKS))


@pytest.fixture
def sheet(tmp_path):
    """Return what draws a sheet, with a picture a specimen, some wide and some tall."""

    def draw(table):
        names = [*table["specimen"], *table["nearest_1"]]
        paths = {}
        for i, name in enumerate(dict.fromkeys(names)):
            paths[name] = tmp_path / f"{i}.png"
            size = [(90, 40), (40, 90), (50, 50)][i % 3]
            Image.new("RGB", size, (60, 90, 5 * i)).save(paths[name])
        return plot_specimens(table, paths, paths, WHITE, 10**6)

    return draw


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_a_specimen_stands_beside_the_labelled_one_that_looks_most_like_it(sheet):
    figure = sheet(drawer(("new species", "genus", "Arca", 0.01), (NOTHING, None, None, 0.01)))
    drawn = [axes for axes in figure.axes if axes.texts]
    assert texts_of(drawn[0]) == ["s00", "Arca", "at least a new species"]
    assert texts_of(drawn[1])[0] == "looks most like" and texts_of(drawn[1])[2] == "known 0"
    assert texts_of(drawn[2]) == ["s01", "no name", "like nothing in the study"]
    colours = [axes.images[0].get_array()[0, 0].tolist() for axes in drawn]
    assert colours == [[60, 90, 5 * i] for i in (0, 2, 1, 3)]


@pytest.mark.parametrize("n", [1, 7])
def test_nothing_of_a_sheet_is_cut_and_no_text_lies_on_another(sheet, n):
    answers = [("known", "species", f"Arca with an epithet longissima {i}", 0.5) for i in range(n)]
    figure = sheet(drawer(*answers))
    assert_nothing_is_cut(png(figure))
    assert_apart(boxes_of(figure, [text for axes in figure.axes for text in axes.texts]))


def test_signs_of_formulas_in_names_are_written_as_they_are(sheet):
    figure = sheet(drawer(("known", "species", "Arca $x_1$ $", 0.5)))
    assert_nothing_is_cut(png(figure))


def test_without_specimens_a_notice_is_drawn(sheet):
    assert_nothing_is_cut(png(sheet(drawer(("known", "species", "A", 0.5))[:0])))
