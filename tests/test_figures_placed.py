import numpy as np
import pandas as pd
from figure_checks import assert_apart, assert_nothing_is_cut, boxes_of, png
from visgen.embedding.placement.tables import PLACED_COLUMNS
from visgen.figures.embedding.placed import MAX_PLACED, plot_placed


def placed(n_taxa, kind="tips", name="Genus species {}"):
    rows = [
        {"taxon": name.format(i), "group": f"Group {i % 3}", "n_images": i + 1, "kind": kind}
        | {"place": place, "relative": f"Known relative {place}", "relative_group": "Group 0"}
        | {"distance": 0.3 * place, "ci_low": 0.1, "ci_high": 0.3 * place + 0.4, "n": 31}
        for i in range(n_taxa)
        for place in (1, 2, 3)
    ]
    return pd.DataFrame(rows, columns=PLACED_COLUMNS)


def texts(figure):
    axes = figure.axes[0]
    (beside,) = axes.child_axes
    heads, names = ([t.get_text() for t in a.get_yticklabels()] for a in (axes, beside))
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    return heads, names, legend, figure.get_suptitle()


def test_distances_and_intervals_are_drawn_where_they_are():
    table = pd.concat([placed(2), placed(1, "clades", "Other")], ignore_index=True)
    figure = plot_placed(table, 1.7)
    axes = figure.axes[0]
    marks = [line for line in axes.get_lines() if line.get_marker() in "os"]
    assert [line.get_xdata()[0] for line in marks] == [0.3, 0.6, 0.3 * 3] * 3
    segments = [collection.get_segments()[0] for collection in axes.collections]
    assert [segment[:, 0].tolist() for segment in segments[:2]] == [[0.1, 0.7], [0.1, 1.0]]
    assert len(segments) == 9
    full = [line.get_markerfacecolor() != "white" for line in marks]
    assert full == [True, False, False] * 3
    assert any(list(line.get_xdata()) == [1.7, 1.7] for line in axes.get_lines())
    heads, names, legend, _ = texts(figure)
    assert heads == ["Genus species 0\n1 image", "Other\n1 image", "Genus species 1\n2 images"]
    assert names == ["Known relative 1", "Known relative 2", "Known relative 3"] * 3
    assert len(legend) == 3
    assert_nothing_is_cut(png(figure))


def test_of_many_taxa_those_with_most_images_are_drawn_and_the_rest_counted():
    figure = plot_placed(placed(MAX_PLACED + 7), 1.7)
    heads, names, _, title = texts(figure)
    assert len(heads) == MAX_PLACED and len(names) == 3 * MAX_PLACED
    assert "Genus species 6\n7 images" not in heads and "Genus species 7\n8 images" in heads
    assert "7 more in the table" in title
    axes = figure.axes[0]
    assert_apart(boxes_of(figure, axes.child_axes[0].get_yticklabels()))
    assert_apart(boxes_of(figure, axes.get_yticklabels()))


def test_long_names_are_not_cut():
    assert_nothing_is_cut(png(plot_placed(placed(3, name="Ma" * 60 + "{}"), 1.7)))


def test_what_has_no_interval_or_no_prediction_says_so():
    table = placed(2)
    table[["ci_low", "ci_high"]] = np.nan
    *_, legend, _ = texts(plot_placed(table, np.nan))
    assert legend == ["others of its group are on the tree; too few held out for an interval"]
    table["distance"] = np.nan
    figure = plot_placed(table, 1.7)
    shown = [text.get_text() for text in figure.axes[0].texts]
    assert shown == ["no prediction"] * 6


def test_a_notice_is_drawn_where_nothing_is_placed():
    none = placed(1)[:0]
    (text,) = plot_placed(none, np.nan).texts
    assert text.get_text() == "no taxon with images is outside the tree"
    few = placed(2).drop_duplicates("taxon").assign(relative=np.nan, distance=np.nan)
    (text,) = plot_placed(few, np.nan).texts
    assert text.get_text() == "2 taxa are outside the tree, too few in it to place them"
    assert_nothing_is_cut(png(plot_placed(few, np.nan)))
