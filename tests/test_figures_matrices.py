import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.figures.matrices import draw_heatmap, plot_distance_heatmap


def matrix(n_taxa, seed):
    values = np.random.default_rng(seed).random((n_taxa, n_taxa))
    return DistanceMatrix(tidy(values), [f"Taxon {i:03d}" for i in range(n_taxa)])


def in_groups_of(n_members, taxa):
    return pd.Series([f"Group {i // n_members}" for i in range(len(taxa))], index=taxa)


def heatmap(n_taxa):
    x = matrix(n_taxa, 1)
    order = list(x.ids)
    return plot_distance_heatmap(x, order, in_groups_of(5, order), "title", "distance")


@pytest.mark.parametrize("n_taxa", [7, 41, 79])
def test_every_taxon_and_group_is_named(n_taxa):
    x = matrix(n_taxa, 1)
    order = list(x.ids)[::-1]
    groups = in_groups_of(3, order)
    axes = plot_distance_heatmap(x, order, groups, "title", "distance").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == order
    assert [label.get_text() for label in axes.get_xticklabels()] == order
    assert [text.get_text() for text in axes.texts] == list(dict.fromkeys(groups[order]))


def test_names_left_out_of_a_large_heat_map_are_announced():
    x = matrix(211, 1)
    groups = in_groups_of(1, list(x.ids))
    axes = plot_distance_heatmap(x, list(x.ids), groups, "title", "distance").axes[0]
    assert not axes.get_yticklabels()
    assert "211 taxa: names left out above 80" in axes.get_xlabel()
    assert "211 of 211 groups have no room" in axes.get_xlabel()


def test_cells_follow_the_order():
    x = matrix(7, 1)
    order = [x.ids[i] for i in (3, 1, 0, 6, 2, 5, 4)]
    figure = plot_distance_heatmap(x, order, in_groups_of(2, order), "title", "distance")
    drawn = figure.axes[0].images[0].get_array()
    assert drawn[0, 3] == x["Taxon 003", "Taxon 006"]


def test_taxon_without_a_group_is_drawn_as_such():
    x = matrix(7, 1)
    groups = in_groups_of(3, list(x.ids)).astype(object)
    groups.iloc[-1] = None
    axes = plot_distance_heatmap(x, list(x.ids), groups, "title", "distance").axes[0]
    assert [text.get_text() for text in axes.texts] == ["Group 0", "Group 1", "(no group)"]


def test_order_and_groups_that_do_not_fit_are_refused():
    x = matrix(7, 1)
    order = list(x.ids)
    groups = in_groups_of(3, order)
    with pytest.raises(ValueError, match=r"not a permutation of the 7 taxa.*\['Taxon 006'\]"):
        plot_distance_heatmap(x, order[:-1], groups, "title", "distance")
    with pytest.raises(ValueError, match="1 taxa are not in the groups, the first is 'Taxon 002'"):
        plot_distance_heatmap(x, order, groups.drop("Taxon 002"), "title", "distance")


@pytest.mark.parametrize(("n_groups", "n_lines"), [(60, 2 * 59), (61, 0)])
def test_borders_of_many_groups_do_not_veil_the_cells(n_groups, n_lines):
    axes = Figure().subplots()
    runs = [(f"group {i}", i, 1) for i in range(n_groups)]
    draw_heatmap(axes, np.zeros((n_groups, n_groups)), runs, "distance", 5.0)
    spanning = [line for line in axes.lines if list(line.get_xdata()) == [0, 1]]
    spanning += [line for line in axes.lines if list(line.get_ydata()) == [0, 1]]
    assert len(spanning) == n_lines
