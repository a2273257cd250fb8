import tempfile
from functools import cache

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox
from PIL import Image
from recognition_study import (
    SPECIES,
    VARIANTS,
    anchors,
    history,
    specimens,
    split,
    training,
)
from visgen.figures.group_styles import group_styles
from visgen.figures.visual_genetic.ablation import plot_ablation
from visgen.figures.visual_genetic.centroid_graph import (
    MAX_NAMED,
    lay_out,
    neighbouring_pairs,
    plot_centroid_graph,
    spacing_in_words,
)
from visgen.figures.visual_genetic.change import plot_change
from visgen.figures.visual_genetic.sizes import below_size, plot_sizes
from visgen.figures.visual_genetic.taxon_marks import photograph_side
from visgen.figures.visual_genetic.training import plot_training
from visgen.metrics import DIFFERENCE, EXPECTED, metrics_table
from visgen.visual_genetic.recognition.alignment import COSINES
from visgen.visual_genetic.recognition.chance import MOST_FREQUENT, UNIFORM
from visgen.visual_genetic.recognition.hits import METRICS
from visgen.visual_genetic.recognition.nulls import PERMUTED
from visgen.visual_genetic.spacing import score_space

pytestmark = pytest.mark.slow  # many drawings

MOVED, STILL = {"wd_sgt": True}, {"wd_sgt": False}
VALUES = {"control": 0.31, "wd": 0.53, "wd_sgt": 0.67}
PUBLISHED = pd.DataFrame(
    {
        "variant": ["wd", "other", "wd"],
        "against": [None, None, "control"],  # a difference has no place among scores
        "metric": ["tail_accuracy", "tail_accuracy", "accuracy"],
        "value": [0.47, 0.6, 0.17],
    }
)


def scores(permuted=True, metrics=METRICS):
    rows = [
        {
            "variant": variant, "evaluator": "knn_5", "part": "test", "seed": seed,
            "metric": metric, "value": value + 0.02 * seed, "ci_low": value - 0.1,
            "ci_high": value + 0.13, "n": 97,
        }
        for variant, value in VALUES.items() for seed in (1, 2) for metric in metrics
    ]  # fmt: skip
    if permuted:
        rows += [
            {
                "variant": "wd_sgt", "evaluator": "knn_5", "part": "test", "role": EXPECTED,
                "against": PERMUTED, "metric": metric, "value": 0.5, "ci_low": 0.41,
                "ci_high": 0.59, "n": 97, "n_permutations": 19,
            }
            for metric in metrics
        ]  # fmt: skip
    return metrics_table(rows)


def blind():
    """What is expected without a look."""
    rows = [
        {"part": "test", "seed": seed, "role": EXPECTED, "against": against, "metric": metric,
         "value": value + 0.01 * seed, "n": 97}
        for against, value in ((UNIFORM, 0.02), (MOST_FREQUENT, 0.06))
        for seed in (1, 2) for metric in METRICS
    ]  # fmt: skip
    return metrics_table(rows)


def change(*values):
    """Scores of what alignment changes, by seed."""
    labels = {"variant": "wd_sgt", "evaluator": "knn_5", "part": "test"}
    labels |= {"role": DIFFERENCE, "metric": "balanced_accuracy"}
    rows = [{"against": "wd", "value": value, "seed": i} for i, value in enumerate(values)]
    rows.append({"against": PERMUTED, "value": 0.9, "p": 0.02})
    return metrics_table([labels | row for row in rows])


def species(n_taxa=13, variants=VARIANTS):
    rng = np.random.default_rng(1)
    names = [f"Genus{i} epithetlongissima" for i in range(n_taxa)]
    return pd.DataFrame(
        [
            (variant, seed, "knn_5", name, 3000 // (i + 1) ** 2 + 3, rng.random())
            for variant in variants
            for seed in (1, 2)
            for i, name in enumerate(names)
        ],
        columns=["variant", "seed", "evaluator", "taxon", "n_train", "accuracy"],
    )


def legend(figure):
    return "\n".join(text.get_text() for text in figure.legends[0].get_texts())


# --- ablation ---


@cache
def ablation():
    return plot_ablation(scores(), "knn_5", VARIANTS, MOVED, PUBLISHED)


def test_scores_intervals_and_bands_are_drawn_where_they_are():
    figure = ablation()
    assert len(figure.axes) == 4
    tail = figure.axes[2]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["control", "wd", "wd sgt  → sgt"]
    dots = [line.get_xydata()[0] for line in tail.get_lines() if line.get_marker() == "o"]
    expected = [(value + 0.03, place) for place, value in enumerate(VALUES.values())]
    assert np.array(dots) == pytest.approx(np.array(expected))
    ends = [c.get_segments()[0][:, 0] for c in tail.collections]
    assert np.array(ends[1]) == pytest.approx([0.43, 0.66])
    (band,) = tail.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.41, 0.59))
    assert band.get_y() < 2 < band.get_y() + band.get_height()
    assert "19 runs" in legend(figure)


def test_published_values_are_hollow_and_only_of_variants_that_are_here():
    figure = ablation()
    marks = [
        [line for line in axes.get_lines() if line.get_marker() == "D" and len(line.get_xdata())]
        for axes in figure.axes
    ]
    assert [len(found) for found in marks] == [0, 0, 1, 0]
    (mark,) = marks[2]
    assert mark.get_xdata().tolist() == [0.47] and 1 < mark.get_ydata()[0] < 1.5
    assert to_hex(mark.get_markerfacecolor()) == "#ffffff"
    assert "published" in legend(figure)
    assert "published" not in legend(plot_ablation(scores(), "knn_5", VARIANTS, MOVED, None))


def test_band_outside_all_values_widens_the_axis():
    table = scores()
    null = table["role"] == EXPECTED
    table.loc[null, ["ci_low", "value"]] = 0.02
    for axes in plot_ablation(table, "knn_5", VARIANTS, MOVED, None).axes:
        assert axes.get_xlim()[0] < 0.02


def test_without_permutations_and_head_taxa_there_is_less_to_draw():
    figure = plot_ablation(scores(False, METRICS[:3]), "knn_5", VARIANTS, MOVED, None)
    assert len(figure.axes) == 3
    assert not any(axes.patches for axes in figure.axes)
    assert "permuted" not in legend(figure)


def test_what_never_looks_is_a_line():
    figure = plot_ablation(pd.concat([scores(), blind()]), "knn_5", VARIANTS, MOVED, None)
    for axes in figure.axes:
        lines = [line.get_xdata()[0] for line in axes.get_lines() if line.get_linewidth() == 0.9]
        assert lines == pytest.approx([0.035, 0.075])
    assert "blind: any taxon alike" in legend(figure)
    assert "blind" not in legend(ablation())


def test_what_is_not_aligned_is_pale_and_called_so():
    figure = plot_ablation(scores(), "knn_5", VARIANTS, STILL, None)
    *others, still = figure.axes[0].get_yticklabels()
    assert still.get_text() == "wd sgt  → sgt (not aligned)"
    dot = figure.axes[0].get_lines()[-1]
    assert to_hex(dot.get_color()) == to_hex(still.get_color()) == to_hex("0.6")
    assert {label.get_color() for label in others} == {"black"}
    assert "not aligned: nothing is claimed" in legend(figure)
    assert "not aligned" not in legend(ablation())


def test_a_variant_without_a_score_says_so():
    table = scores()
    lacking = (table["variant"] == "control") & (table["metric"] == "head_accuracy")
    figure = plot_ablation(table[~lacking], "knn_5", VARIANTS, MOVED, None)
    assert [text.get_text() for text in figure.axes[3].texts] == ["no score"]


def test_no_score_at_all_is_a_sentence():
    (text,) = plot_ablation(scores()[:0], "knn_5", VARIANTS, MOVED, None).texts
    assert text.get_text() == "no variant has a score of test specimens"


# --- sizes and changes ---


@cache
def sizes():
    return plot_sizes(species(), "knn_5", VARIANTS, MOVED, 100)


@cache
def changes(n_taxa):
    return plot_change(species(n_taxa), change(-0.033, -0.013), "knn_5", [("wd", "wd_sgt")], MOVED)


def test_line_is_the_mean_over_all_taxa_so_small():
    table = pd.DataFrame({"taxon": list("abcd"), "n_train": [7, 3, 11, 7]})
    table["accuracy"] = [0.5, 0.2, 1.0, 0.8]
    found = below_size(table)
    assert found["n_train"].tolist() == [3, 7, 11]
    assert found["accuracy"].tolist() == pytest.approx([0.2, 0.5, 0.625])
    assert found["n_taxa"].tolist() == [1, 3, 4]


def test_every_regime_has_a_panel_and_every_variant_a_line():
    figure = sizes()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["control", "wd"]
    entries = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert entries == ["wd (dots: its taxa)", "wd sgt"]
    for axes in figure.axes:
        assert [100, 100] in [list(line.get_xdata()) for line in axes.get_lines()]
    assert "fewer than 100 images outside the test part" in figure.get_suptitle()


def test_lines_of_rare_taxa_tell_what_was_learned_from_what():
    """Without anchors blue, by what stage 2 did; not aligned grey."""
    more = {"wd_seen": VARIANTS["control"], "wd_more": VARIANTS["wd"] | {"stage2": "supervised"}}
    more["wd_even"] = more["wd_more"] | {"sampling": "balanced"}
    variants = VARIANTS | {name: options | {"regime": "wd"} for name, options in more.items()}
    figure = plot_sizes(species(5, list(variants)), "knn_5", variants, STILL, 100)
    found = {
        line.get_label(): (to_hex(line.get_color()), line.get_linestyle())
        for line in figure.axes[1].get_lines()
        if not line.get_label().startswith("_")
    }
    assert found == {
        "wd (dots: its taxa)": ("#0072b2", "-"), "wd sgt (not aligned)": ("#999999", "-"),
        "wd seen": ("#0072b2", ":"), "wd more": ("#0072b2", "--"), "wd even": ("#0072b2", "-."),
    }  # fmt: skip


def test_sizes_without_test_images_are_a_sentence():
    (text,) = plot_sizes(species()[:0], "knn_5", VARIANTS, MOVED, 100).texts
    assert text.get_text() == "no taxon has test images"


def test_changes_go_from_before_to_after_with_most_images_first():
    table = species(5)
    (axes,) = changes(5).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "Genus0 epithetlongissima (3,003)"
    assert names[-1] == "Genus4 epithetlongissima (123)"
    mean = table.groupby(["variant", "taxon"])["accuracy"].mean()
    order = [name.partition(" (")[0] for name in names]
    before, after = (mean[variant].loc[order].to_numpy() for variant in ("wd", "wd_sgt"))
    drawn = {
        (float(y), float(x)): line.get_marker()
        for line in axes.get_lines()
        for x, y in line.get_xydata()
    }
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        assert drawn[place, one] == "o"
        assert drawn[place, other] == (">" if other > one else "<")
    assert axes.get_title() == "wd → wd sgt\n−2.3 points, mean over taxa"
    pairs = [("wd", "wd_sgt")]
    (still,) = plot_change(table, change(-0.033, -0.013), "knn_5", pairs, STILL).axes
    assert still.get_title() == f"{axes.get_title()} (not aligned)"


def test_a_taxon_that_does_not_change_and_nothing_aligned_are_drawn():
    same = species(3, ["wd", "wd_sgt"]).assign(accuracy=0.5)
    (axes,) = plot_change(same, change(-0.0001), "knn_5", [("wd", "wd_sgt")], MOVED).axes
    assert {line.get_marker() for line in axes.get_lines()} == {"o"}
    assert "+0.0 points" in axes.get_title()
    (text,) = plot_change(same, change(0), "knn_5", [], {}).texts
    assert "no variant is aligned" in text.get_text()


# --- graph ---


@pytest.mark.parametrize("n_taxa", [5, 13, 41])
def test_alike_taxa_are_laid_out_near_each_other(n_taxa):
    rng = np.random.default_rng(n_taxa)
    two = rng.normal(size=(2, 11))
    side = np.arange(n_taxa) % 2
    names = [f"t{i:02d}" for i in range(n_taxa)]
    vectors = pd.DataFrame(two[side] + 0.2 * rng.normal(size=(n_taxa, 11)), names)
    places = lay_out(vectors)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    same = side[:, None] == side
    assert apart[same].mean() < 0.4 * apart[~same].mean()


def test_layout_does_not_depend_on_the_order_of_the_taxa():
    vectors = anchors()
    shuffled = vectors.sample(frac=1, random_state=7)
    places = pd.DataFrame(lay_out(shuffled), shuffled.index).loc[vectors.index]
    assert (places.to_numpy() == lay_out(vectors)).all()


def test_equal_centroids_are_laid_out():
    vectors = pd.DataFrame([[1.0, 0], [1, 0], [0, 1]], list("abc"))
    assert np.isfinite(lay_out(vectors)).all()


def test_edges_are_those_of_the_triangulation():
    """A square with a point inside has four sides and four spokes."""
    places = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2], [1, 0.9]])
    edges = {tuple(edge) for edge in neighbouring_pairs(places).tolist()}
    assert edges == {(0, 1), (1, 2), (2, 3), (0, 3), (0, 4), (1, 4), (2, 4), (3, 4)}


def test_points_on_a_line_are_joined_along_it():
    places = np.array([[0.0, 0], [3, 0], [1, 0], [2, 0]])
    assert sorted(neighbouring_pairs(places).tolist()) == [[0, 2], [1, 3], [2, 3]]


def scored(spaces, groups):
    """Scores of the spaces, as `measure_spaces` writes them."""
    labels = {"visual": {"variant": "wd"}, "genetic": {"anchors": "sgt"}}
    return metrics_table([
        {"evaluator": space} | labels.get(space, {}) | row
        for space, vectors in spaces.items()
        for row in score_space(vectors, groups, 1)
    ])  # fmt: skip


def draw(spaces, groups, paths=None, aligned=None):
    paths = pd.Series(dtype=str) if paths is None else paths
    settings = {"background": (255, 255, 255), "max_pixels": 10**6}
    scores = scored(spaces, groups)
    return plot_centroid_graph(spaces, groups, scores, paths, aligned or {}, **settings)


@cache
def graph(n_taxa, n_photographs=0):
    rng = np.random.default_rng(1)
    names = [f"Genus{i % 7} epithet{i}" for i in range(n_taxa)]
    groups = pd.Series([name.split()[0] for name in names], names, name="genus")
    space = pd.DataFrame(rng.normal(size=(n_taxa, 5)), names)
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for i, name in enumerate(names[:n_photographs]):
            paths[name] = f"{folder}/{i}.png"
            Image.new("RGB", (30 + 7 * (i % 5), 50), (20 * i % 256, 90, 120)).save(paths[name])
        spaces = {"visual": space, "genetic": space + 0.1 * rng.normal(size=space.shape)}
        return draw(spaces, groups, pd.Series(paths, dtype=str))


@pytest.mark.parametrize("n_taxa", [5, 32, 74])
def test_graph_names_taxa_where_there_is_room(n_taxa):
    figure = graph(n_taxa)
    assert len(figure.axes) == 2
    written = [text.get_text() for text in figure.axes[0].texts]
    n_named = sum("epithet" in text for text in written)
    assert 0.8 * n_taxa < n_named <= n_taxa if n_taxa <= MAX_NAMED else n_named == 0
    # Seven groups are more than hues.
    genera = {f"Genus{i}" for i in range(7)}
    assert n_taxa <= MAX_NAMED or genera & set(written)
    assert (f"{n_named} named" in figure.axes[0].get_title()) == (0 < n_named < n_taxa)
    assert n_taxa != 5 or "G. epithet0" in written
    assert "Genus0" in legend(figure)


def photographs(axes):
    return [box for box in axes.artists if isinstance(box, AnnotationBbox)]


@pytest.mark.parametrize(("n_taxa", "n_photographs"), [(5, 5), (32, 29), (MAX_NAMED + 1, 41)])
def test_taxa_are_photographs_where_there_are_not_too_many(n_taxa, n_photographs):
    figure = graph(n_taxa, n_photographs)
    for axes in figure.axes:
        drawn = photographs(axes)
        assert len(drawn) == (n_photographs if n_taxa <= MAX_NAMED else 0)
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None)]
        assert len(marks) >= n_taxa  # at the corner of a photograph, or in its place


def test_frames_have_the_colour_of_the_group_and_photographs_their_shape():
    figure = graph(5, 5)
    boxes = photographs(figure.axes[0])
    groups = pd.Series([f"Genus{i}" for i in range(5)])
    styles = group_styles(groups.tolist(), groups)
    frames = [to_hex(box.patch.get_edgecolor()) for box in boxes]
    assert frames == [to_hex(style.colour) for style in styles.values()]
    figure.draw_without_rendering()
    sizes = [box.offsetbox.get_window_extent().size for box in boxes]
    for i, (width, height) in enumerate(sizes):  # the long side is that of 5 taxa
        shape = (30 + 7 * i, 50)
        assert width / height == pytest.approx(shape[0] / shape[1], rel=0.05)
        assert max(width, height) == pytest.approx(46 * figure.dpi / 72, rel=0.05)


def test_photographs_are_no_longer_than_most_taxa_are_apart():
    grid = np.array([[i, j] for i in range(4) for j in range(4)], dtype=float)
    assert photograph_side([30 * grid]) == 30
    assert photograph_side([30 * grid, 40 * grid]) == 30
    assert photograph_side([5 * grid]) == 18 and photograph_side([500 * grid]) == 46
    one_pair = np.vstack([30 * grid, [[0, 1]]])  # two of 17 are nearer
    assert photograph_side([one_pair]) == 30


@pytest.mark.slow
def test_names_in_the_graph_cover_neither_each_other_nor_photographs():
    figure = graph(32, 32)
    for axes in figure.axes:
        names = [text for text in axes.texts if "epithet" in text.get_text()]
        boxes = boxes_of(figure, names)
        assert len(boxes) > 20
        assert_apart(boxes)
        for box in photographs(axes):
            assert not box.patch.get_window_extent().count_overlaps(
                [name.shrunk(0.98, 0.9) for name in boxes]
            )


def test_names_in_the_graph_cover_neither_each_other_nor_points():
    names = [f"Genus epithet{i:02d}" for i in range(12)]
    space = pd.DataFrame(np.eye(12) + 0.01, names)
    space.iloc[:5] = [1.0] + 11 * [0.1]  # of one place: some names find no room
    figure = draw({"visual": space}, pd.Series("G", names, name="genus"))
    axes = figure.axes[0]
    boxes = boxes_of(figure, [text for text in axes.texts if "epithet" in text.get_text()])
    assert 7 <= len(boxes) < 12 and f"{len(boxes)} named" in axes.get_title()
    assert_apart(boxes)
    points = np.concatenate([line.get_xydata() for line in axes.lines if line.get_marker() == "o"])
    for box in boxes:
        assert not any(box.contains(*point) for point in axes.transData.transform(points))


def test_panels_have_the_names_of_what_they_are_made_of():
    titles = [axes.get_title() for axes in graph(5).axes]
    assert titles == ["visual: wd (5 taxa)", "genetic: sgt (5 taxa)"]


def test_a_panel_of_what_is_not_aligned_is_marked():
    groups = pd.Series("G", anchors().index, name="genus")
    drawn = draw({"visual": anchors()}, groups, aligned={"wd": False})
    assert drawn.axes[0].get_title().startswith("visual: wd (not aligned) (13 taxa")


def test_scores_stand_below_their_panel_with_their_nulls():
    row = {"evaluator": "joint", "n": 13}
    table = metrics_table([
        row | {"metric": "evenness", "value": 0.412},
        row | {"metric": "evenness", "value": 0.868, "ci_low": 0.851, "ci_high": 0.89}
        | {"role": EXPECTED, "against": "random_directions"},
        row | {"metric": "nearest_same_group", "value": 0.38, "p": 0.012},
        row | {"metric": "nearest_same_group", "value": 0.071}
        | {"role": EXPECTED, "against": "dealt_groups"},
    ])  # fmt: skip
    assert spacing_in_words(table, "joint", "genus") == [
        "evenness 0.41; random directions 0.87 (0.85–0.89)",
        "nearest taxon of the same genus: 38 % of 13 taxa; dealt anew 7 %, p = 0.012",
    ]
    assert spacing_in_words(table, "visual", "genus") == []
    below = graph(32).axes[0].texts[0].get_text().split("\n")
    assert [line.split()[0] for line in below] == ["evenness", "nearest"]


def test_graph_of_two_taxa_says_so():
    (text,) = draw({"visual": anchors()[:2]}, pd.Series("G", anchors().index, name="genus")).texts
    assert text.get_text() == "2 taxa have both images and an anchor"


def test_graph_of_too_many_taxa_says_so():
    many = pd.DataFrame(np.ones((1001, 3)), index=[f"Aa {i}" for i in range(1001)])
    given = ({"a": many}, pd.Series("G", many.index), metrics_table([]), pd.Series(dtype=str))
    (text,) = plot_centroid_graph(*given, {}, background=(0, 0, 0), max_pixels=1).texts
    assert text.get_text() == "1,001 taxa are too many to lay out, at most 1,000"


# --- training ---


def course(permutations=3):
    rng = np.random.default_rng(1)
    images = specimens()
    tables = {name: training(rng, images, split(images, 1)) for name in ("naive", "wd")}
    histories = {name: pair[0].assign(seed=1) for name, pair in tables.items()}
    norms = {name: pair[1].assign(seed=1) for name, pair in tables.items()}
    learning = {"wd_sgt": history(rng, permutations).assign(seed=1)}
    learning["wd_more"] = (
        learning["wd_sgt"].query("permutation == 0").assign(**dict.fromkeys(COSINES, np.nan))
    )
    return histories, norms, learning


@cache
def courses():
    return plot_training(*course(), MOVED)


def test_regimes_have_losses_and_weights_and_variants_their_stage_2():
    figure = courses()
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.axison]
    assert titles == [
        "naive: loss",
        "naive: head weights",
        "wd: loss",
        "wd: head weights",
        "wd sgt",
        "wd more",
    ]
    cosines, entropy = figure.axes[4:6]
    assert cosines.get_xlabel() == entropy.get_xlabel() == "step of stage 2"
    assert len(figure.axes[1].get_lines()[0].get_xdata()) == len(SPECIES)
    _, _, learning = course()
    table = learning["wd_more"]
    for line, part in zip(entropy.get_lines(), ("train", "val"), strict=True):
        of_part = table[table["part"] == part]
        assert line.get_xdata().tolist() == [0, 10, 20, 30, 40, 50]
        assert line.get_ydata() == pytest.approx(of_part["cross_entropy"].to_numpy())


def test_permuted_runs_are_drawn_where_they_end():
    _, _, learning = course()
    table = learning["wd_sgt"]
    last = table[(table["step"] == 50) & (table["part"] == "val") & (table["permutation"] > 0)]
    assert len(last) == 3
    bars = [line for line in courses().axes[4].get_lines() if line.get_linewidth() == 4]
    for bar, column in zip(bars, COSINES, strict=True):
        assert bar.get_ydata() == pytest.approx([last[column].min(), last[column].max()])
        assert (np.array(bar.get_xdata()) > 50).all()
    assert "anchors permuted" in legend(courses())
    assert "anchors permuted" not in legend(plot_training(*course(0), MOVED))


def test_what_is_not_aligned_is_called_so_above_its_cosines():
    figure = plot_training(*course(), STILL)
    assert figure.axes[4].get_title(loc="left") == "wd sgt: not aligned"


def test_heads_epochs_follow_those_of_the_network():
    loss = courses().axes[0]
    network, head = loss.get_lines()
    assert network.get_xdata().tolist() == [1, 2, 3, 4, 5, 6]
    assert head.get_xdata().tolist() == [7, 8, 9]


def test_the_legend_has_phases_that_there_were():
    histories, norms, learning = course()
    assert "trained: head alone" in legend(courses())
    without = {name: table[table["phase"] == "network"] for name, table in histories.items()}
    figure = plot_training(without, norms, learning, MOVED)
    assert "trained: all layers" in legend(figure) and "head alone" not in legend(figure)


def test_seeds_are_averaged_and_validation_is_drawn():
    table = course(0)[2]["wd_sgt"]
    both = pd.concat([table, table.assign(seed=2, own_cosine=table["own_cosine"] + 0.2)])
    axes = plot_training({}, {}, {"wd_sgt": both}, MOVED).axes[0]
    own = table.loc[table["part"] == "val", "own_cosine"] + 0.1
    assert axes.get_lines()[0].get_ydata() == pytest.approx(own.to_numpy())
    assert "validation images" in axes.get_ylabel()
    alone = table[table["part"] == "train"]
    assert "training images" in plot_training({}, {}, {"a": alone}, {}).axes[0].get_ylabel()


def test_cosines_of_all_variants_have_one_axis():
    table = course(0)[2]["wd_sgt"]
    low = table.assign(own_cosine=table["own_cosine"] - 0.9)
    one, other = plot_training({}, {}, {"a": table, "b": low}, {}).axes
    assert one.get_ylim() == other.get_ylim()
    assert one.get_ylim()[0] < low["own_cosine"].min() < 0


def test_nothing_trained_is_a_sentence():
    (text,) = plot_training({"control": pd.DataFrame()}, {}, {"a": pd.DataFrame()}, {}).texts
    assert text.get_text() == "no network was trained and no variant aligned"
