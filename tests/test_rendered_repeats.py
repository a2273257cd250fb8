import numpy as np
import pytest
from PIL import Image
from visgen.features.rendered_repeats import render_repeat

SHA = "ab" * 32
STILL = {"flip": 0, "rotation": 0, "translation": 0, "scale": 0, "colour": 0, "noise": 0}
USUAL = {
    "flip": 0.5,
    "rotation": 15,
    "translation": 0.05,
    "scale": 0.1,
    "colour": 0.2,
    "noise": 0.02,
}


def picture(width=31, height=23):
    values = np.random.default_rng(17).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def view(image, sha256=SHA, repeat=1, seed=3, background=(7, 11, 13), **options):
    options = STILL | options
    drawn = render_repeat(image, sha256, repeat, seed=seed, background=background, **options)
    return np.asarray(drawn)


def test_nothing_asked_for_changes_nothing():
    assert np.array_equal(view(picture()), np.asarray(picture()))


def test_same_image_repeat_and_seed_give_the_same_view():
    np.random.seed(1)  # noqa: NPY002 (the global state must not matter)
    first = view(picture(), **USUAL)
    np.random.seed(2)  # noqa: NPY002
    assert np.array_equal(first, view(picture(), **USUAL))


@pytest.mark.parametrize("other", [{"repeat": 2}, {"seed": 5}, {"sha256": "cd" * 32}])
def test_another_repeat_seed_or_image_gives_another_view(other):
    assert not np.array_equal(view(picture(), **USUAL), view(picture(), **USUAL, **other))


def test_the_picture_given_is_left_as_it_is():
    image = picture()
    view(image, **USUAL)
    assert np.array_equal(np.asarray(image), np.asarray(picture()))


def test_a_sure_flip_is_the_mirror_image():
    assert np.array_equal(view(picture(), flip=1), np.asarray(picture())[:, ::-1])


def test_half_of_the_views_are_mirrored_at_one_half():
    plain = np.asarray(picture())
    mirrored = sum(
        not np.array_equal(view(picture(), repeat=i, flip=0.5), plain) for i in range(200)
    )
    assert 70 < mirrored < 130  # four standard deviations


def test_the_view_has_the_size_of_the_picture():
    assert view(picture(37, 19), **USUAL).shape == (19, 37, 3)


@pytest.mark.parametrize("option", [{"rotation": 90}, {"translation": 0.5}, {"scale": 0.5}])
def test_what_is_uncovered_shows_the_background(option):
    white = Image.new("RGB", (41, 43), (255, 255, 255))
    views = np.stack([view(white, repeat=i, **option) for i in range(1, 14)])
    colours = {tuple(colour) for colour in views.reshape(-1, 3).tolist()}
    assert {(255, 255, 255), (7, 11, 13)} <= colours
    assert all(colour[0] <= colour[1] <= colour[2] for colour in colours)  # mixed of the two only


def test_a_shift_moves_no_further_than_asked():
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[20, 20] = 255
    places = []
    for repeat in range(1, 60):
        shifted = view(Image.fromarray(dot), repeat=repeat, translation=0.1, background=(0, 0, 0))
        places.append(np.argwhere(shifted.sum(axis=2) > 380)[0] - 20)
    assert np.abs(places).max() == 4  # a tenth of 41, rounded
    assert len(np.unique(places, axis=0)) > 20


def test_colour_changes_no_further_than_asked():
    grey = Image.new("RGB", (5, 5), (100, 100, 100))
    levels = [view(grey, repeat=i, colour=0.2)[2, 2, 0] for i in range(1, 40)]
    assert 79 <= min(levels) < 90 < 110 < max(levels) <= 121


def test_noise_has_the_deviation_that_was_asked_for():
    grey = Image.new("RGB", (101, 83), (128, 128, 128))
    noisy = view(grey, noise=0.05).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.5)
    assert noisy.std() == pytest.approx(0.05 * 255, rel=0.05)


def test_noise_stays_within_the_range_of_a_pixel():
    white = Image.new("RGB", (31, 23), (255, 255, 255))
    noisy = view(white, noise=0.5)
    assert noisy.min() < 100 and noisy.max() == 255
