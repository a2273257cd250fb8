import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of
from matplotlib.colors import to_rgba
from visgen.figures.genetics.mirrored_counts import MAX_NAMED, plot_mirrored_counts
from visgen.figures.group_styles import UNPLACED, group_styles

pytestmark = pytest.mark.slow  # many drawings

COVERAGE = pd.DataFrame({
    "taxon": ["Aa x", "Aa y", "Ba x", "Ba y", "Ca x"],
    "n_images": [7, 500, 7, 3, 1],
    "n_sequences": pd.array([3, 0, 5, 2, None], "Int64"),
})  # fmt: skip
GROUPS = pd.Series(["Aa", "Aa", "Ba", "Ba", None], COVERAGE["taxon"].to_list(), name="genus")


def mirrored(n_taxa, n_genera=23):
    names = [f"Longissimodonta{i % n_genera} epithet{i}" for i in range(n_taxa)]
    numbers = 1 + 2000 // (1 + np.arange(n_taxa))
    table = pd.DataFrame({"taxon": names, "n_images": numbers, "n_sequences": numbers[::-1] % 7})
    groups = pd.Series([name.split()[0] for name in names], names, name="genus")
    return plot_mirrored_counts(table, groups)


def test_bars_are_the_numbers_most_images_first_and_of_equals_most_sequences():
    up, down = plot_mirrored_counts(COVERAGE, GROUPS).axes
    names = [label.get_text() for label in down.get_xticklabels()]
    assert names == ["Aa y", "Ba x", "Aa x", "Ba y", "Ca x"]
    assert [bar.get_height() for bar in down.patches] == [500, 7, 7, 3, 1]
    assert [bar.get_height() for bar in up.patches] == [0, 5, 3, 2, 0]
    assert down.yaxis_inverted() and not up.yaxis_inverted()
    assert up.get_title(loc="left") == "5 taxa, 2 of them without sequences"


def test_bars_and_marks_have_the_colour_of_their_group():
    up, down = plot_mirrored_counts(COVERAGE, GROUPS).axes
    members = ["Aa", "Ba", "Aa", "Ba", UNPLACED]
    styles = group_styles(members, GROUPS)
    expected = [to_rgba(styles[member].colour) for member in members]
    for axes in (up, down):
        assert [bar.get_facecolor() for bar in axes.patches] == expected
    marks = {
        place: tuple(cloud.get_facecolor()[0])
        for cloud in up.collections
        for place, _ in cloud.get_offsets().tolist()
    }
    assert [marks[place] for place in range(5)] == expected


def test_a_half_is_logarithmic_where_its_numbers_differ_much():
    up, down = plot_mirrored_counts(COVERAGE, GROUPS).axes
    assert (up.get_yscale(), down.get_yscale()) == ("linear", "log")  # 500 of a median of 7
    assert max(down.get_ylim()) > 500 and 0 < min(down.get_ylim()) < 1


def test_marks_stand_between_the_halves():
    figure = mirrored(23)
    figure.draw_without_rendering()
    up, down = figure.axes
    (low, high) = down.bbox.y1, up.bbox.y0
    for cloud in up.collections:
        rows = cloud.get_offset_transform().transform(cloud.get_offsets())[:, 1]
        assert (low < rows).all() and (rows < high).all()


@pytest.mark.parametrize("n_taxa", [3, 35, MAX_NAMED])
def test_names_of_taxa_do_not_meet_the_legend(n_taxa):
    figure = mirrored(n_taxa)
    labels = figure.axes[1].get_xticklabels()
    assert len(labels) == n_taxa
    lowest = min(box.y0 for box in boxes_of(figure, labels))
    assert lowest > figure.legends[0].get_window_extent().y1
    assert_apart(boxes_of(figure, figure.legends[0].get_texts()))


def test_many_taxa_go_without_names_and_the_figure_says_so():
    down = mirrored(MAX_NAMED + 1).axes[1]
    assert len(down.get_xticks()) == 0
    assert "names in coverage.tsv" in down.get_xlabel()


def test_study_without_a_taxon_at_the_rank_gets_a_notice():
    (text,) = plot_mirrored_counts(COVERAGE[:0], GROUPS).texts
    assert text.get_text() == "no image has a taxon at the rank of the sequences"
