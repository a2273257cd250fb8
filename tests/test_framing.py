"""What is padded and what is cut, counted pixel by pixel and compared with timm."""

import itertools

import numpy as np
import pytest
from PIL import Image
from timm.data import create_transform
from visgen.features.framing import SPARE, Framing, pad_to_square
from visgen.features.rendered_repeats import render_repeat

RED, TEAL = (230, 20, 10), (0, 128, 128)
MODES = ["border", "center", "squash"]
STILL = {"flip": 0, "rotation": 0, "translation": 0, "scale": 0, "colour": 0, "noise": 0}


def framing(crop_mode="border", crop_pct=1.0, image_size=64, interpolation="bicubic"):
    return Framing(image_size, crop_mode, crop_pct, interpolation)


def picture(width, height, seed=7):
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", [(31, 17), (17, 31), (1, 53), (23, 22)])
def test_padding_keeps_every_pixel_and_adds_background_alone(size):
    image = picture(*size)
    square = framing().pad(image, TEAL)
    side = max(size)
    assert square.size == (side, side)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    assert square.crop((left, top, left + size[0], top + size[1])).tobytes() == image.tobytes()
    square.paste(TEAL, (left, top, left + size[0], top + size[1]))
    assert square.getcolors() == [(side * side, TEAL)]


def test_a_square_picture_is_left_as_it_is():
    image = picture(409, 409)
    assert framing(image_size=32).pad(image, TEAL) is image


@pytest.mark.parametrize("mode", ["center", "squash"])
def test_nothing_is_padded_where_that_is_not_asked_for(mode):
    image = picture(31, 17)
    assert framing(mode).pad(image, TEAL) is image


@pytest.mark.parametrize("size", [(1, 4000), (100_000, 3)])
def test_a_thin_picture_makes_no_large_square(size):
    square = framing(image_size=64).pad(Image.new("RGB", size, RED), TEAL)
    assert SPARE * 64 <= square.width < (SPARE + 1) * 64
    assert (np.array(square) == RED).all(axis=2).sum() == square.width  # one pixel wide


def test_a_large_picture_is_shrunk_by_means_of_blocks():
    image = picture(80, 60)
    values = np.asarray(image, float)
    means = values.reshape(15, 4, 20, 4, 3).mean(axis=(1, 3))
    found = np.asarray(pad_to_square(image, TEAL, 17))
    assert found.shape == (20, 20, 3)
    assert np.abs(found[2:17] - means).max() <= 0.5 + 1e-6
    assert (found[:2] == TEAL).all() and (found[17:] == TEAL).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("crop_pct", [1.0, 0.875, 0.6])
@pytest.mark.parametrize("size", [(61, 61), (71, 17), (17, 71), (41, 37), (90, 9)])
def test_share_cut_is_what_counting_pixels_gives(mode, crop_pct, size):
    short, long = sorted(size)
    # Half the sides of what is seen, in pixels of the image.
    match mode:
        case "border":
            seen = (crop_pct * long / 2,) * 2
        case "center":
            seen = (crop_pct * short / 2,) * 2
        case "squash":
            seen = tuple(crop_pct * side / 2 for side in size)
    n_cut, fine = 0, 5  # parts of a pixel
    for x, y in itertools.product(range(size[0] * fine), range(size[1] * fine)):
        from_centre = [(at + 0.5) / fine - side / 2 for at, side in zip((x, y), size, strict=True)]
        n_cut += any(abs(at) > half for at, half in zip(from_centre, seen, strict=True))
    expected = n_cut / (size[0] * size[1] * fine**2)
    assert framing(mode, crop_pct).share_cut(*size) == pytest.approx(expected, abs=0.02)


def test_by_default_nothing_is_cut_and_timms_own_way_cuts_much():
    assert framing().share_cut(100, 1000) == 0
    assert framing("center", 0.875).share_cut(100, 1000) == pytest.approx(1 - 0.875**2 / 10)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("crop_pct", [1.0, 0.9])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [(61, 61), (211, 47), (29, 290), (53, 52), (700, 41)])
def test_what_is_shown_is_what_timm_makes_of_the_padded_picture(
    mode, crop_pct, interpolation, size
):
    framed, image = framing(mode, crop_pct, 37, interpolation), picture(*size)
    transform = create_transform(
        37, crop_mode=mode, crop_pct=crop_pct, interpolation=interpolation, use_prefetcher=True
    )
    expected = np.asarray(transform(framed.pad(image, TEAL)))  # (3, 37, 37)
    found = np.asarray(framed.see(image, TEAL)).transpose(2, 0, 1)
    assert np.array_equal(found, expected)


def n_red(image):
    return (np.abs(np.asarray(image, int) - RED).sum(axis=2) < 60).sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_view_that_is_turned_shows_all_that_padding_had_kept(seed):
    image = Image.new("RGB", (200, 20), RED)
    turned = STILL | {"rotation": 90, "seed": seed, "background": TEAL}
    padded = render_repeat(framing(image_size=200).pad(image, TEAL), "a", 1, **turned)
    assert n_red(padded) == pytest.approx(4000, rel=0.1)
    assert n_red(render_repeat(image, "a", 1, **turned)) < 3000
