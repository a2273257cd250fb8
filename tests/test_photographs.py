"""Small photographs for pages."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from visgen.report.photographs import (
    SIDE,
    make_thumbnail,
    make_thumbnails,
    photographs_script,
    script_json,
)

PLAIN = ((255, 255, 255), 10**6)


@pytest.fixture
def photograph(tmp_path):
    path = tmp_path / "a.png"
    pixels = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_a_thumbnail_keeps_its_shape_within_the_side(photograph):
    with Image.open(io.BytesIO(make_thumbnail(photograph, *PLAIN))) as small:
        assert small.format == "WEBP"
        assert small.size == (round(SIDE * 200 / 300), SIDE)


def test_a_small_photograph_is_not_made_larger(tmp_path):
    Image.new("RGB", (20, 10)).save(tmp_path / "b.png")
    with Image.open(io.BytesIO(make_thumbnail(tmp_path / "b.png", *PLAIN))) as small:
        assert small.size == (20, 10)


def test_thumbnails_are_those_wanted_each_once(photograph):
    found = make_thumbnails({"b": photograph, "a": photograph, "c": "none"}, "bab", *PLAIN)
    assert list(found) == ["a", "b"]


def test_the_script_hands_over_every_photograph(photograph):
    small = make_thumbnail(photograph, *PLAIN)
    text = photographs_script({"</script>": small})
    assert "</script>" not in text
    given = json.loads(text.removeprefix("showPhotographs(").removesuffix(");\n"))
    assert base64.b64decode(given["</script>"]) == small


@pytest.mark.parametrize("text", ["</script>", "<!--", "&amp;", "\u2028", "a\u2029b", "é"])
def test_json_in_a_script_says_the_same(text):
    written = script_json({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not set("<>&\u2028\u2029") & set(written)
