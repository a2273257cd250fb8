import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from visgen.features import extraction as module
from visgen.features.backbones import load_backbone
from visgen.features.extraction import extract_features
from visgen.features.framing import Framing
from visgen.features.tables import read_features, read_framing, write_features

OPTIONS = {
    "batch_size": 5,
    "precision": "float32",
    "background": (255, 255, 255),
    "max_pixels": 10**6,
    "workers": 2,
}
VIEWS = {"flip": 0.5, "rotation": 15, "translation": 0.05, "scale": 0.1, "colour": 0.2}
VIEWS |= {"noise": 0.0, "seed": 1}


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("test_resnet", "none", preprocessing={"image_size": 64})


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return a table of 13 images, each of another size."""
    folder = tmp_path_factory.mktemp("images")
    draw = np.random.default_rng(19)
    rows = []
    for i in range(13):
        path = folder / f"{i:02}.png"
        values = draw.integers(0, 256, (67 + i, 71, 3), dtype=np.uint8)
        Image.fromarray(values).save(path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append((path.name, str(path), sha256))
    return pd.DataFrame(rows, columns=["id", "path", "sha256"])


@pytest.fixture
def forward_calls(monkeypatch):
    """Return a list that gets the number of images of each forward pass."""
    calls, forward = [], module.forward

    def counted(backbone, batch):
        calls.append(len(batch))
        return forward(backbone, batch)

    monkeypatch.setattr(module, "forward", counted)
    return calls


def extract(images, backbone, store, **changes):
    return extract_features(images, backbone, store, **OPTIONS | changes)[0]


def content(table):
    return {key: row.tobytes() for key, row in zip(table.index, table.to_numpy(), strict=True)}


def test_features_are_those_of_each_image_alone(images, backbone, tmp_path):
    found = extract(images, backbone, tmp_path)
    assert list(found.index) == [(name, 0) for name in images["id"]]
    assert found.shape == (13, backbone.n_features)
    for row in images.itertuples():
        picture = backbone.transform(Image.open(row.path).convert("RGB"))
        with torch.inference_mode():
            expected = backbone.network(picture[None])[0].numpy()
        np.testing.assert_allclose(found.loc[(row.id, 0)], expected, rtol=1e-4, atol=1e-5)


def test_the_whole_specimen_is_padded_before_it_is_turned_and_seen(tmp_path, monkeypatch):
    path = tmp_path / "long.png"
    Image.new("RGB", (31, 210), (200, 10, 20)).save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    row = pd.DataFrame([("long", str(path), sha256)], columns=["id", "path", "sha256"])
    whole = load_backbone(
        "test_resnet",
        "none",
        preprocessing={"image_size": 64, "crop_mode": "border", "crop_pct": 1.0},
    )
    found = extract(row, whole, tmp_path / "clean", background=(0, 90, 90))
    padded = Image.new("RGB", (210, 210), (0, 90, 90))
    padded.paste((200, 10, 20), (89, 0, 120, 210))
    with torch.inference_mode():
        expected = whole.network(whole.transform(padded)[None])[0].numpy()
    np.testing.assert_allclose(found.loc[("long", 0)], expected, rtol=1e-4, atol=1e-5)

    sizes, render = [], module.render_repeat

    def watched(image, *given, **options):
        sizes.append(image.size)
        return render(image, *given, **options)

    monkeypatch.setattr(module, "render_repeat", watched)
    extract(row, whole, tmp_path / "views", repeats=[1], augmentation=VIEWS)
    assert sizes == [(210, 210)]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_vector_depends_on_no_neighbour_and_no_position(images, backbone, tmp_path, precision):
    expected = content(extract(images, backbone, tmp_path / "all", precision=precision))
    mixed = images.sample(frac=1, random_state=3)
    assert content(extract(mixed, backbone, tmp_path / "mixed", precision=precision)) == expected
    for rows in (images[7:8], images[3:9]):
        part = extract(rows, backbone, tmp_path / f"{len(rows)}", precision=precision)
        assert content(part).items() <= expected.items()


@pytest.mark.parametrize("model", ["test_vit", "test_convnext"])
def test_neighbours_do_not_matter_to_other_kinds_of_network(images, tmp_path, model):
    backbone = load_backbone(model, "none", preprocessing={"image_size": 64})
    expected = content(extract(images, backbone, tmp_path / "all"))
    assert content(extract(images[::-2], backbone, tmp_path / "some")).items() <= expected.items()


@pytest.mark.parametrize("workers", [1, 7])
def test_the_number_of_workers_does_not_matter(images, backbone, tmp_path, workers):
    expected = content(extract(images, backbone, tmp_path / "two"))
    assert content(extract(images, backbone, tmp_path / "other", workers=workers)) == expected


def test_a_second_run_computes_nothing(images, backbone, tmp_path, forward_calls):
    first = extract(images, backbone, tmp_path)
    assert forward_calls == [5, 5, 5]  # the last batch is padded
    assert content(extract(images, backbone, tmp_path)) == content(first)
    assert len(forward_calls) == 3


def test_an_enlarged_study_computes_only_what_is_new(images, backbone, tmp_path, forward_calls):
    expected = content(extract(images, backbone, tmp_path / "once"))
    extract(images[2:11], backbone, tmp_path / "grown")
    forward_calls.clear()
    assert content(extract(images, backbone, tmp_path / "grown")) == expected
    assert forward_calls == [5]  # four images


def test_a_renamed_image_is_not_computed_again(images, backbone, tmp_path, forward_calls):
    first = extract(images, backbone, tmp_path)
    forward_calls.clear()
    renamed = extract(images.assign(id="new " + images["id"]), backbone, tmp_path)
    assert forward_calls == []
    assert np.array_equal(first, renamed)


def test_a_killed_run_goes_on_where_it_stopped(
    images, backbone, tmp_path, forward_calls, monkeypatch
):
    monkeypatch.setattr(module, "PACK", 5)
    expected = content(extract(images, backbone, tmp_path / "whole"))
    write = module.add_vectors

    def write_and_die(*arguments):
        write(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "add_vectors", write_and_die)
        extract(images, backbone, tmp_path / "killed")
    forward_calls.clear()
    assert content(extract(images, backbone, tmp_path / "killed")) == expected
    assert forward_calls == [5, 5]  # eight of thirteen images


def test_a_broken_pack_is_computed_anew(images, backbone, tmp_path, forward_calls, caplog):
    expected = content(extract(images, backbone, tmp_path))
    forward_calls.clear()
    (pack,) = tmp_path.glob("*/*.pack")
    flipped = bytearray(pack.read_bytes())
    flipped[-3] ^= 64
    pack.write_bytes(flipped)
    assert content(extract(images, backbone, tmp_path)) == expected
    assert forward_calls == [5, 5, 5]
    assert [str(pack) in line for line in caplog.messages] == [True]
    extract(images, backbone, tmp_path)
    assert len(forward_calls) == 3


def test_a_network_that_gives_no_number_names_the_image(images, backbone, tmp_path, monkeypatch):
    def spoilt(backbone, batch):
        return torch.full((len(batch), backbone.n_features), torch.nan)

    monkeypatch.setattr(module, "forward", spoilt)
    with pytest.raises(ValueError, match=rf"^{images['path'][0]}: its features .* NaN or infinity"):
        extract(images, backbone, tmp_path)
    assert not list(tmp_path.glob("*/*.pack"))


def test_the_caller_is_left_in_its_own_modes(images, backbone, tmp_path, monkeypatch):
    seen, write = [], module.add_vectors

    def watched(*arguments):
        seen.append((torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")))
        write(*arguments)

    monkeypatch.setattr(module, "add_vectors", watched)
    monkeypatch.setattr(module, "PACK", 5)
    extract(images, backbone, tmp_path, precision="bfloat16")
    assert seen == [(False, False)] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 7},
        {"precision": "bfloat16"},
        {"background": (0, 0, 0)},
        {"augmentation": VIEWS, "repeats": [1]},
    ],
)
def test_another_recipe_is_computed_anew(images, backbone, tmp_path, forward_calls, change):
    first = extract_features(images[:3], backbone, tmp_path, **OPTIONS)[1]
    forward_calls.clear()
    second = extract_features(images[:3], backbone, tmp_path, **OPTIONS | change)[1]
    assert first["recipe"] != second["recipe"]
    assert len(forward_calls) == 1


def test_another_network_is_computed_anew(images, backbone, tmp_path):
    other = load_backbone("test_resnet", "none", seed=2, preprocessing={"image_size": 64})
    first, second = (extract(images[:3], network, tmp_path) for network in (backbone, other))
    assert not np.allclose(first, second)


def test_views_are_the_same_each_time_and_differ_from_each_other(images, backbone, tmp_path):
    options = {"repeats": [1, 2, 3], "augmentation": VIEWS}
    views = extract(images[:4], backbone, tmp_path / "a", **options)
    assert list(views.index) == [(name, r) for name in images["id"][:4] for r in (1, 2, 3)]
    assert content(views) == content(extract(images[:4], backbone, tmp_path / "b", **options))
    clean = extract(images[:4], backbone, tmp_path / "a")
    assert len(set(content(views).values()) | set(content(clean).values())) == 16


def test_more_views_leave_the_first_as_they_were(images, backbone, tmp_path, forward_calls):
    two = extract(images[:5], backbone, tmp_path, repeats=[1, 2], augmentation=VIEWS)
    forward_calls.clear()
    three = extract(images[:5], backbone, tmp_path, repeats=[1, 2, 3], augmentation=VIEWS)
    assert forward_calls == [5]
    assert content(two).items() <= content(three).items()


def test_views_need_an_augmentation(images, backbone, tmp_path):
    with pytest.raises(ValueError, match=r"repeats \[1\]: augmented repeats need an augmentation"):
        extract(images, backbone, tmp_path, repeats=[1])


@pytest.mark.parametrize("column", ["id", "sha256"])
def test_an_image_that_is_there_twice_is_refused(images, backbone, tmp_path, column):
    twice = images.copy()
    twice.loc[5, column] = twice.loc[3, column]
    with pytest.raises(
        ValueError, match=f"images: {column} '{twice.loc[3, column]}' is there twice"
    ):
        extract(twice, backbone, tmp_path)


@pytest.mark.parametrize("repeats", [[0], [1, 2]])
def test_a_shard_without_images_is_written_and_read(images, backbone, tmp_path, repeats):
    options = OPTIONS | {"repeats": repeats, "augmentation": VIEWS}
    for name, rows in (("empty", images[:0]), ("full", images[:3])):
        table, made_with = extract_features(rows, backbone, tmp_path / "store", **options)
        assert table.shape == (len(rows) * len(repeats), backbone.n_features)
        write_features(tmp_path / name, table, made_with)
    found = read_features([tmp_path / "empty", tmp_path / "full"])
    assert len(found) == 3 * len(repeats)


def test_an_image_that_vanished_is_named(images, backbone, tmp_path):
    gone = images.assign(path=[*images["path"][:12], str(tmp_path / "gone.png")])
    with pytest.raises(ValueError, match=r"gone\.png: missing_file"):
        extract(gone, backbone, tmp_path)


def lacking(_):
    raise MemoryError


def test_lack_of_memory_for_a_picture_names_its_file(images, backbone, tmp_path):
    with pytest.raises(MemoryError, match=rf"^{images['path'].iloc[0]}: MemoryError$"):
        extract(images, replace(backbone, transform=lacking), tmp_path)


def test_an_image_that_changed_since_ingest_is_refused(images, backbone, tmp_path):
    swapped = images.assign(path=[*images["path"][1:], images["path"].iloc[0]])
    with pytest.raises(ValueError, match="its content has changed since ingest"):
        extract(swapped, backbone, tmp_path)


def test_what_the_features_were_made_with_is_told(images, backbone, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "pick_device", lambda: torch.device("cpu"))
    made_with = extract_features(images[:1], backbone, tmp_path, **OPTIONS)[1]
    assert (made_with["device"], made_with["precision"]) == ("cpu", "float32")
    assert (tmp_path / made_with["recipe"] / "recipe.json").is_file()


def test_how_images_were_framed_is_written_with_the_features(images, tmp_path):
    changes = {"image_size": 48, "crop_mode": "border", "crop_pct": 0.9}
    backbone = load_backbone("test_resnet", "none", preprocessing=changes)
    features, made_with = extract_features(images[:1], backbone, tmp_path, **OPTIONS)
    write_features(tmp_path / "shard", features, made_with)
    assert read_framing(tmp_path / "shard") == backbone.framing
    assert backbone.framing == Framing(48, "border", 0.9, "bilinear")
