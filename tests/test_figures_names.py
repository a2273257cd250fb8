"""Names with dollar signs, between which matplotlib would read a formula."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_nothing_is_cut, png
from matplotlib.text import Text
from skbio import TreeNode
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.figures.genetics.trees import plot_tree
from visgen.figures.matrices import plot_distance_heatmap
from visgen.figures.specimens.counts import plot_counts
from visgen.names import SHORT, shortened

NAMES = ["Alba $^$ prima", r"Alba $\\secunda$", "Beta tertia", "Beta quarta"]
GROUPS = pd.Series(["Al$_$ba"] * 2 + ["Beta"] * 2, NAMES, name="genus")
COUNTS = pd.DataFrame({
    "rank": "species", "taxon": NAMES, "n_images": [2, 3, 5, 7], "n_specimens": [1, 1, 2, 3],
})  # fmt: skip


def written(figure):
    """Save a figure and return all its texts, without the numbers of tips before their names."""
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return [re.sub(r"^\d  ", "", text.get_text()) for text in figure.findobj(Text)]


def heat_map(names=NAMES, groups=GROUPS):
    matrix = DistanceMatrix(tidy(np.random.default_rng(1).random((4, 4))), names)
    return plot_distance_heatmap(matrix, names, groups, "title", "distance")


def tree(names=NAMES, groups=GROUPS):
    root = TreeNode()
    root.extend([TreeNode(name=name, length=1 + i) for i, name in enumerate(names)])
    return plot_tree(root, COUNTS.assign(taxon=names), groups, None)


def counts(names=NAMES, groups=GROUPS):
    return plot_counts(COUNTS.assign(taxon=names), ["species"])


@pytest.mark.parametrize(
    "draw",
    [heat_map, tree, counts],
    ids=["map", "tree", "counts"],
)
def test_names_with_dollars_are_written_as_they_are(draw):
    texts = written(draw())
    assert set(NAMES) <= set(texts)


LONG = [f"{letter}{'x' * 150} {'y' * 40}" for letter in "ABCD"]


@pytest.mark.parametrize("draw", [heat_map, tree, counts], ids=["map", "tree", "counts"])
def test_long_names_are_shortened_and_find_room(draw):
    figure = draw(LONG, pd.Series(LONG, LONG, name="genus"))
    assert_nothing_is_cut(png(figure))
    found = {text for text in written(figure) if "…" in text}
    assert {shortened(name) for name in LONG} <= found
    assert max(map(len, found)) == SHORT


def test_a_name_of_two_lines_is_written_on_one():
    assert "Beta quarta" in written(counts([*NAMES[:3], "Beta\nquarta"]))


@pytest.mark.parametrize(
    ("most", "labels"), [(5, {"1", "2", "3", "4"}), (30_000, {"1", "10", "100", "1,000", "10,000"})]
)
def test_numbers_on_a_log_axis_are_plain(most, labels):
    table = COUNTS.assign(n_images=[1, 2, 3, most])
    figure = plot_counts(table, ["species"])
    assert labels <= set(written(figure))
    ticks = figure.axes[0].get_yticklabels(which="both")
    assert not any("$" in label.get_text() for label in ticks)
