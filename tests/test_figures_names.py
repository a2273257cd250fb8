"""Names with dollar signs, between which matplotlib would read a formula."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from skbio import TreeNode
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.figures.genetics.trees import plot_tree
from visgen.figures.matrices import plot_distance_heatmap
from visgen.figures.specimens.counts import plot_counts
from visgen.names import SHORT

NAMES = ["Alba $^$ prima", r"Alba $\\secunda$", "Beta tertia", "Beta quarta"]
GROUPS = pd.Series(["Al$_$ba"] * 2 + ["Beta"] * 2, NAMES, name="genus")
COUNTS = pd.DataFrame({
    "rank": "species", "taxon": NAMES, "n_images": [2, 3, 5, 7], "n_specimens": [1, 1, 2, 3],
})  # fmt: skip


def written(figure):
    """Save a figure and return all its texts."""
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return [text.get_text() for text in figure.findobj(Text)]


def heat_map():
    matrix = DistanceMatrix(tidy(np.random.default_rng(1).random((4, 4))), NAMES)
    return plot_distance_heatmap(matrix, NAMES, GROUPS, "title", "distance")


def tree():
    root = TreeNode()
    root.extend([TreeNode(name=name, length=1 + i) for i, name in enumerate(NAMES)])
    return plot_tree(root, COUNTS, GROUPS, None)


@pytest.mark.parametrize(
    "draw",
    [heat_map, tree, lambda: plot_counts(COUNTS, ["species"])],
    ids=["map", "tree", "counts"],
)
def test_names_with_dollars_are_written_as_they_are(draw):
    texts = written(draw())
    assert set(NAMES) <= set(texts)


def test_a_long_name_is_shortened_and_its_lines_are_joined():
    long = "Alba\n" + "x" * 3000 + " tertia"
    figure = plot_counts(COUNTS.assign(taxon=[*NAMES[:3], long]), ["species"])
    [name] = {text for text in written(figure) if text.startswith("Alba x")}
    assert len(name) == SHORT and name.endswith("x tertia") and "…" in name


@pytest.mark.parametrize(
    ("most", "labels"), [(5, {"1", "2", "3", "4"}), (30_000, {"1", "10", "100", "1,000", "10,000"})]
)
def test_numbers_on_a_log_axis_are_plain(most, labels):
    table = COUNTS.assign(n_images=[1, 2, 3, most])
    figure = plot_counts(table, ["species"])
    assert labels <= set(written(figure))
    ticks = figure.axes[0].get_yticklabels(which="both")
    assert not any("$" in label.get_text() for label in ticks)
