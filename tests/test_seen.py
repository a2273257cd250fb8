import math

import numpy as np
import pandas as pd
import pytest
from visgen.features.framing import Framing
from visgen.features.seen import finest_names, spread_images, summarise_cuts


def images(*sizes, taxa=None):
    table = pd.DataFrame(sizes, columns=["width", "height"])
    table["id"] = [f"{number:02}" for number in range(len(table))]
    return table.assign(taxon=[f"taxon {i}" for i in range(len(table))] if taxa is None else taxa)


def test_cuts_are_counted_over_images():
    sizes = images((100, 100), (100, 97), (200, 100), (100, 1000), (50, 150))
    (row,) = summarise_cuts(sizes, Framing(64, "center", 1.0, "bicubic")).to_dict("records")
    assert (row["n_images"], row["n_cut"]) == (5, 3)  # 3 % do not count
    assert row["median_cut"] == pytest.approx(1 / 2)
    assert row["largest_cut"] == pytest.approx(9 / 10)
    assert (row["image_size"], row["crop_mode"], row["crop_pct"]) == (64, "center", 1.0)
    (padded,) = summarise_cuts(sizes, Framing(64, "border", 1.0, "bicubic")).to_dict("records")
    assert (padded["n_cut"], padded["largest_cut"]) == (0, 0)


def test_without_images_there_is_no_share():
    (row,) = summarise_cuts(images(), Framing(64, "center", 1.0, "bicubic")).to_dict("records")
    assert (row["n_images"], row["n_cut"]) == (0, 0)
    assert math.isnan(row["median_cut"]) and math.isnan(row["largest_cut"])


def test_images_of_all_shapes_are_shown_from_tall_to_wide():
    draw = np.random.default_rng(3)
    widths = np.exp(draw.uniform(-2, 2, 211)) * 100
    table = images(*[(int(width), 100) for width in widths])
    shown = spread_images(table, 7)
    ratios = np.log(shown["width"] / shown["height"])
    assert len(shown) == shown["id"].nunique() == 7
    assert ratios.is_monotonic_increasing
    assert ratios.min() == np.log(table["width"] / 100).min()
    assert ratios.max() == np.log(table["width"] / 100).max()
    assert ratios.diff().max() < 2 * 4 / 6  # evenly, give or take


@pytest.mark.parametrize("size", [(1000, 40), (40, 1000)])
def test_the_most_elongated_image_is_shown(size):
    table = images(*[(100 + i, 100) for i in range(53)], size)
    assert size in set(spread_images(table, 3)[["width", "height"]].itertuples(index=False))


def test_images_of_one_shape_are_of_as_many_taxa_as_can_be():
    taxa = ["a"] * 11 + ["b"] * 5 + ["c"] + [None] * 2
    shown = spread_images(images(*[(64, 64)] * 19, taxa=taxa), 4)
    assert set(shown["taxon"].fillna("none")) == {"a", "b", "c", "none"}


def test_the_order_of_the_table_does_not_matter():
    table = images(*[(60 + i % 7, 60 + i % 5) for i in range(41)])
    shown = spread_images(table, 8)
    mixed = spread_images(table.sample(frac=1, random_state=5), 8)
    assert shown["id"].tolist() == mixed["id"].tolist()


@pytest.mark.parametrize("n_images", [0, 1, 2, 5])
def test_few_images_are_all_shown(n_images):
    table = images(*[(60 + 10 * i, 60) for i in range(n_images)])
    assert sorted(spread_images(table, 8)["id"]) == table["id"].tolist()


def test_an_image_is_called_by_its_finest_name():
    labels = pd.DataFrame(
        {"genus": ["Arca", "Arca", None], "species": ["Arca noae", None, None]},
        index=pd.Index(["x", "y", "z"], name="id"),
    )
    names = finest_names(labels, ["genus", "species"])
    assert names["x"] == "Arca noae" and names["y"] == "Arca" and pd.isna(names["z"])
