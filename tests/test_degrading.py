import hashlib

import numpy as np
import pytest
from PIL import Image
from visgen.features.degrading import BLUR, DEGRADE, MISSING
from visgen.features.foreground import border_colour, find_specimen, otsu
from visgen.features.options import DEGRADED

WIDTH, HEIGHT = 131, 101
GROUND, SHELL = (40, 60, 90), (220, 180, 150)
SHA = [hashlib.sha256(bytes([i])).hexdigest() for i in range(11)]


def ellipse(cx=67, cy=47, rx=41, ry=29):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1


def picture(mask=None, noise=3, seed=0):
    """Return a shell, brighter to the right, on a plain ground with a little noise."""
    mask = ellipse() if mask is None else mask
    pixels = np.where(mask[..., None], SHELL, GROUND).astype(float)
    pixels[mask] *= np.linspace(0.7, 1.1, WIDTH)[np.nonzero(mask)[1], None]
    pixels += np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def habitat(seed=0):
    """Return patches of colours all over, as of leaves."""
    patches = np.random.default_rng(seed).integers(0, 256, (7, 11, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def changed(before, after):
    return (np.asarray(before) != np.asarray(after)).any(axis=2)


def test_every_word_has_a_function():
    assert DEGRADE.keys() == DEGRADED.keys()


@pytest.mark.parametrize("name", DEGRADE)
def test_a_picture_stays_an_rgb_picture_of_its_size_and_the_given_one_is_left_alone(name):
    given = picture()
    before = given.tobytes()
    made = DEGRADE[name](given, SHA[0])
    assert (made.mode, made.size) == ("RGB", given.size)
    assert made.tobytes() != before
    assert given.tobytes() == before


@pytest.mark.parametrize("name", DEGRADE)
def test_the_same_picture_gives_the_same_bytes(name):
    made = [DEGRADE[name](picture(), SHA[1]).tobytes() for _ in range(2)]
    assert made[0] == made[1]


def test_grey_has_no_colour():
    pixels = np.asarray(DEGRADE["grey"](picture(), SHA[0])).astype(int)
    assert np.ptp(pixels, axis=2).max() == 0
    assert np.ptp(pixels) > 50


@pytest.mark.parametrize("times", [1, 3])
def test_blur_is_relative_to_the_size(times):
    """The middle of an edge is as wide as a Gaussian of BLUR of the short side makes it."""
    pixels = np.zeros((HEIGHT * times, WIDTH * times, 3), np.uint8)
    pixels[:, WIDTH * times // 2 :] = 255
    row = np.asarray(DEGRADE["blurred"](Image.fromarray(pixels), SHA[0]))[5, :, 0].astype(float)
    slope = np.diff(row) / 255
    place = np.arange(len(slope))
    mean = slope @ place
    assert np.sqrt(slope @ (place - mean) ** 2) == pytest.approx(BLUR * HEIGHT * times, rel=0.1)


@pytest.mark.parametrize("ground_is_light", [False, True])
def test_an_outline_is_the_specimen_in_black_on_white(ground_is_light):
    given = picture()
    if ground_is_light:
        given = given.point(lambda value: 255 - value)
    pixels = np.asarray(DEGRADE["outline"](given, SHA[0]))
    assert set(np.unique(pixels)) == {0, 255}
    assert overlap(pixels[..., 0] == 0, ellipse()) > 0.93


def test_an_outline_has_no_holes_specks_or_lines():
    mask = ellipse() & ~ellipse(rx=7, ry=5)
    mask[3:6, 3:6] = True
    mask[:, 11] = True
    pixels = np.asarray(DEGRADE["outline"](picture(mask), SHA[0]))
    assert overlap(pixels[..., 0] == 0, ellipse()) > 0.9
    assert (pixels[:, :15] == 255).all()
    assert (pixels[ellipse(rx=11, ry=9)] == 0).all()


def test_the_darker_part_of_a_specimen_belongs_to_it():
    pixels = np.array(picture())
    right = ellipse() & (np.arange(WIDTH) > 75)
    pixels[right] = 0.65 * np.array(GROUND) + 0.35 * np.array(SHELL)
    shape = np.asarray(DEGRADE["outline"](Image.fromarray(pixels), SHA[0]))
    assert overlap(shape[..., 0] == 0, ellipse()) > 0.93


def test_a_large_picture_has_the_outline_of_a_small_one():
    large = picture(noise=0).resize((WIDTH * 7, HEIGHT * 7), Image.Resampling.NEAREST)
    shape = DEGRADE["outline"](large, SHA[0])
    assert shape.size == large.size
    small = shape.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)
    assert overlap(np.asarray(small)[..., 0] == 0, ellipse()) > 0.93


def framed():
    """Return sand of many colours within a plain frame, as of a picture that was padded."""
    grains = np.random.default_rng(2).normal(128, 23, (HEIGHT // 5, WIDTH // 5, 3))
    whole = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    grains = Image.fromarray(grains.clip(0, 255).astype(np.uint8))
    whole.paste(grains.resize((WIDTH - 6, HEIGHT - 6), Image.Resampling.NEAREST), (3, 3))
    return whole


@pytest.mark.parametrize(
    "given",
    [
        framed(),
        *(habitat(seed) for seed in range(3)),
        picture(np.zeros((HEIGHT, WIDTH), bool)),  # nothing there
        picture(np.zeros((HEIGHT, WIDTH), bool), noise=0),
        picture(ellipse(cx=0)),  # half of it outside
        picture(ellipse(rx=5, ry=3)),  # hardly anything
        Image.new("RGB", (1, 1)),
    ],
)
def test_there_is_no_outline_where_no_specimen_can_be_told(given):
    assert find_specimen(given) is None
    assert DEGRADE["outline"](given, SHA[0]) is None


@pytest.mark.parametrize("sha256", SHA)
def test_a_third_of_the_specimen_is_broken_off(sha256):
    given = picture(noise=0)
    gone = changed(given, DEGRADE["cropped"](given, sha256))
    assert (gone & ellipse()).sum() / ellipse().sum() == pytest.approx(MISSING, abs=0.02)
    made = np.asarray(DEGRADE["cropped"](given, sha256))
    assert (made[gone] == GROUND).all()


@pytest.mark.parametrize("sha256", SHA[:5])
def test_a_third_of_a_habitat_is_missing(sha256):
    given = habitat()
    gone = changed(given, DEGRADE["cropped"](given, sha256))
    assert gone.mean() == pytest.approx(MISSING, abs=0.01)


def test_it_breaks_along_a_straight_line():
    given = habitat(1)
    gone = changed(given, DEGRADE["cropped"](given, SHA[2]))
    y, x = np.nonzero(gone)
    b, a = np.nonzero(~gone)
    normal = np.array([x.mean() - a.mean(), y.mean() - b.mean()])
    beyond, before = normal @ [x, y], normal @ [a, b]
    best = min(  # of directions near the one between the two parts
        (np.cos(t) * a + np.sin(t) * b).max() - (np.cos(t) * x + np.sin(t) * y).min()
        for t in np.arctan2(*normal[::-1]) + np.linspace(-0.7, 0.7, 1401)
    )
    assert best < 1.5  # pixels that the two overlap by
    assert np.median(beyond) > np.median(before)


def test_pictures_break_in_all_directions():
    given = picture(noise=0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    sides = set()
    for sha256 in SHA:
        gone = changed(given, DEGRADE["cropped"](given, sha256)) & ellipse()
        sides.add((x[gone].mean() > 67, y[gone].mean() > 47))
    assert len(sides) == 4


def test_the_colour_of_the_border_is_its_median():
    pixels = np.full((11, 13, 3), 7, np.uint8)
    pixels[1:-1, 1:-1] = 200
    pixels[0, :5] = 90
    assert border_colour(pixels).tolist() == [7, 7, 7]


def test_otsu_parts_two_classes_as_trying_every_threshold_does():
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(3, 1, 211), rng.normal(11, 2, 89)]).clip(0)
    threshold, apart = otsu(values)

    def share(t):
        low, high = values[values <= t], values[values > t]
        within = (low.var() * len(low) + high.var() * len(high)) / len(values)
        return 1 - within / values.var()

    best = max(np.sort(values)[:-1], key=share)
    assert share(threshold) == pytest.approx(share(best), abs=0.005)
    assert apart == pytest.approx(share(best), abs=0.01)


def test_otsu_of_equal_values_parts_nothing():
    assert otsu(np.full((5, 3), 2.0))[1] == 0
    assert otsu(np.zeros((5, 3)))[1] == 0
