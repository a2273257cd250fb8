import re
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from skbio import TreeNode
from visgen.figures.genetics.clades import groups_that_are_clades
from visgen.figures.genetics.phylogram import positions
from visgen.figures.genetics.trees import plot_tree
from visgen.figures.group_styles import UNKNOWN, UNPLACED, group_styles
from visgen.figures.leaf_order import ladderised

pytestmark = pytest.mark.slow  # many drawings

# Lengths to the tips: a 5, b 6, c 4.5, d 7, e 7.
NEWICK = "((((e:1,d:1)49:2,c:0.5)88:2,(b:1,a:0)50:3)100:2,f:4);"
GROUPS = pd.Series({"a": "G", "b": "G", "c": "H", "d": "H", "e": "K"}, name="genus")
COUNTS = pd.DataFrame({
    "taxon": ["e", "d", "c", "b", "a"],
    "n_images": [1, 2, 3, 500, 7],
    "n_sequences": [0, 1, 11, 13, 17],
})  # fmt: skip


def tree(newick=NEWICK):
    return TreeNode.read([newick])


def random_tree(n_tips, seed=1):
    """A tree by joining nodes at random; supports at inner nodes."""
    rng = np.random.default_rng(seed)
    nodes = [
        TreeNode(name=f"Longissimodonta{i // 5} species{i}", length=rng.random())
        for i in range(n_tips)
    ]
    while len(nodes) > 1:
        pair = [nodes.pop(rng.integers(len(nodes))) for _ in range(2)]
        name = str(rng.integers(0, 101)) if nodes else None
        nodes.append(TreeNode(name=name, length=rng.random(), children=pair))
    return nodes[0]


def genera(tree):
    names = [tip.name for tip in tree.tips()]
    return pd.Series([name.split()[0] for name in names], index=names, name="genus")


def counts(tree):
    names = [tip.name for tip in tree.tips()]
    numbers = 1 + 2000 // (1 + np.arange(len(names)))
    return pd.DataFrame({"taxon": names, "n_images": numbers, "n_sequences": numbers[::-1]})


@cache
def small():
    return plot_tree(tree(), COUNTS, GROUPS, 100)


@cache
def large(n_tips, n_bootstraps=100):
    given = random_tree(n_tips)
    return plot_tree(given, counts(given), genera(given), n_bootstraps)


def names_of(axes):
    """Return number and name of tips from top to bottom."""
    labels = [text.get_text() for text in axes.texts]
    return [label for label in labels if re.fullmatch(r"\d+  [a-z]", label)]


def supports_of(figure):
    texts = [text.get_text() for text in figure.axes[0].texts]
    return sorted(int(text) for text in texts if text.isdigit())


def branches(axes):
    """Return colour of each branch by (from, to, row)."""
    drawn = next(c for c in axes.collections if isinstance(c, LineCollection))
    colours = [tuple(colour) for colour in drawn.get_colors()]
    return {
        (line[0][0], line[1][0], line[0][1]): colour
        for line, colour in zip(drawn.get_segments(), colours, strict=True)
        if line[0][1] == line[1][1]
    }


def test_small_clades_come_first_and_equal_ones_by_name():
    assert [tip.name for tip in ladderised(tree()).tips()] == ["f", "a", "b", "c", "d", "e"]


def test_drawing_leaves_the_tree_as_it_was():
    given = tree()
    before = str(given)
    plot_tree(given, COUNTS, GROUPS, 100)
    assert str(given) == before


def test_nodes_stand_at_their_distance_from_the_root():
    given = tree()
    across, down = positions(given)
    assert {tip.name: across[tip] for tip in given.tips()} == {
        "a": 5, "b": 6, "c": 4.5, "d": 7, "e": 7, "f": 4,
    }  # fmt: skip
    assert {node.name: down[node] for node in given.non_tips()} == {
        "49": 0.5, "88": 1.25, "50": 3.5, "100": 2.375,
    }  # fmt: skip


def test_branches_are_to_scale_and_a_group_of_one_colour():
    figure = small()
    drawn = branches(figure.axes[0])
    styles = group_styles(["G", "G", "H", "H", "K", "not in the study"], GROUPS)
    colour = {name: to_rgba(style.colour) for name, style in styles.items()}
    ink = to_rgba("0.25")
    assert drawn == {
        (0, 4, 0): colour["not in the study"],  # f
        (0, 2, 2.625): ink,  # the root of all others
        (2, 5, 1.5): colour["G"],
        (5, 5, 1): colour["G"],  # a
        (5, 6, 2): colour["G"],  # b
        (2, 4, 3.75): ink,
        (4, 4.5, 3): colour["H"],  # c
        (4, 6, 4.5): ink,
        (6, 7, 4): colour["H"],  # d
        (6, 7, 5): colour["K"],  # e
    }


def test_a_polytomy_is_one_line_with_a_branch_a_child():
    figure = plot_tree(tree("((a:1,b:2,c:3)90:1,d:1,e:2);"), COUNTS, GROUPS, 100)
    assert {place[:2] for place in branches(figure.axes[0])} == {
        (0, 1), (0, 2), (1, 2), (1, 3), (1, 4),
    }  # fmt: skip
    drawn = next(c for c in figure.axes[0].collections if isinstance(c, LineCollection))
    feet = [line for line in drawn.get_segments() if line[0][0] == line[1][0]]
    assert sorted((line[0][0], line[0][1], line[1][1]) for line in feet) == [(0, 0, 3), (1, 2, 4)]


def test_taxa_without_a_group_are_not_drawn_as_one():
    figure = plot_tree(tree("((a:1,b:1):1,(x:1,y:1):1);"), COUNTS, GROUPS, None)
    drawn = branches(figure.axes[0])
    assert drawn[0, 1, 2.5] == to_rgba("0.25")
    assert drawn[1, 2, 2] == drawn[1, 2, 3] != to_rgba("0.25")


def test_supports_of_fifty_and_more_are_printed():
    figure = small()
    assert supports_of(figure) == [50, 88, 100]
    title = figure.axes[0].get_title(loc="left")
    assert title == "6 taxa; at nodes: support of 50 % and more in 100 bootstraps"


@pytest.mark.parametrize("n_bootstraps", [None, 0])
def test_without_bootstraps_names_of_inner_nodes_are_not_read(n_bootstraps):
    named = tree("((a:1,b:1)Pectinidae:1,(c:1,d:1)97:1);")
    figure = plot_tree(named, COUNTS, GROUPS, n_bootstraps)
    assert supports_of(figure) == []
    assert figure.axes[0].get_title(loc="left") == "4 taxa"


@pytest.mark.parametrize("name", ["Pectinidae", "101", "-1", "nan"])
def test_inner_node_without_a_support_in_per_cent_is_refused(name):
    named = tree(f"((a:1,b:1){name}:1,(c:1,d:1)97:1);")
    with pytest.raises(ValueError, match=f"above 'a' and 'b' is named '{name}', expected its boot"):
        plot_tree(named, COUNTS, GROUPS, 100)


def test_printed_supports_do_not_cover_each_other_and_the_rest_is_counted(monkeypatch):
    # All inner nodes nearly at one place: not all of their supports find room.
    monkeypatch.setattr("visgen.figures.genetics.trees._MOST", 2.2)
    short = "a:1"
    for i in range(79):
        short = f"({short},t{i}:1)99:0.0001"
    figure = plot_tree(tree(f"({short},z:1);"), COUNTS, GROUPS, 100)
    texts = [text for text in figure.axes[0].texts if text.get_text() == "99"]
    assert_apart([text.get_window_extent() for text in texts])
    assert 0 < len(texts) < 79
    left = 79 - len(texts)
    assert f"{left} more of them have no room" in figure.axes[0].get_title(loc="left")


def test_bars_stand_beside_their_tips():
    figure = small()
    assert names_of(figure.axes[0]) == ["1  f", "2  a", "3  b", "4  c", "5  d", "6  e"]
    _, _, images, sequences = figure.axes
    assert [bar.get_width() for bar in images.patches] == [0, 7, 500, 3, 2, 1]
    assert [bar.get_width() for bar in sequences.patches] == [0, 17, 13, 11, 1, 0]
    assert [bar.get_y() + bar.get_height() / 2 for bar in images.patches] == list(range(6))
    assert images.get_xscale() == "log"
    assert images.get_xlim()[0] < 1
    # f is not in the table, e has no sequence.
    assert images.get_xlabel() == "images\nnot in the study: 1 taxa"
    assert sequences.get_xlabel() == "sequences\nnone: 1 taxa\nnot in the study: 1 taxa"


def test_counts_that_are_not_known_have_no_panel():
    unknown = COUNTS.assign(n_sequences=np.nan)
    assert len(plot_tree(tree(), unknown, GROUPS, None).axes) == 3
    assert len(plot_tree(tree(), COUNTS.drop(columns="n_sequences"), GROUPS, None).axes) == 3


@pytest.mark.parametrize(
    ("scale", "n_bootstraps", "text"),
    [
        (1, 100, "1 substitutions per site"),  # the tree is 7 deep
        (0.01, 0, "0.01 substitutions per site"),
        (0.1, None, "0.1 of branch length"),
        (50, None, "50 of branch length"),
    ],
)
def test_scale_bar_has_a_round_length_in_the_unit_of_the_tree(scale, n_bootstraps, text):
    given = tree()
    for node in given.traverse(include_self=False):
        node.length *= scale
    axes = plot_tree(given, COUNTS, GROUPS, n_bootstraps).axes[0]
    assert text in [each.get_text() for each in axes.texts]
    start, end = axes.lines[-1].get_xdata()
    assert end - start == pytest.approx(float(text.split()[0]))


def test_names_are_left_out_of_a_large_tree_and_it_says_so():
    figure = large(127, None)
    assert not [text for text in figure.axes[0].texts if "species" in text.get_text()]
    assert figure.axes[0].get_title(loc="left") == (
        "127 taxa; names left out above 120, see the tables"
    )


@pytest.mark.parametrize("n_bootstraps", [None, 100])
def test_names_of_tips_do_not_reach_into_the_bars(n_bootstraps):
    figure = large(11, n_bootstraps)
    names = [text for text in figure.axes[0].texts if "species" in text.get_text()]
    assert len(names) == 11
    ends = [box.x1 for box in boxes_of(figure, names)]
    assert max(ends) + 5 < figure.axes[1].get_window_extent().x0


def test_groups_of_one_clade_are_found():
    newick = "(((a:1,b:1):1,(c:1,d:1):1):1,(e:1,(f:1,g:1,h:1):1):1);"
    members = ["A", "A", "B", UNKNOWN, "C", "D", "D", "E"]
    # B and C have one tip each; the tips of D are two of three children of a node.
    assert groups_that_are_clades(tree(newick), members) == {"A", "B", "C", "E"}
    assert groups_that_are_clades(tree(newick), list("AABBAAAA")) == {"B"}
    assert groups_that_are_clades(tree(newick), ["A"] * 8) == {"A"}
    assert groups_that_are_clades(tree(newick), [UNPLACED] * 8) == set()


@pytest.mark.parametrize("n_tips", [11, 40, 121])
def test_groups_of_one_clade_are_slow_to_find_but_the_same(n_tips):
    given = random_tree(n_tips, seed=n_tips)
    rng = np.random.default_rng(n_tips)
    members = np.sort(rng.integers(0, n_tips // 3, n_tips)).astype(str).tolist()
    tips = [tip.name for tip in given.tips()]
    own = {group: {tips[i] for i, m in enumerate(members) if m == group} for group in members}
    below = [{tip.name for tip in node.tips(include_self=True)} for node in given.traverse()]
    assert groups_that_are_clades(given, members) == {g for g in own if own[g] in below}


def test_clades_have_brackets_and_other_groups_bars():
    _, beside, *_ = small().axes
    brackets = {
        round(float(line.get_ydata().mean()), 6): (line.get_color(), np.ptp(line.get_ydata()))
        for line in beside.artists + beside.lines
        if len(line.get_ydata()) == 4
    }
    styles = group_styles(["G", "G", "H", "H", "K", UNKNOWN], GROUPS)
    assert brackets == {  # rows 1 and 2 are G, row 5 is K
        1.5: (styles["G"].colour, pytest.approx(1.72)),
        5.0: (styles["K"].colour, pytest.approx(0.72)),
    }
    bars = {(patch.get_y(), patch.get_height()): patch.get_facecolor() for patch in beside.patches}
    assert bars == {
        (-0.5, 1): to_rgba(styles[UNKNOWN].colour),
        (2.5, 2): to_rgba(styles["H"].colour),
    }
    names = [text.get_text() for text in beside.texts]
    assert names == [UNKNOWN, "G", "H", "K", "genus"]


def test_numbers_of_tips_are_as_wide_as_each_other():
    labels = [text for text in large(11).axes[0].texts if "species" in text.get_text()]
    numbers = [text.get_text().split()[0] for text in labels]
    assert numbers == [str(number) for number in range(1, 12)]
    assert {text.get_text().index("L") for text in labels} == {4}


def test_many_groups_are_named_beside_a_bar_in_which_neighbours_differ():
    given = random_tree(127)
    figure = plot_tree(given, counts(given), genera(given), None)
    bar = figure.axes[1]
    assert not figure.legends
    named = [text for text in bar.texts if text.get_text() != "genus"]
    assert {text.get_text() for text in named} == set(genera(given))
    assert_apart(boxes_of(figure, named))
    ordered = sorted(bar.patches, key=lambda patch: patch.get_y() + patch.get_height() / 2)
    colours = [patch.get_facecolor() for patch in ordered]
    assert len(colours) > 30 and all(a != b for a, b in pairwise(colours))
    drawn = set(branches(figure.axes[0]).values())
    assert drawn - {to_rgba("0.25")} <= set(colours)
