"""Every figure, small and large and with long names, inside its edges; small ones drawn twice."""

from functools import cache
from itertools import combinations

import matplotlib.pyplot as plt
import pytest
import test_figures as overview
import test_figures_confidence as confidence
import test_figures_confusion as confusion
import test_figures_guidance as guidance
import test_figures_held_out as held_out
import test_figures_matrices as matrices
import test_figures_mirrored_counts as mirrored_counts
import test_figures_seen as seen
import test_figures_sequences as sequences
import test_figures_sgt_graph as sgt_graph
import test_figures_side_by_side as side_by_side
import test_figures_taxa as taxa
import test_figures_training as training
import test_figures_trees as trees
import test_figures_visual_genetic as visual_genetic
from figure_checks import assert_nothing_is_cut, png
from matplotlib.transforms import Bbox
from visgen.figures.classification.scores import plot_scores
from visgen.figures.embedding.guidance import plot_guidance
from visgen.figures.embedding.held_out import plot_held_out
from visgen.figures.features.simclr import plot_history
from visgen.figures.genetics.anchors import plot_anchors
from visgen.figures.genetics.sequence_map import plot_sequence_map
from visgen.figures.matrices import plot_notice
from visgen.figures.specimens.counts import plot_counts

pytestmark = pytest.mark.slow  # many drawings

LONG = "attention_with_a_long_name_that_goes_on_and_on_and_on"
TREES = "balanced_bagging_of_100_trees"


def counts(n_taxa):
    return plot_counts(overview.coverage(2, n_taxa), ["rank 0", "rank 1"])


def scores(n_ranks, n_variants):
    ranks = [f"rank {i}" for i in range(n_ranks)]
    names = [f"{TREES}_{i}" for i in range(n_variants)]
    return plot_scores(overview.scores(ranks, names, (1,)), ranks, names[-1:])


def guided(n_variants):
    names = [f"{LONG}_{i}" for i in range(n_variants)]
    histories = {name: guidance.history(31, kept=3) for name in names}
    return plot_guidance(histories, dict.fromkeys(names, guidance.fit()))


def unseen(n_variants):
    names = [f"{LONG}_{i}" for i in range(n_variants)]
    return plot_held_out(held_out.scores(names), names, [])


def sequence_map(n_taxa):
    names = [f"Longissimodonta{i} x" for i in range(n_taxa)]
    kinds = {kind: sequences.vectors(dict.fromkeys(names, 3)) for kind in ("SGT", "k-mers")}
    return plot_sequence_map(kinds, sequences.genera(names))


def anchors(n_taxa, n_sets):
    names = [f"Genus{i // 3} species{i}" for i in range(n_taxa)]
    sets = {f"set {i}": sequences.anchors(names, i) for i in range(n_sets)}
    return plot_anchors(sets, sequences.scored(sets), names, sequences.genera(names))


def f1_of_taxa(n_ranks):
    ranks, variant = [f"rank {i}" for i in range(n_ranks)], TREES.replace("_", " ")
    table = taxa.many_ranks(30, ranks, variant)
    return taxa.drawn(table, ranks, dict.fromkeys(ranks, variant), 20)


#: By figure: how it is drawn, and of what sizes; the first is of the fast tests.
FIGURES = {
    "counts": (counts, [(3,), (300,)]),
    "scores": (scores, [(1, 16), (3, 2)]),
    "confidence": (
        confidence.one_classifier,
        [("knn", 1), (confidence.LONG, 2)],
    ),
    "confusion": (lambda n: confusion.plot(confusion.confusion(n), n), [(2,), (41,)]),
    "taxa": (f1_of_taxa, [(1,), (2,)]),
    "heat map": (matrices.heatmap, [(7,), (41,)]),
    "side by side": (side_by_side.long_titled, [(5,), (41,)]),
    "guidance": (guided, [(1,), (7,)]),
    "guidance to equal constants": (guidance.equal_constants, [()]),
    "held-out taxa": (unseen, [(1,), (11,)]),
    "held-out taxa beside random vectors": (held_out.three_variants, [()]),
    "pairs of held-out taxa": (held_out.pairs, [(5,), (211,)]),
    "ablation": (visual_genetic.ablation, [()]),
    "sizes": (visual_genetic.sizes, [()]),
    "changes": (visual_genetic.changes, [(5,)]),
    "graph": (visual_genetic.graph, [(5,), (41, 37), (74,)]),
    "training": (visual_genetic.courses, [()]),
    "sequence map": (sequence_map, [(2,), (23,)]),
    "mirrored counts": (mirrored_counts.mirrored, [(3,), (35,), (300,)]),
    "graph of a sequence": (sgt_graph.graph, [(1,), (2,), (3,)]),
    "anchors": (anchors, [(5, 1), (79, 3)]),
    "tree": (trees.large, [(3,), (41,)]),
    "pre-training": (lambda n_epochs: plot_history(training.history(n_epochs)), [(1,), (17,)]),
    "what is seen": (lambda *size: seen.strip(*size)[0], [(1,), (8,), (8, "center", 448)]),
    "notice": (plot_notice, [("no variant has a score of test specimens",)]),
}
#: Figures that are drawn twice, of the first of their sizes.
TWICE = ["counts", "scores", "confidence", "confusion", "taxa", "heat map", "side by side"]
TWICE += ["ablation", "tree", "mirrored counts", "graph of a sequence"]
CASES = [
    pytest.param(name, size, marks=[pytest.mark.slow] * (size != sizes[0]))
    for name, (_, sizes) in FIGURES.items()
    for size in sizes
]


@cache
def content(name, size):
    figure = FIGURES[name][0](*size)
    return png(figure), boxes(figure)


def boxes(figure):
    """Return where legends, titles, axes and their names lie, in pixels, by what they are."""
    titles = [figure._suptitle] if figure._suptitle else []
    found = [("legend", legend.get_window_extent()) for legend in figure.legends]
    for axes in filter(lambda axes: axes.get_visible(), figure.axes):
        titles += [axes.title, axes._left_title, axes._right_title]
        if axes.get_legend():
            found.append(("legend", axes.get_legend().get_window_extent()))
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            found.append(("axis", axis.get_tightbbox()))
        found.append(("axes", axes.get_window_extent()))
    found += [("title", title.get_window_extent()) for title in titles if title.get_text()]
    return [(what, box) for what, box in found if box is not None]


@pytest.mark.parametrize(("name", "size"), CASES, ids=lambda part: str(part)[:30])
def test_nothing_is_cut_at_the_edge(name, size):
    assert_nothing_is_cut(content(name, size)[0])
    assert not plt.get_fignums()


@pytest.mark.parametrize(("name", "size"), CASES, ids=lambda part: str(part)[:30])
def test_legends_and_titles_lie_over_nothing(name, size):
    found = content(name, size)[1]
    for (what, box), (other, beside) in combinations(found, 2):
        if "legend" in (what, other) or what == other == "title":
            shared = Bbox.intersection(box, beside)
            assert shared is None or min(shared.width, shared.height) <= 1, (what, other)


@pytest.mark.parametrize("name", TWICE)
def test_same_input_gives_the_same_bytes(name):
    draw, sizes = FIGURES[name]
    again = getattr(draw, "__wrapped__", draw)  # where figures are kept for other tests
    assert png(again(*sizes[0])) == content(name, sizes[0])[0]
