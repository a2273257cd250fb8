"""Bars of groups: neighbours differ, all groups are named or counted, names lie apart."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from test_figures_confusion import confusion, order_of
from test_figures_matrices import matrix
from visgen.figures.classification.confusion import plot_confusion
from visgen.figures.embedding.side_by_side import plot_side_by_side
from visgen.figures.group_bars import (
    HUES,
    MIN_DRAWN,
    NO_GROUP,
    draw_group_bar,
    group_runs,
    run_colours,
    spread,
)
from visgen.figures.matrices import plot_distance_heatmap

pytestmark = pytest.mark.slow  # many drawings


def groups_of(sizes):
    """Return the group of each taxon by name; `sizes` of the groups, in their order."""
    members = [f"Longissimodontidae{i}" for i, size in enumerate(sizes) for _ in range(size)]
    return pd.Series(members, [f"Taxon {i:03d}" for i in range(len(members))])


#: 334 taxa in 31 groups, of which 13 have one or two.
SIZES = [1, 60, 2, 1, 50, 1, 1, 43, 3, 2, 27, 1, 1, 1, 24, 7, 18, 1, 16, 2, 16, 4, 14, 1]
SIZES += [9, 7, 6, 2, 5, 4, 4]


def perceived(colour):
    """Return a colour in CIELAB, in which distances are alike to the eye."""
    linear = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour])
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    scaled = to_xyz @ linear / np.array([0.9505, 1, 1.089])
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_hues_are_told_apart_by_eye():
    far = [np.linalg.norm(perceived(to_rgb(a)) - perceived(to_rgb(b)))
           for a, b in combinations([*HUES, "0.8"], 2)]  # fmt: skip
    assert min(far) > 20


@pytest.mark.parametrize("n_groups", [2, 3, 7, 31])
def test_neighbours_differ_where_each_group_stands_together(n_groups):
    colours = run_colours([(f"group {i}", i, 1) for i in range(n_groups)])
    assert all(a != b for a, b in pairwise([*colours, colours[0]]))
    assert len(set(colours)) == min(n_groups, len(HUES)) or n_groups > len(HUES)
    # Nor do next but one, which a thin group between them would not part.
    assert all(a != b for a, b in zip(colours, colours[2:], strict=False))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_scattered", [9, 334])
def test_neighbours_differ_in_random_orders_too(seed, n_scattered):
    rng = np.random.default_rng(seed)
    groups = groups_of(SIZES)
    order = list(groups.index)
    moved = rng.choice(len(order), n_scattered, replace=False)
    for place, other in zip(moved, rng.permutation(moved), strict=True):
        order[place] = groups.index[other]
    runs = group_runs(order, groups)
    assert len(runs) > len(SIZES)
    colours = run_colours(runs)
    assert set(colours) <= set(HUES)
    assert all(a != b for a, b in pairwise(colours))
    if n_scattered == 9:  # then a group has one colour wherever it stands
        of_each = {}
        for (name, _, _), colour in zip(runs, colours, strict=True):
            of_each.setdefault(name, set()).add(colour)
        assert {len(own) for own in of_each.values()} == {1}


def test_what_is_of_no_group_is_pale_and_parts_neighbours():
    colours = run_colours([("a", 0, 2), (NO_GROUP, 2, 1), ("a", 3, 1), ("b", 4, 1)])
    assert colours[0] == colours[2] != colours[3]
    assert colours[1] not in HUES


def drawn(sizes):
    groups = groups_of(sizes)
    x = matrix(len(groups), 1)
    return plot_distance_heatmap(x, list(groups.index), groups, "title", "distance"), groups


@pytest.mark.parametrize(
    "sizes", [SIZES, [3, 2, 4], [1] * 25 + [49], [1] * 120 + [90, 30], [5, 1, 1, 1, 2] * 5]
)
def test_each_group_is_named_or_counted_and_names_lie_apart(sizes):
    figure, groups = drawn(sizes)
    axes = figure.axes[0]
    named = [text for text in axes.texts if text.get_text() in set(groups)]
    without = groups.nunique() - len(named)
    note = f"{without} of {len(sizes)} groups have no room for their name"
    assert (note in axes.get_xlabel()) == (without > 0)
    assert without == (0 if len(sizes) < 60 else 120)
    boxes = boxes_of(figure, named)
    assert_apart(boxes)
    frame = axes.get_window_extent()
    assert min(box.y0 for box in boxes) > frame.y0 - 5 and max(b.y1 for b in boxes) < frame.y1 + 5
    assert [text.get_text() for text in named] == list(dict.fromkeys(groups))[-len(named) :]


def test_a_group_of_one_of_hundreds_is_drawn_as_large_as_can_be_seen():
    figure, _ = drawn(SIZES)
    figure.draw_without_rendering()
    heights = [patch.get_window_extent().height for patch in figure.axes[0].patches]
    least = MIN_DRAWN * figure.dpi / 72
    assert len(heights) == len(SIZES)
    assert min(heights) > 0.95 * least
    assert sum(height > least for height in heights) > 20


def test_small_stretches_lie_over_large_ones_and_about_their_middle():
    axes = Figure().subplots()
    runs = [("a", 0, 1), ("b", 1, 300), ("c", 301, 1)]
    draw_group_bar(axes, runs, run_colours(runs), row=0.01, inch=0.1, x=1.0)
    middles = [patch.get_y() + patch.get_height() / 2 for patch in axes.patches]
    assert middles == pytest.approx([150.5, 0, 301])
    assert axes.patches[1].get_height() == pytest.approx(MIN_DRAWN / 72 / 0.01)


def test_lines_to_names_leave_the_heat_maps_as_they_are_and_of_one_size():
    groups = groups_of(SIZES)
    x = matrix(334, 1)
    figure = plot_side_by_side(x, x, list(x.ids), groups, "title", "path", "cosine")
    figure.draw_without_rendering()
    for axes in figure.axes[:3]:
        assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 333.5), (333.5, -0.5))
    sizes = [axes.get_window_extent().size for axes in figure.axes[:3]]
    assert np.allclose(sizes, sizes[0][0], rtol=0.01)


def test_confusions_of_hundreds_name_their_groups_apart():
    order = order_of(334)
    groups = pd.Series(groups_of(SIZES).to_numpy(), order)
    figure = plot_confusion(confusion(334, seeds=(1,)), order, groups, "title")
    named = [text for text in figure.axes[0].texts if text.get_text() in set(groups)]
    assert len(named) == len(SIZES)
    assert_apart(boxes_of(figure, named))


def test_places_move_as_little_as_they_must():
    wanted = np.array([0.0, 0.1, 5.0, 9.9, 10.0])
    places = spread(wanted, 1.0, 0.0, 10.0)
    assert places == pytest.approx([0, 1, 5, 9, 10])
    rng = np.random.default_rng(1)
    wanted = np.sort(10 * rng.random(7))
    places = spread(wanted, 1.0, 0.0, 10.0)
    assert (np.diff(places) > 1 - 1e-9).all() and places[0] >= 0 and places[-1] <= 10
    # No other places of a fine grid of nearby ones are better.
    cost = np.square(places - wanted).sum()
    for _ in range(2000):
        other = np.sort(np.clip(places + 0.3 * rng.normal(size=7), 0, 10))
        assert (np.diff(other) < 1).any() or np.square(other - wanted).sum() >= cost
