"""What networks see: the pixels that are drawn are those that the network gets."""

import functools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.features.framing import Framing
from visgen.figures.features.seen import plot_seen

NAMES = ["Arca noae", "A" + "x" * 150 + " " + "y" * 40, None, "Alba $^$ prima"]
READING = {"background": (255, 255, 255), "max_pixels": 10**7}


@functools.cache
def strip(n_images, crop_mode="border", image_size=61):
    """Draw images from 1:10 to 10:1."""
    draw = np.random.default_rng(5)
    folder = Path(tempfile.mkdtemp())
    rows = []
    for number, ratio in enumerate(np.geomspace(0.1, 10, n_images)):
        width, height = round(100 * min(ratio, 1) * 2), round(100 / max(ratio, 1) * 2)
        values = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(values).save(folder / f"{number}.png")
        rows.append((folder / f"{number}.png", width, height, NAMES[number % len(NAMES)]))
    shown = pd.DataFrame(rows, columns=["path", "width", "height", "taxon"])
    framing = Framing(image_size, crop_mode, 1.0, "bicubic")
    return plot_seen(shown, framing, **READING), shown, framing


@pytest.mark.parametrize("crop_mode", ["border", "center", "squash"])
def test_the_lower_row_is_what_the_network_gets_and_the_upper_keeps_its_ratio(crop_mode):
    figure, shown, framing = strip(5, crop_mode)
    above, below = (figure.axes[start : start + 5] for start in (0, 5))
    for row, upper, lower in zip(shown.itertuples(), above, below, strict=True):
        drawn = upper.images[0].get_array()
        assert drawn.shape[0] / drawn.shape[1] == pytest.approx(row.height / row.width, rel=0.05)
        seen = framing.see(Image.open(row.path), (255, 255, 255))
        assert np.array_equal(lower.images[0].get_array(), np.asarray(seen))
        assert lower.images[0].get_interpolation() == "nearest"


def test_names_and_sizes_stand_above_as_they_are():
    figure = strip(5)[0]
    titles = [axes.get_title() for axes in figure.axes[:5]]
    assert titles[0] == "Arca noae\n20 × 200"
    assert titles[2] == "200 × 200"
    assert titles[3].startswith("Alba $^$ prima\n")
    assert max(map(len, titles[1].split("\n"))) <= 20
    assert figure.axes[5].get_ylabel() == "seen: 61 × 61"


def test_a_network_that_sees_more_than_a_cell_holds_is_shown_smoothly():
    figure, *_ = strip(1, "border", 448)
    shown = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(shown) == 2
    assert shown[1].get_interpolation() == "antialiased"
