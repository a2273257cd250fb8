"""Degraded versions of images: which are drawn, which can be made, and their features."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch
from test_degrading import habitat, picture
from visgen.features.backbones import load_backbone
from visgen.features.degraded import draw_specimens, extract_degraded, look_at_degraded
from visgen.features.degrading import grey
from visgen.specimens.oddities import look_at, usual

OPTIONS = {"background": (255, 255, 255), "max_pixels": 10**6}
EXTRACTION = OPTIONS | {"batch_size": 3, "precision": "float32", "workers": 1}


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("test_resnet", "none", preprocessing={"image_size": 64})


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return a table of a habitat and four shells."""
    folder = tmp_path_factory.mktemp("images")
    rows = []
    for i, image in enumerate([habitat(), *(picture(seed=seed) for seed in range(1, 5))]):
        path = folder / f"{i}.png"
        image.save(path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append((path.name, str(path), sha256, *image.size))
    return pd.DataFrame(rows, columns=["id", "path", "sha256", "width", "height"])


@pytest.fixture(scope="module")
def own():
    return usual(pd.DataFrame([look_at(picture(seed=seed)) for seed in range(5, 12)]))


# --- the draw ----------------------------------------------------------------------------------


def drawn(most):
    """Draw of specimens of two images, one, three, and one, in the order of their digests."""
    images = pd.DataFrame({
        "specimen": ["c", "b", "d", "a", "c", "a", "c"],
        "sha256": ["35", "20", "40", "90", "30", "10", "50"],
    })  # fmt: skip
    return draw_specimens(images, most).index.tolist()


def test_whole_specimens_are_drawn_by_their_first_digests():
    assert drawn(1) == []
    assert drawn(2) == [3, 5]
    assert drawn(3) == drawn(5) == [1, 3, 5]
    assert drawn(6) == [0, 1, 3, 4, 5, 6]
    assert drawn(7) == drawn(100) == list(range(7))


# --- looks -------------------------------------------------------------------------------------


def test_a_habitat_has_no_outline_and_all_else_has(images, backbone, own):
    found = look_at_degraded(images, "outline", backbone, own, **OPTIONS)
    assert found["id"].tolist() == images["id"].tolist()
    assert found["made"].tolist() == [False, True, True, True, True]
    assert pd.isna(found["oddities"][0])
    assert look_at_degraded(images, "cropped", backbone, own, **OPTIONS)["made"].all()


def test_what_is_odd_is_told_of_the_version_and_of_the_image(images, backbone, own):
    found = look_at_degraded(images, "grey", backbone, own, **OPTIONS).set_index("id")
    assert ["grey" in words.split() for words in found["oddities"]] == [True] * 5
    assert found["oddities_clean"][1:].isna().all()


def test_of_no_image_nothing_is_told(images, backbone, own):
    found = look_at_degraded(images[:0], "grey", backbone, own, **OPTIONS)
    assert found.empty and found["made"].dtype == bool


# --- features ----------------------------------------------------------------------------------


def test_features_are_those_of_the_version_and_are_kept_apart(images, backbone, tmp_path):
    options = EXTRACTION | {"store": tmp_path}
    found, made_with = extract_degraded(images, "grey", backbone, **options)
    assert list(found.index) == [(name, 0) for name in images["id"]]
    expected = backbone.transform(grey(picture(seed=1), "0"))
    with torch.inference_mode():
        expected = backbone.network(expected[None])[0].numpy()
    np.testing.assert_allclose(found.loc[("1.png", 0)], expected, rtol=1e-4, atol=1e-5)
    _, other = extract_degraded(images, "blurred", backbone, **options)
    assert made_with["recipe"] != other["recipe"]


def test_what_was_seen_before_is_not_looked_at_again(images, backbone, tmp_path, monkeypatch):
    options = EXTRACTION | {"store": tmp_path}
    first, _ = extract_degraded(images[:3], "cropped", backbone, **options)
    monkeypatch.setattr("visgen.features.extraction.forward", None)
    again, _ = extract_degraded(images[:3], "cropped", backbone, **options)
    pd.testing.assert_frame_equal(first, again)


def test_a_version_that_cannot_be_made_is_refused_by_the_name_of_its_file(
    images, backbone, tmp_path
):
    with pytest.raises(ValueError, match=r"0\.png: .*this version cannot be made"):
        extract_degraded(images, "outline", backbone, tmp_path, **EXTRACTION)
