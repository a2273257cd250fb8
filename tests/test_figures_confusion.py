from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from visgen.figures.classification.confusion import plot_confusion

pytestmark = pytest.mark.slow  # many drawings


def confusion(n_taxa, untested=(), seeds=(1, 2, 3)):
    """Right, or taken for the next taxon; rows of untested taxa are left out."""
    names = order_of(n_taxa)
    rows = [
        (seed, names[i], names[(i + step) % n_taxa], n)
        for seed in seeds
        for i in range(n_taxa)
        for step, n in ((0, 11 + i), (1, 3))
    ]
    table = pd.DataFrame(rows, columns=["seed", "truth", "predicted", "n_images"])
    return table[~table["truth"].isin(untested)].sample(frac=1, random_state=1)


def order_of(n_taxa):
    """Return names whose order is not that of the alphabet."""
    return [f"Taxon {(i * 7 + 3) % n_taxa if n_taxa % 7 else i:03d}" for i in range(n_taxa)]


def in_groups_of(n_members, taxa):
    return pd.Series([f"Group {i // n_members}" for i in range(len(taxa))], index=taxa)


def plot(table, n_taxa, n_members=5):
    order = order_of(n_taxa)
    return plot_confusion(table, order, in_groups_of(n_members, order), "a title")


def rows_and_columns(axes):
    return [
        [label.get_text() for label in labels]
        for labels in (axes.get_yticklabels(), axes.get_xticklabels())
    ]


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("n_taxa", [6, 80])
def test_every_taxon_up_to_eighty_is_named_in_the_order(n_taxa):
    axes = plot(confusion(n_taxa), n_taxa).axes[0]
    assert rows_and_columns(axes) == [order_of(n_taxa)] * 2
    assert "left out" not in axes.get_xlabel()


def test_names_left_out_of_a_large_matrix_are_announced():
    axes = plot(confusion(81), 81).axes[0]
    assert rows_and_columns(axes) == [[], []]
    assert "81 taxa: names left out above 80" in axes.get_xlabel()
    assert not [text for text in texts(axes) if text.startswith("n =")]


def test_rows_are_shares_of_all_seeds_together():
    table = confusion(5, seeds=(1,))
    other = pd.DataFrame({"seed": 2, "truth": ["Taxon 003"], "predicted": ["Taxon 001"]})
    axes = plot(pd.concat([table, other.assign(n_images=26)]), 5).axes[0]
    shares = axes.images[0].get_array()
    assert order_of(5) == ["Taxon 003", "Taxon 000", "Taxon 002", "Taxon 004", "Taxon 001"]
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.allclose(shares[0], [11 / 40, 3 / 40, 0, 0, 26 / 40])
    assert "n = 40" in texts(axes)
    assert "summed over 2 seeds" in axes.get_xlabel()


def test_one_seed_is_not_called_a_sum():
    assert "summed" not in plot(confusion(2, seeds=(1,)), 2).axes[0].get_xlabel()


def test_taxon_never_tested_has_a_column_if_it_was_predicted_but_no_row():
    names = order_of(11)
    table = confusion(11, untested=[names[2], names[5], names[6]])
    axes = plot(table, 11).axes[0]
    rows, columns = rows_and_columns(axes)
    # names[5] was taken for names[6] only; nothing was taken for names[6].
    assert rows == [names[i] for i in (0, 1, 3, 4, 7, 8, 9, 10)]
    assert columns == [
        f"{names[i]}*" if i in (2, 5) else names[i] for i in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10)
    ]
    assert "*predicted, but without test images: 2 of 10 taxa" in axes.get_xlabel()
    assert axes.images[0].get_array().shape == (8, 10)


def test_each_row_has_its_number_of_test_images():
    axes = plot(confusion(7, seeds=(1, 2)), 7).axes[0]
    numbers = [text for text in texts(axes) if text.startswith("n =")]
    assert numbers == [f"n = {2 * (14 + i)}" for i in range(7)]


@pytest.mark.parametrize(("n_taxa", "numbered"), [(12, True), (13, False)])
def test_cells_have_numbers_up_to_twelve_taxa(n_taxa, numbered):
    cells = [t for t in texts(plot(confusion(n_taxa), n_taxa, 99).axes[0]) if "n =" not in t]
    expected = [f"{100 * n / (14 + i):.0f}" for i in range(n_taxa) for n in (11 + i, 3)]
    assert sorted(cells) == (sorted(expected) if numbered else [])


def test_share_below_half_a_per_cent_is_not_called_zero():
    table = pd.DataFrame({"seed": 1, "truth": "A", "predicted": ["A", "B"], "n_images": [999, 1]})
    axes = plot_confusion(table, ["A", "B"], pd.Series("all", index=["A", "B"]), "t").axes[0]
    assert texts(axes) == ["n = 1000", "100", "<1"]


def test_zero_is_white():
    image = plot(confusion(2), 2).axes[0].images[0]
    assert image.cmap(image.norm(0.0)) == (1, 1, 1, 1)
    assert image.get_clim() == (0, 1)


def test_groups_are_named_beside_their_rows_in_colours_that_change():
    axes = plot(confusion(17), 17).axes[0]
    assert texts(axes)[17:] == ["Group 0", "Group 1", "Group 2", "Group 3"]
    boxes = [(patch.get_y(), patch.get_height()) for patch in axes.patches]
    assert boxes == [(-0.5, 5), (4.5, 5), (9.5, 5), (14.5, 2)]
    colours = [patch.get_facecolor() for patch in axes.patches]
    assert all(a != b for a, b in pairwise(colours))


def test_group_bar_stands_right_of_the_numbers_and_left_of_its_names():
    for n_taxa in (5, 23):
        axes = plot(confusion(n_taxa), n_taxa, 3).axes[0]
        ends = [t.get_window_extent().x1 for t in axes.texts if t.get_text().startswith("n =")]
        starts = [t.get_window_extent().x0 for t in axes.texts if t.get_text().startswith("Group")]
        bar = axes.patches[0].get_window_extent()
        assert max(ends) < bar.x0 < bar.x1 < min(starts)


def test_one_group_alone_is_not_drawn_and_a_gap_is_drawn_as_none():
    order = order_of(5)
    alone = plot_confusion(confusion(5), order, pd.Series("all", index=order), "t").axes[0]
    assert not alone.patches
    groups = in_groups_of(3, order).astype(object)
    groups.iloc[3:] = None
    axes = plot_confusion(confusion(5), order, groups, "t").axes[0]
    assert {"Group 0", "(no group)"} <= set(texts(axes))


def test_long_title_is_broken():
    order = order_of(5)
    title = "superfamily: balanced bagging of 100 trees on features of a frozen network"
    figure = plot_confusion(confusion(5), order, pd.Series("all", index=order), title)
    assert figure.axes[0].get_title(loc="left").split() == title.split()
    assert "\n" in figure.axes[0].get_title(loc="left")


def test_table_without_a_test_image_gives_a_notice():
    figure = plot(confusion(5)[:0], 5)
    assert figure.texts[0].get_text() == "a title: no taxon has test images"


def test_taxon_missing_from_order_or_groups_is_refused():
    order = order_of(5)
    groups = in_groups_of(3, order)
    with pytest.raises(ValueError, match="1 taxa are not in the order, the first is 'Taxon 001'"):
        plot_confusion(confusion(5), order[:-1], groups, "t")
    with pytest.raises(ValueError, match="1 taxa are not in the groups, the first is 'Taxon 001'"):
        plot_confusion(confusion(5), order, groups[:-1], "t")
