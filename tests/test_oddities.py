import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFilter
from visgen.specimens.oddities import (
    ODDITIES,
    Look,
    Usual,
    find_oddities,
    find_untold,
    look_at,
    usual,
)

#: A study like many: photographs of 500 pixels, in colour, on a plain background.
OWN = Usual(
    211,
    {
        "side": {"low": 500.0, "median": 700.0, "high": 900.0},
        "colour": {"low": 0.1, "median": 0.2, "high": 0.5},
        "contrast": {"low": 0.08, "median": 0.2, "high": 0.4},
        "sharpness": {"low": 1.5, "median": 2.0, "high": 3.0},
        "border": {"low": 0.0, "median": 0.0, "high": 0.05},
    },
)
COMMON = Look(side=700.0, colour=0.2, contrast=0.2, sharpness=2.0, border=0.0)


def picture(values):
    """Return a picture of an array (height, width), grey, or (height, width, 3)."""
    values = np.asarray(values, dtype=np.uint8)
    return Image.fromarray(values).convert("RGB")


def with_quantile(measure, name, value):
    changed = {**OWN.quantiles, measure: {**OWN.quantiles[measure], name: value}}
    return OWN._replace(quantiles=changed)


# --- a look ------------------------------------------------------------------------------------


def test_a_picture_of_one_colour_has_it_and_nothing_else():
    look = look_at(picture(np.full((37, 53, 3), (30, 60, 90))))
    assert look == (37, pytest.approx(60 / 255), 0, 0, 0)
    assert {type(value) for value in look} == {float}


def test_colour_is_the_mean_difference_of_channels():
    pixels = np.zeros((128, 128, 3))
    pixels[:32] = (200, 10, 50)
    pixels[32:64] = 120
    assert look_at(picture(pixels)).colour == pytest.approx(190 / 255 / 4)


def test_contrast_is_the_deviation_of_brightness():
    pixels = np.zeros((128, 128))
    pixels[:32] = 200
    assert look_at(picture(pixels)).contrast == pytest.approx(200 / 255 * np.sqrt(0.25 * 0.75))


def test_a_ramp_is_not_sharp_noise_is_and_a_chequerboard_is_sharpest():
    rows, columns = np.indices((128, 128))
    noise = np.random.default_rng(0).integers(0, 256, (128, 128))
    assert look_at(picture(rows)).sharpness == pytest.approx(0, abs=1e-12)
    assert look_at(picture(noise)).sharpness == pytest.approx(5, rel=0.03)
    assert look_at(picture((rows + columns) % 2 * 255)).sharpness == pytest.approx(8)


def test_sharpness_is_the_variance_of_a_laplacian_over_squared_steps():
    grey = np.random.default_rng(1).integers(0, 256, (128, 61)).astype(float)
    laplacian, steps = [], []
    for i in range(1, 127):
        for j in range(1, 60):
            around = grey[i - 1, j] + grey[i + 1, j] + grey[i, j - 1] + grey[i, j + 1]
            laplacian.append(around - 4 * grey[i, j])
    for i in range(1, 128):
        for j in range(1, 61):
            right, down = grey[i, j] - grey[i, j - 1], grey[i, j] - grey[i - 1, j]
            steps.append(right**2 + down**2)
    expected = np.var(laplacian) / np.mean(steps)
    assert look_at(picture(grey)).sharpness == pytest.approx(expected)


def test_sharpness_does_not_depend_on_contrast():
    noise = np.random.default_rng(2).integers(0, 16, (128, 128))
    sharpness = [look_at(picture(noise * factor)).sharpness for factor in (2, 15)]
    assert sharpness[0] == pytest.approx(sharpness[1])


def test_border_is_the_share_of_outermost_pixels_of_another_colour():
    pixels = np.full((128, 128, 3), 100)
    pixels[:5, 20:31, 1] = 141  # 11 of the 4 x 127 outermost
    pixels[40:80, 40:80] = 255  # inside
    pixels[90:97, 123:] = 140  # not different enough
    assert look_at(picture(pixels)).border == pytest.approx(11 / 508)


def test_a_picture_looks_alike_at_any_size():
    small = picture(np.random.default_rng(3).integers(0, 256, (41, 31, 3)))
    looks = [look_at(small.resize((31 * f, 41 * f), Image.Resampling.BICUBIC)) for f in (5, 13)]
    assert [look.side for look in looks] == [155, 403]
    assert looks[0][1:] == pytest.approx(looks[1][1:], rel=0.05)


def test_the_side_of_the_file_may_be_told():
    assert look_at(picture(np.zeros((31, 17))), side=1700).side == 1700


@pytest.mark.parametrize("size", [(1, 1), (1, 6000), (6000, 1), (2, 3)])
def test_every_shape_has_a_look(size):
    assert np.isfinite(look_at(picture(np.full(size, 7)))).all()


# --- what is usual -----------------------------------------------------------------------------


def test_quantiles_are_of_99_per_cent_and_n_stands_beside():
    looks = pd.DataFrame(
        {field: np.arange(101) * (i + 1.0) for i, field in enumerate(COMMON._fields)}
    )
    found = usual(looks.assign(id="x"))
    assert found.n == 101
    for i, field in enumerate(COMMON._fields):
        low, median, high = (found.quantiles[field][name] for name in ("low", "median", "high"))
        assert [low, median, high] == pytest.approx([1 * (i + 1), 50 * (i + 1), 99 * (i + 1)])


def test_what_is_usual_survives_json():
    found = usual(pd.DataFrame([COMMON, COMMON._replace(side=600.0)]))
    assert Usual(**json.loads(json.dumps(found._asdict()))) == found


def test_without_pictures_nothing_is_usual():
    with pytest.raises(ValueError, match="no pictures of the study"):
        usual(pd.DataFrame(columns=Look._fields))


# --- what is odd -------------------------------------------------------------------------------


def test_a_common_picture_is_not_odd():
    assert find_oddities(COMMON, OWN, 224) == []


@pytest.mark.parametrize(
    ("measure", "within", "beyond", "word"),
    [
        ("side", 202, 201, "tiny"),
        ("colour", 0.051, 0.049, "grey"),
        ("contrast", 0.041, 0.039, "flat"),
        ("sharpness", 0.76, 0.74, "blurred"),
        ("border", 0.149, 0.151, "cut_at_border"),
    ],
)
def test_odd_is_what_lies_beyond_the_study_by_a_margin(measure, within, beyond, word):
    assert find_oddities(COMMON._replace(**{measure: within}), OWN, 224) == []
    assert find_oddities(COMMON._replace(**{measure: beyond}), OWN, 224) == [word]


def test_more_of_anything_but_cut_borders_is_not_odd():
    assert find_oddities(Look(9000.0, 1.0, 0.5, 8.0, 0.0), OWN, 224) == []


def test_all_that_is_odd_is_said_in_the_order_of_the_words():
    assert find_oddities(Look(24.0, 0.0, 0.0, 0.0, 1.0), OWN, 224) == list(ODDITIES)


@pytest.mark.parametrize(
    ("low", "network_size", "least"),
    [(128, 224, 116), (500, 224, 202), (500, 384, 346), (3000, 224, 750)],
)
def test_tiny_depends_on_the_network_and_on_the_study(low, network_size, least):
    own = with_quantile("side", "low", float(low))
    for side, words in ((least, []), (least - 1, ["tiny"])):
        assert find_oddities(COMMON._replace(side=float(side)), own, network_size) == words


@pytest.mark.parametrize("low", [0.0, 0.009])
def test_beside_grey_pictures_grey_is_not_odd_and_that_is_said(low):
    own = with_quantile("colour", "low", low)
    assert find_oddities(COMMON._replace(colour=0.0), own, 224) == []
    assert find_untold(own, 224) == ["grey"]


def test_beside_scenes_that_fill_their_borders_no_cut_is_told_and_that_is_said():
    own = with_quantile("border", "high", 0.6)
    assert find_oddities(COMMON._replace(border=1.0), own, 224) == []
    assert find_untold(own, 224) == ["cut_at_border"]


def test_beside_pictures_like_most_all_is_told():
    assert find_untold(OWN, 224) == []


# --- pictures ----------------------------------------------------------------------------------


def specimen(generator):
    """Draw a spotted oval of some colour on a plain background."""
    image = Image.new("RGB", (160, 120), tuple(generator.integers(170, 230, 3)))
    draw = ImageDraw.Draw(image)
    (x, y), (a, b) = generator.integers((70, 50), (90, 70)), generator.integers(34, 46, 2)
    red, green, blue = generator.integers((90, 40, 20), (160, 90, 70))
    draw.ellipse((x - a, y - b, x + a, y + b), fill=(red, green, blue))
    for _ in range(7):
        i, j = x + generator.integers(-a // 2, a // 2), y + generator.integers(-b // 2, b // 2)
        draw.ellipse((i - 3, j - 3, i + 3, j + 3), fill=(blue, red, green))
    noise = generator.normal(scale=2, size=(120, 160, 3))
    return picture(np.clip(np.asarray(image) + noise, 0, 255))


CHANGES = {
    "grey": lambda image: image.convert("L").convert("RGB"),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "tiny": lambda image: image.resize((32, 24)),
    "cut_at_border": lambda image: image.crop((40, 30, 120, 90)),
    "flat": lambda image: Image.blend(Image.new("RGB", image.size, (200, 190, 180)), image, 0.1),
}


@pytest.fixture(scope="module")
def study():
    generator = np.random.default_rng(4)
    images = [specimen(generator) for _ in range(140)]
    return usual(pd.DataFrame(map(look_at, images[:100]))), images[100:]


def test_few_pictures_of_a_study_are_odd(study):
    own, others = study
    assert sum(bool(find_oddities(look_at(image), own, 224)) for image in others) <= 1


@pytest.mark.parametrize("word", CHANGES)
def test_pictures_that_were_changed_are_found(study, word):
    own, others = study
    found = [word in find_oddities(look_at(CHANGES[word](image)), own, 224) for image in others]
    assert sum(found) > 0.9 * len(found)


def test_words_are_told_apart(study):
    own, others = study
    for word in ("grey", "blurred"):
        assert find_oddities(look_at(CHANGES[word](others[0])), own, 224) == [word]
