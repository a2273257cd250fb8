from collections import Counter

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_apart, boxes_of
from matplotlib.colors import to_rgba
from scipy.spatial.distance import cdist
from visgen.figures.genetics.anchors import plot_anchors
from visgen.figures.genetics.sequence_map import map_vectors, plot_sequence_map, sample_sequences
from visgen.figures.group_styles import (
    MAX_GROUPS,
    UNKNOWN,
    UNPLACED,
    colouring,
    group_of_each,
    group_styles,
    legend_entries,
)
from visgen.figures.specimens.counts import plot_counts
from visgen.genetics.anchors.likeness import median_cosine
from visgen.genetics.vectors.files import SequenceVectors
from visgen.metrics import metrics_table

SPECIMENS = pd.DataFrame({
    "family": ["Fa", "Fa", "Fb", "Fb", None],
    "genus": ["Aa", "Aa", "Ba", "Ba", "Ca"],
    "species": ["Aa x", "Aa y", "Ba x", "Ba y", "Ca x"],
})  # fmt: skip
RANKS = ["family", "genus", "species"]


def vectors(n_of_each, n_features=11, seed=1):
    """Sequences in clusters, one a taxon; `n_of_each` by taxon."""
    rng = np.random.default_rng(seed)
    taxa = np.repeat(list(n_of_each), list(n_of_each.values()))
    middle = {taxon: 5 * rng.random(n_features) for taxon in n_of_each}
    values = np.array([middle[taxon] for taxon in taxa]) + 0.1 * rng.random((len(taxa), n_features))
    names = np.array([f"s{i}" for i in range(len(taxa))])
    features = np.array([f"f{i}" for i in range(n_features)])
    return SequenceVectors(names, taxa, features, values)


def genera(taxa):
    return pd.Series([taxon.split()[0] for taxon in taxa], index=list(taxa), name="genus")


def study_of(n_taxa):
    """The groups of a study's taxa; `n_taxa` by group."""
    return pd.Series([name for name, n in n_taxa.items() for _ in range(n)], dtype="str")


def dots(axes):
    """Return colour and place of every dot."""
    return [
        (to_rgba(cloud.get_facecolor()[0], 1), tuple(place))
        for cloud in axes.collections
        for place in cloud.get_offsets().tolist()
    ]


def colours_of(styles):
    return {name: to_rgba(style.colour) for name, style in styles.items()}


def test_colours_come_from_the_rank_above():
    groups = colouring(SPECIMENS, RANKS, "genus")
    assert groups.name == "family"
    assert groups.dropna().to_dict() == {"Aa": "Fa", "Ba": "Fb"}
    assert group_of_each(["Ba", "Ca", "Zz"], groups) == ["Fb", UNPLACED, UNKNOWN]


def test_taxa_of_the_coarsest_rank_have_colours_of_their_own():
    groups = colouring(SPECIMENS, RANKS, "family")
    assert groups.name == "family"
    assert groups.to_dict() == {"Fa": "Fa", "Fb": "Fb"}


def test_colour_for_an_unknown_rank_is_refused():
    with pytest.raises(ValueError, match="the rank 'order' is not one of"):
        colouring(SPECIMENS, RANKS, "order")


def test_no_two_groups_look_alike():
    names = [f"G{i:02d}" for i in range(MAX_GROUPS)]
    styles = group_styles([*names, UNKNOWN, UNPLACED], study_of(dict.fromkeys(names, 1)))
    assert len({(style.colour, style.marker) for style in styles.values()}) == MAX_GROUPS + 2


def test_styles_are_those_of_the_study_whatever_a_figure_draws():
    study = study_of({"A": 2, "B": 1, "C": 3})
    every = group_styles(["B", "A", "C"], study)
    some = group_styles(["C"] * 7 + ["B"], study)
    assert {n: s[:2] for n, s in some.items()} == {n: every[n][:2] for n in ("B", "C")}
    assert some["C"].label == "C (7)"


def test_groups_with_fewest_taxa_are_grey_in_figures_of_few_groups_too():
    study = study_of({f"G{i:02d}": 2 + i for i in range(23)})
    styles = group_styles(["G00"] * 100 + ["G22", "G02"], study)
    assert list(styles) == ["G22", "G00", "G02"]
    assert styles["G00"] == styles["G02"]
    assert styles["G00"].label == "2 other groups (101)"
    every = group_styles(list(study), study)
    assert {name: style[:2] for name, style in styles.items()} == {
        name: every[name][:2] for name in styles
    }


def test_of_many_groups_the_smallest_share_a_grey():
    sizes = {f"G{i:02d}": 2 + i for i in range(23)}
    study = study_of(sizes)
    styles = group_styles(list(study), study)
    smallest = [f"G{i:02d}" for i in range(4)]
    assert {styles[name] for name in smallest} == {styles["G00"]}
    assert styles["G00"].label == "4 other groups (14)"  # 2 + 3 + 4 + 5
    assert len({styles[name] for name in sizes}) == MAX_GROUPS
    labels = [entry.get_label() for entry in legend_entries(styles, 5)]
    assert labels == [f"G{i:02d} ({2 + i})" for i in range(4, 23)] + ["4 other groups (14)"]


def test_every_sequence_is_a_dot_in_the_colour_of_its_genus():
    sizes = {"Aa x": 7, "Aa y": 5, "Ba x": 3, "Zz z": 2}
    kinds = {"one": vectors(sizes), "other": vectors(sizes, 13, seed=2)}
    groups = genera(["Aa x", "Aa y", "Ba x"])
    figure = plot_sequence_map(kinds, groups)
    colour = colours_of(group_styles(["Aa", "Ba", UNKNOWN], groups))
    for axes in figure.axes:
        drawn = Counter(colour for colour, _ in dots(axes))
        assert drawn == {colour["Aa"]: 12, colour["Ba"]: 3, colour[UNKNOWN]: 2}
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "Aa (12)", "Ba (3)", "not in the study (2)",
    ]  # fmt: skip
    assert legend.get_title().get_text() == "genus (sequences)"
    assert figure.get_suptitle().startswith("17 sequences of 4 taxa")


def test_panels_join_the_sequences_by_name():
    one = vectors({"Aa x": 5, "Ba x": 7})
    order = np.random.default_rng(3).permutation(12)
    other = SequenceVectors(one.names[order], one.taxa[order], one.features, one.values[order])
    left, right = plot_sequence_map({"a": one, "b": other}, genera(["Aa x", "Ba x"])).axes
    assert dots(left) == dots(right)


def test_vectors_of_other_sequences_are_refused():
    one, other = vectors({"Aa x": 5}), vectors({"Aa x": 7})
    with pytest.raises(ValueError, match="'b' are of 7 sequences, expected the same 5"):
        plot_sequence_map({"a": one, "b": other}, genera(["Aa x"]))


def test_map_puts_sequences_of_a_cluster_together():
    made = vectors({"A": 13, "B": 17, "C": 11})
    points = map_vectors(made.values, seed=1)
    between = cdist(points, points)
    np.fill_diagonal(between, np.inf)
    assert (made.taxa[between.argmin(axis=1)] == made.taxa).all()


def test_same_vectors_give_the_same_map():
    values = vectors({"A": 13, "B": 17}).values
    assert map_vectors(values, seed=1).tobytes() == map_vectors(values, seed=1).tobytes()


def test_map_knows_directions_not_lengths():
    values = vectors({"A": 13, "B": 17}).values
    lengths = np.linspace(1, 9, len(values))[:, None]
    points = map_vectors(np.vstack([values, values * lengths]), seed=1)
    apart = np.linalg.norm(points[:30] - points[30:], axis=1)
    assert np.median(apart) < 0.2 * np.median(cdist(points, points))


def test_sample_has_every_taxon_before_any_has_a_second():
    taxa = np.repeat(["A", "B", "C"], [101, 1, 2])
    chosen = sample_sequences(taxa, 5, seed=1)
    assert len(set(chosen)) == 5
    assert set(taxa[chosen[:3]]) == {"A", "B", "C"}
    assert set(taxa[sample_sequences(taxa, 2, seed=1)]) < {"A", "B", "C"}
    assert sorted(sample_sequences(taxa, 1000, seed=1)) == list(range(104))


def test_sample_follows_its_seed():
    taxa = np.array(["A"] * 101)
    chosen = [sample_sequences(taxa, 7, seed).tolist() for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_map_of_a_sample_says_so(monkeypatch):
    monkeypatch.setattr("visgen.figures.genetics.sequence_map.MAX_DRAWN", 11)
    figure = plot_sequence_map({"a": vectors({"Aa x": 31, "Ba x": 1})}, genera(["Aa x", "Ba x"]))
    assert figure.get_suptitle().startswith("11 of 32 sequences, drawn at random, of all 2 taxa")
    assert len(dots(figure.axes[0])) == 11
    monkeypatch.setattr("visgen.figures.genetics.sequence_map.MAX_DRAWN", 5)
    many = vectors({f"T{i}": 1 for i in range(7)})
    assert "of 5 of 7 taxa" in plot_sequence_map({"a": many}, genera(["T0"])).get_suptitle()


def test_vectors_that_are_all_the_same_have_no_map():
    made = vectors({"Aa x": 7})
    same = SequenceVectors(made.names, made.taxa, made.features, np.ones((7, 11)))
    (axes,) = plot_sequence_map({"a": same}, genera(["Aa x"])).axes
    assert axes.texts[0].get_text() == "all vectors are the same"


def test_too_few_sequences_have_no_map():
    figure = plot_sequence_map({"a": vectors({"Aa x": 3})}, genera(["Aa x"]))
    assert figure.texts[0].get_text() == "3 sequences: too few for a map"


def scored(sets):
    rows = [
        {"anchors": name, "metric": "median_cosine", "value": median_cosine(table)}
        for name, table in sets.items()
    ]
    return metrics_table(rows)


def anchors(taxa, seed=1):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(len(taxa), 13)), index=list(taxa))


def test_cells_are_cosines_in_the_order_given():
    taxa = ["Aa x", "Aa y", "Ba x", "Ba y", "Ca x"]
    table = anchors(taxa)
    (axes, _) = plot_anchors({"sgt": table}, scored({"sgt": table}), taxa[::-1], genera(taxa)).axes
    image = axes.images[0]
    a, b = table.loc["Ca x"].to_numpy(), table.loc["Aa y"].to_numpy()
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    assert image.get_array()[0, 3] == pytest.approx(cosine, abs=1e-12)
    assert image.get_clim() == (-1, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == taxa[::-1]


def test_each_set_has_a_panel_with_its_own_taxa():
    taxa = ["Aa x", "Aa y", "Ba x", "Ba y", "Ca x"]
    sets = {"all": anchors(taxa), "some": anchors(taxa[1:4]), "few": anchors(taxa[:2])}
    scores = scored(sets)
    scores.loc[scores["anchors"] == "few", "value"] = -0.004  # what the table has is shown
    figure = plot_anchors(sets, scores, taxa, genera(taxa))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert [title.split(":")[0] for title in titles] == ["all", "some", "few"]
    assert "3 taxa, 13 values" in titles[1]
    assert f"median cosine {median_cosine(sets['some']):.2f}" in titles[1]
    assert "median cosine 0.00" in titles[2]


def test_anchors_of_taxa_outside_the_order_are_refused():
    with pytest.raises(ValueError, match=r"1 taxa of the anchors 'sgt' .* first is 'Ba x'"):
        plot_anchors(
            {"sgt": anchors(["Aa x", "Ba x"])}, scored({}), ["Aa x"], genera(["Aa x", "Ba x"])
        )


def test_set_with_a_single_anchor_is_told():
    figure = plot_anchors({"sgt": anchors(["Aa x"])}, scored({}), ["Aa x"], genera(["Aa x"]))
    assert figure.texts[0].get_text() == "no set has anchors of two taxa"


def counts(n_sequences):
    n = len(n_sequences)
    table = pd.DataFrame({"rank": "species", "taxon": [f"T{i}" for i in range(n)]})
    return table.assign(n_images=range(n, 0, -1), n_specimens=1, n_sequences=n_sequences)


def test_sequences_are_marked_and_taxa_without_them_counted():
    axes = plot_counts(counts([3, 0, 101]), ["species"]).axes[0]
    drawn = axes.lines[1].get_ydata()
    assert drawn[[0, 2]].tolist() == [3, 101]
    assert np.isnan(drawn[1])
    assert axes.get_title(loc="left").endswith("1 to 3 images each; 1 without sequences")


def test_ranks_without_counts_of_sequences_have_no_marks_of_them():
    genus = counts([np.nan] * 2).assign(rank="genus")
    figure = plot_counts(pd.concat([genus, counts([3, 5, 7])]), ["genus", "species"])
    above, below = figure.axes
    assert (len(above.lines), len(below.lines)) == (1, 2)
    assert "sequences" not in above.get_title(loc="left")
    # The legend has to have all three marks.
    assert above.get_legend() is None
    assert len(below.get_legend().get_texts()) == 3


def test_groups_of_a_map_whose_hues_recur_are_named_beside_their_middles():
    names = [f"Genus{i} x" for i in range(31)]
    kinds = {"SGT": vectors(dict.fromkeys(names, 4))}
    axes = plot_sequence_map(kinds, genera(names)).axes[0]
    named = [text.get_text() for text in axes.texts]
    assert len(named) > 25 and set(named) <= {f"Genus{i}" for i in range(31)}
    assert_apart(boxes_of(axes.figure, axes.texts))
    few = {"SGT": vectors(dict.fromkeys(names[:5], 4))}
    assert not plot_sequence_map(few, genera(names[:5])).axes[0].texts
