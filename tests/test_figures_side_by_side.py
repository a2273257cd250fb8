from functools import cache

import numpy as np
import pandas as pd
import pytest
from test_figures_matrices import in_groups_of, matrix
from visgen.figures.embedding.agreement import agreement_in_words, fit_in_words, plot_agreement
from visgen.figures.embedding.held_out_pairs import MAX_POINTS
from visgen.figures.embedding.side_by_side import plot_side_by_side, rank_difference
from visgen.figures.leaf_order import leaf_order
from visgen.metrics import metrics_table

pytestmark = pytest.mark.slow  # many drawings


def side_by_side(n_taxa, title="title"):
    genetic, visual = matrix(n_taxa, 1), matrix(n_taxa, 2)
    order = list(genetic.ids)
    return plot_side_by_side(
        genetic, visual, order, in_groups_of(5, order), title, "path", "cosine distance"
    )


@cache
def long_titled(n_taxa):
    return side_by_side(n_taxa, "vectors that know nothing of the images " * 4 + "\nn = 5 taxa")


def scores(evaluator, value=0.4, **more):
    row = {"variant": "mean", "evaluator": evaluator, "metric": "pearson", "value": value, "n": 11}
    return metrics_table([row | more])


def test_difference_is_that_of_the_ranks_among_all_pairs():
    genetic = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]])
    visual = np.array([[0, 9, 7], [9, 0, 8], [7, 8, 0]])
    found = rank_difference(genetic, visual)
    third = 100 / 3
    assert found == pytest.approx(
        np.array([[0, 2 * third, -third], [2 * third, 0, -third], [-third, -third, 0]])
    )


def test_equal_distances_share_their_rank():
    equal = 1 - np.eye(5)
    assert not rank_difference(equal, equal).any()


@pytest.mark.parametrize("n_taxa", [5, 211])
def test_difference_is_white_at_zero_and_shares_the_order(n_taxa):
    figure = side_by_side(n_taxa)
    above, beside, below = figure.axes[:3]
    (image,) = below.images
    assert image.get_clim() == (-100, 100)
    assert np.allclose(image.get_cmap()(image.norm(0)), 1, atol=0.05)
    drawn = [axes.images[0].get_array() for axes in (above, beside)]
    assert np.allclose(image.get_array(), rank_difference(*drawn))
    assert np.abs(image.get_array()).max() < 100


def test_each_pair_is_a_point_once():
    points = side_by_side(11).axes[3].collections
    counts = [len(collection.get_offsets()) for collection in points]
    assert counts == [35, 20]  # groups of 5, 5 and 1


def test_names_left_out_are_announced():
    above = long_titled(41).axes[0]
    assert not above.get_yticklabels()
    assert "41 taxa: names left out above 40" in above.get_xlabel()
    assert len(side_by_side(40).axes[2].get_yticklabels()) == 40


def test_a_long_title_keeps_its_second_line():
    assert long_titled(5).get_suptitle().endswith("\nn = 5 taxa")


def test_title_has_the_test():
    words = agreement_in_words(scores("mantel", ci_low=0.1, ci_high=0.62, p=0.0123), "mean", 11)
    assert words == ("Mantel r = 0.400 (95 % 0.100 to 0.620), p = 0.0123\nn = 11 taxa, 55 pairs")


def test_title_of_fitted_vectors_says_that_r_proves_nothing():
    assert fit_in_words(0.97, 11) == (
        "fitted to these very distances: r = 0.970 proves nothing; see held-out taxa\n"
        "n = 11 taxa, 55 pairs"
    )


def test_title_of_vectors_fitted_to_equal_distances_has_no_r():
    words = fit_in_words(np.nan, 11)
    assert words.startswith("fitted to these very distances: the distances are all equal; see")
    assert "nan" not in words


def test_title_of_random_vectors_has_the_mean_of_draws_and_no_test():
    words = agreement_in_words(scores("mantel", -0.01, ci_low=-0.2, ci_high=0.2), "mean", 11)
    assert "mean r = -0.010 of 100 draws (95 % -0.200 to 0.200), one of them shown" in words
    assert "p =" not in words


def test_title_without_a_test_says_so():
    words = agreement_in_words(scores("mantel"), "another", 4)
    assert words == "4 taxa: too few, or distances too equal, for a Mantel test"


def test_order_that_does_not_fit_is_refused():
    x = matrix(7, 1)
    order = list(x.ids)[:-1]
    with pytest.raises(ValueError, match="not a permutation of the 7 taxa"):
        plot_side_by_side(x, x, order, pd.Series("a", index=order), "title", "path", "cosine")


def agreement(fit=None, n_taxa=11):
    genetic, visual = matrix(n_taxa + 2, 1), matrix(n_taxa, 2)
    groups = in_groups_of(3, list(genetic.ids))
    return plot_agreement("by_look", genetic, visual, groups, scores("mantel"), fit)


def test_taxa_stand_in_the_order_of_the_tree_that_their_distances_belong_to():
    above, _, below = agreement().axes[:3]
    names = [f"Taxon {i:03d}" for i in range(11)]
    order = leaf_order(matrix(13, 1).filter(names), in_groups_of(3, names))
    assert order != names
    for axes in (above, below):
        assert [label.get_text() for label in axes.get_yticklabels()] == order


@pytest.mark.parametrize(
    ("fit", "title", "label"),
    [
        (None, "11 taxa: too few", "cosine distance of by look vectors"),
        ({"pearson": 0.97, "loss": 0.3}, "fitted to these", "cosine distance of by look vectors"),
        ({"pearson": 0.97}, "fitted to these", "distance by predicted places, by look"),
    ],
)
def test_title_and_label_say_how_a_variant_was_fitted(fit, title, label):
    figure = agreement(fit)
    assert figure.get_suptitle().startswith(title)
    assert figure.axes[3].get_ylabel() == label


def test_fewer_than_three_taxa_make_a_notice():
    text = agreement(n_taxa=2).texts[0].get_text()
    assert text == "2 taxa have vectors and a place in the tree"


def test_more_pairs_than_points_are_counted_in_hexagons_each_once():
    n_taxa = 109
    assert n_taxa * (n_taxa - 1) / 2 > MAX_POINTS > 100 * 99 / 2
    axes = side_by_side(n_taxa).axes[3]
    # The logarithm of numbers is that of the scale; the numbers are as they are.
    counted = [int(np.sum(hexagons.get_array())) for hexagons in axes.collections]
    assert counted == [5886 - (21 * 10 + 6), 216]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["other pairs (5,670)", "pairs within a group (216)"]
    assert "the darker, the more pairs" in axes.get_xlabel()
